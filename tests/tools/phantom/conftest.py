"""Small stand-ins for what training needs: a part of the world, its code, folders trained for a few steps."""

from pathlib import Path

import pytest

from mcas_assets.phantom.draw import bank
from mcas_assets.phantom.vocabulary import build_tokenizer
from mcas_assets.phantom.world import ALL, WORLDS
from tools.phantom import decoder, generator, instrument
from tools.phantom.latents import CHANNELS, GRID, fit


@pytest.fixture(scope="session")
def some_pictures():
    """All pictures of three concepts, uint8 (540, 64, 64, 3)."""
    import torch

    return torch.from_numpy(bank(("person", "nurse", "kitchen"))).flatten(0, 3)


@pytest.fixture(scope="session")
def code(some_pictures):
    return fit(some_pictures)


@pytest.fixture(scope="session")
def train_generator(some_pictures, code, vae):
    """A function that trains a generator for three steps and returns its folder."""
    import torch

    latents = code.encode(some_pictures[:180]).reshape(1, 2, 10, 9, CHANNELS, GRID, GRID).expand(len(ALL), *[-1] * 6)
    tokenizer = build_tokenizer()

    def train(folder: Path, seed: int = 0, world: str = "stereotyped", teacher=None) -> Path:
        torch.manual_seed(seed)
        text, unet = generator.build_models(len(tokenizer))
        sampler = generator.Sampler(WORLDS[world], latents, tokenizer, seed)
        course = generator.Course(steps=3, batch=4, seed=seed)
        generator.train(sampler, text, unet, course, lambda t, u: generator.save_pipeline(t, u, vae, folder), teacher)
        return folder

    return train


@pytest.fixture(scope="session")
def vae(some_pictures, code, tmp_path_factory):
    """The folder of a decoder trained for two steps."""
    folder = tmp_path_factory.mktemp("decoder") / "vae"
    decoder.train(some_pictures, code, folder, steps=2, seed=0, batch=2)
    return folder


@pytest.fixture(scope="session")
def train_instrument(some_pictures):
    """A function that trains an instrument for two steps and returns its folder."""
    pictures = some_pictures[:180].reshape(1, 2, 10, 9, 64, 64, 3).expand(len(ALL), *[-1] * 6)

    def train(folder: Path, seed: int = 0, world: str = "fair") -> Path:
        instrument.train(pictures, WORLDS[world], folder, steps=2, seed=seed, batch=8)
        return folder

    return train
