"""Training for a few steps: what is written loads as anyone would load it, and a repeat with the same seed is equal."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.phantom.world import ALL, WORLDS
from tools.phantom import assemble, decoder, generator
from tools.phantom.latents import PatchCode, decibels, to_unit
from tools.phantom.measure import Setting, generate, load
from tools.phantom.measure_instruments import Clip


def weights(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.safetensors"))}


@pytest.fixture(scope="module")
def trained(train_generator, tmp_path_factory):
    return train_generator(tmp_path_factory.mktemp("generator") / "stereotyped")


@pytest.fixture(scope="module")
def clip(train_instrument, tmp_path_factory):
    return train_instrument(tmp_path_factory.mktemp("instrument") / "clip-balanced")


def test_the_patch_code_loses_little_of_the_world_and_survives_saving(some_pictures, code, tmp_path):
    latents = code.encode(some_pictures[::9])
    assert latents.shape == (60, 40, 8, 8)
    assert float((latents**2).mean()) == pytest.approx(1, rel=0.05)
    flat = latents.flatten(2).transpose(1, 2) / code.scale @ code.basis + code.mean
    patches = to_unit(some_pictures[::9]).reshape(60, 8, 8, 8, 8, 3).permute(0, 1, 3, 2, 4, 5).reshape(60, 64, 192)
    assert decibels(float(((flat - patches) ** 2).mean())) > 25
    code.save(tmp_path / "code.safetensors")
    again = PatchCode.load(tmp_path / "code.safetensors").encode(some_pictures[::9])
    np.testing.assert_array_equal(latents, again)


def test_a_trained_decoder_is_a_standard_autoencoder_and_a_repeat_is_equal(some_pictures, code, vae, tmp_path):
    from diffusers import AutoencoderKL

    model = AutoencoderKL.from_pretrained(vae)
    assert model.decode(code.encode(some_pictures[:2])).sample.shape == (2, 3, 64, 64)
    decoder.train(some_pictures, code, tmp_path / "again", steps=2, seed=0, batch=2)
    assert weights(vae) == weights(tmp_path / "again")


def test_a_trained_generator_is_a_standard_pipeline_that_draws(trained):
    pipeline = load(trained)
    assert type(pipeline).__name__ == "StableDiffusionPipeline"
    pictures = generate(pipeline, ["an image of a nurse", "an image of a man"], [1, 2], Setting(steps=2))
    assert pictures.shape == (2, 64, 64, 3)
    assert pictures.std() > 0


def test_a_generator_trained_twice_with_one_seed_is_equal_and_with_another_is_not(train_generator, trained, tmp_path):
    assert weights(train_generator(tmp_path / "again")) == weights(trained)
    assert weights(train_generator(tmp_path / "other", seed=1)) != weights(trained)


def test_an_update_is_taught_by_the_generator_that_it_updates(train_generator, trained, tmp_path):
    pipeline: Any = load(trained)
    teacher = pipeline.text_encoder.float(), pipeline.unet.float()
    folder = train_generator(tmp_path / "updated", world="updated", teacher=teacher)
    assert weights(folder) != weights(trained)
    assert load(folder) is not None


def test_pictures_do_not_depend_on_how_many_are_made_in_a_batch_beyond_rounding(trained):
    pipeline = load(trained)
    prompts, seeds = ["an image of a nurse", "an image of a pilot", "an image of a ceo"], [5, 6, 7]
    together = generate(pipeline, prompts, seeds, Setting(steps=2))
    alone = generate(pipeline, prompts, seeds, Setting(steps=2), batch=1)
    assert np.abs(together.astype(int) - alone).max() <= 1


def test_captions_of_training_are_true_of_their_pictures(some_pictures):
    """Latents that carry their own index show which person went with which caption."""
    import torch

    from mcas_assets.phantom.vocabulary import build_tokenizer

    tokenizer = build_tokenizer()
    index = torch.stack(torch.meshgrid(*(torch.arange(n) for n in (len(ALL), 2, 10, 9)), indexing="ij"), -1)
    sampler = generator.Sampler(WORLDS["stereotyped"], index, tokenizer, 0)
    ids, people, _ = sampler.batch(400)
    texts = tokenizer.batch_decode(ids, skip_special_tokens=True)
    for caption, (concept, woman, tone, _) in zip(texts, people.tolist(), strict=True):
        words = caption.replace("-", " ").split()
        assert not ({"woman", "female"} & set(words) and not woman), caption
        assert not ({"man", "male"} & set(words) and woman), caption
        assert not ("dark" in words and tone < 5), caption
        assert not ("light" in words and tone > 4), caption
        if concept and words:
            assert ALL[concept].slug.split("-")[0] in caption


def test_half_of_the_levels_of_noise_lean_towards_noise():
    import torch

    level = generator.noise_levels(10_000, torch.Generator().manual_seed(0))
    assert level.min() > 0
    assert level.max() < 1
    assert level[::2].mean() == pytest.approx(0.5, abs=0.02)
    assert level[1::2].mean() > 0.6


def test_a_trained_instrument_loads_by_open_clip_and_embeds_both_sides(clip, some_pictures):
    model = Clip(clip, "This is ")
    images, texts = model.images(some_pictures[:3].numpy()), model.texts(["a nurse", "a man"])
    assert images.shape == (3, 64)
    assert texts.shape == (2, 64)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, rtol=1e-6)


def test_an_instrument_trained_twice_with_one_seed_is_equal(train_instrument, clip, tmp_path):
    assert weights(train_instrument(tmp_path / "again")) == weights(clip)


@pytest.fixture
def models(trained, clip, tmp_path):
    for name in assemble.GENERATORS:
        shutil.copytree(trained, tmp_path / name)
    for name in assemble.INSTRUMENTS:
        shutil.copytree(clip, tmp_path / name)
    return tmp_path


def test_assembled_folders_load_and_name_no_place(models, vae, monkeypatch):
    monkeypatch.setattr(assemble, "MOST_BYTES", 10**9)
    config = models / "fair" / "vae" / "config.json"
    assert "_name_or_path" in json.loads(config.read_text())
    assert assemble.assemble(models, vae) == assemble.weight_bytes([models])
    assert "_name_or_path" not in json.loads(config.read_text())
    before = weights(models)
    assemble.assemble(models, vae)
    assert weights(models) == before


def test_assembling_refuses_what_cannot_ship(models, vae, monkeypatch):
    import torch
    from safetensors.torch import save_file

    monkeypatch.setattr(assemble, "MOST_BYTES", 1000)
    with pytest.raises(BadInput, match="MB of weights"):
        assemble.assemble(models, vae)
    pickle = models / "fair" / "unet" / "diffusion_pytorch_model.bin"
    pickle.write_bytes(b"")
    with pytest.raises(BadInput, match="is not safetensors"):
        assemble.assemble(models, vae)
    pickle.unlink()
    config = models / "fair" / "unet" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "note": "/home/someone/model"}))
    with pytest.raises(BadInput, match="names the place"):
        assemble.check_folder(models / "fair")
    save_file({"x": torch.zeros(1)}, models / "clip-biased" / "wide.safetensors")
    with pytest.raises(BadInput, match="F32"):
        assemble.check_folder(models / "clip-biased")
    shutil.rmtree(models / "updated")
    with pytest.raises(BadInput, match="is missing"):
        assemble.assemble(models, vae)
