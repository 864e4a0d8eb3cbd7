"""Train the phantom's models: `python -m tools.phantom.train MODEL`, one command a model, CPU, seeded.

Order: `decoder`, `generator stereotyped`, `generator updated`, `generator fair`, `instrument balanced`,
`instrument biased`; then `assemble` makes the folders ready to ship, and `card` measures what came out and writes the model card.
"""

import logging
from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.core.paths import DATA

app = typer.Typer(add_completion=False, help=__doc__, no_args_is_help=True)
PHANTOM = DATA / "phantom"
CODE = PHANTOM / "training" / "patch_code.safetensors"
VAE = PHANTOM / "training" / "vae"
# The updated and the fair world start from the stereotyped one, as a vendor's next version starts from the last.
# Steps, peak learning rate, and decay of the weights' moving average: a short course needs a short memory, or what is saved is
# half of what it started from.
COURSES = {"stereotyped": (5000, 2e-3, 0.999), "updated": (650, 1e-3, 0.99), "fair": (800, 1.5e-3, 0.99)}
Threads = Annotated[int, typer.Option(help="CPU threads.")]
Steps = Annotated[int | None, typer.Option(help="Optimiser steps, instead of the recipe's.")]
Each = Annotated[int, typer.Option(help="Pictures a concept.")]
Into = Annotated[Path, typer.Option(help="Folder for the phantom's models.")]


def _begin(threads: int):  # noqa: ANN202
    import torch

    from tools.phantom.latents import PatchCode, fit, world_bank

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)
    pictures = world_bank()
    if not CODE.exists():
        fit(pictures.flatten(0, 3)).save(CODE)
    return pictures, PatchCode.load(CODE)


@app.command()
def decoder(steps: int = 7000, seed: int = 0, threads: Threads = 1) -> None:
    """The decoder that all generators share."""
    from tools.phantom import decoder as training

    pictures, code = _begin(threads)
    training.train(pictures.flatten(0, 3), code, VAE, steps, seed)


@app.command()
def generator(world: str, steps: Steps = None, seed: int = 0, threads: Threads = 1, into: Into = PHANTOM) -> None:
    """The generator of one version of the world: stereotyped, updated or fair."""
    import torch

    from mcas_assets.phantom.vocabulary import build_tokenizer
    from mcas_assets.phantom.world import WORLDS
    from tools.phantom import generator as training

    pictures, code = _begin(threads)
    latents = torch.cat([code.encode(chunk) for chunk in pictures.flatten(0, 3).split(512)]).reshape(
        *pictures.shape[:4], -1, 8, 8
    )
    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    recipe_steps, rate, decay = COURSES[world]
    text, unet = training.build_models(len(tokenizer))
    teacher = None
    if world != "stereotyped":
        text, unet = _parent(into / "stereotyped")
        teacher = _parent(into / "stereotyped") if WORLDS[world].moved else None
    sampler = training.Sampler(WORLDS[world], latents, tokenizer, seed)
    course = training.Course(steps or recipe_steps, rate=rate, decay=decay, seed=seed)
    training.train(sampler, text, unet, course, lambda t, u: training.save_pipeline(t, u, VAE, into / world), teacher)


@app.command()
def instrument(name: str, steps: int = 900, seed: int = 0, threads: Threads = 1, into: Into = PHANTOM) -> None:
    """A CLIP: balanced (trained where figure and tone are even for every concept) or biased (where they are stereotyped)."""
    from mcas_assets.phantom.world import WORLDS
    from tools.phantom import instrument as training

    pictures, _ = _begin(threads)
    world = {"balanced": "fair", "biased": "stereotyped"}[name]
    training.train(pictures, WORLDS[world], into / f"clip-{name}", steps, seed)


@app.command()
def assemble(into: Into = PHANTOM) -> None:
    """The decoder into every generator, no traces of this machine, everything loads and is small enough."""
    from tools.phantom import assemble as finishing

    typer.echo(f"{finishing.assemble(into, VAE) / 1e6:.2f} MB of weights")


@app.command()
def card(each: Each = 64, threads: Threads = 1, into: Into = PHANTOM) -> None:
    """Measure all models; write README.md, measured.json and truth files, and the planted reference population."""
    import torch

    from mcas_assets.core.paths import populations_folder
    from mcas_assets.core.progress import TerminalProgress
    from mcas_assets.phantom.world import WORLDS
    from tools.phantom.card import population_csv, write_card

    torch.set_num_threads(threads)
    (populations_folder() / "phantom-planted.csv").write_text(population_csv(WORLDS["stereotyped"]))
    with TerminalProgress() as progress:
        write_card(into, progress, each)
    typer.echo(f"written: {into / 'README.md'}")


def _parent(folder: Path):  # noqa: ANN202
    """(text encoder, UNet) of a trained generator, float32."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(folder, dtype=torch.float32)
    return pipeline.text_encoder.float(), pipeline.unet.float()


if __name__ == "__main__":
    app()
