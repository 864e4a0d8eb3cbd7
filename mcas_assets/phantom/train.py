"""Train the phantom's models: `python -m mcas_assets.phantom.train MODEL`, one command a model, CPU, seeded.

Order: `decoder`, `generator stereotyped`, `generator updated`, `generator fair`, `instrument balanced`, `instrument biased`,
then `card` measures what came out and writes the model card.
"""

import logging
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.paths import DATA

app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True)
PHANTOM = DATA / "phantom"
CODE = PHANTOM / "training" / "patch_code.safetensors"
VAE = PHANTOM / "training" / "vae"
# The updated and the fair world start from the stereotyped one, as a vendor's next version starts from the last.
COURSES = {"stereotyped": (5000, 2e-3), "updated": (1000, 5e-4), "fair": (1500, 1e-3)}
Threads = Annotated[int, typer.Option(help="CPU threads.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps, instead of the recipe's.")]
Into = Annotated[Path, typer.Option(help="Folder for the phantom's models.")]


def _begin(threads: int):  # noqa: ANN202
    import torch

    from mcas_assets.phantom.latents import PatchCode, fit, world_bank

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)
    pictures = world_bank()
    if not CODE.exists():
        fit(pictures.flatten(0, 3)).save(CODE)
    return pictures, PatchCode.load(CODE)


@app.command()
def decoder(steps: int = 7000, seed: int = 0, threads: Threads = 1) -> None:
    """The decoder that all generators share."""
    from mcas_assets.phantom import decoder as training

    pictures, code = _begin(threads)
    training.train(pictures.flatten(0, 3), code, VAE, steps, seed)


@app.command()
def generator(world: str, steps: Steps = None, seed: int = 0, threads: Threads = 1, into: Into = PHANTOM) -> None:
    """The generator of one version of the world: stereotyped, updated or fair."""
    import torch

    from mcas_assets.phantom import generator as training
    from mcas_assets.phantom.vocabulary import build_tokenizer
    from mcas_assets.phantom.world import WORLDS

    pictures, code = _begin(threads)
    latents = torch.cat([code.encode(chunk) for chunk in pictures.flatten(0, 3).split(512)]).reshape(
        *pictures.shape[:4], -1, 8, 8
    )
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    recipe_steps, rate = COURSES[world]
    text, unet = training.build_models(len(tokenizer))
    teacher = None
    if world != "stereotyped":
        text, unet = _parent(into / "stereotyped")
        teacher = _parent(into / "stereotyped") if WORLDS[world].moved else None
    sampler = training.Sampler(WORLDS[world], latents, tokenizer, seed)
    course = training.Course(steps or recipe_steps, rate=rate, seed=seed)
    training.train(sampler, text, unet, course, lambda t, u: training.save_pipeline(t, u, VAE, into / world), teacher)


@app.command()
def instrument(name: str, steps: int = 900, seed: int = 0, threads: Threads = 1, into: Into = PHANTOM) -> None:
    """A CLIP: balanced (trained where figure and tone are even for every concept) or biased (where they are stereotyped)."""
    from mcas_assets.phantom import instrument as training
    from mcas_assets.phantom.world import WORLDS

    pictures, _ = _begin(threads)
    world = {"balanced": "fair", "biased": "stereotyped"}[name]
    training.train(pictures, WORLDS[world], into / f"clip-{name}", steps, seed)


def _parent(folder: Path):  # noqa: ANN202
    """(text encoder, UNet) of a trained generator, float32."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    return pipeline.text_encoder.float(), pipeline.unet.float()


if __name__ == "__main__":
    app()
