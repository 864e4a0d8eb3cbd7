"""Images a second of our generation beside a bare diffusers loop at the same batch, on the phantom.

    uv run python benchmarks/bench_generate.py [--images 192] [--batch 16] [--rounds 5]

Models are loaded and warmed before. In each round every peer draws the same images from the same seeds, in an order that
turns from round to round; medians and ratios are printed. `bare` draws and forgets; `bare, saved` also saves each picture where
it draws it. Ours digests, encodes, writes, syncs and commits every image besides.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import torch
from diffusers import DiffusionPipeline

from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import LogProgress
from mcas_assets.declare.audit import load_audit
from mcas_assets.images import generate
from mcas_assets.plan.requests import build_plan
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.quiet import quiet_loading
from mcas_assets.systems.protocol import System

SYSTEM, FOLDER = "phantom-stereotyped", DATA / "phantom" / "stereotyped"


def wanted_images(system: System, images: int, batch: int) -> pl.DataFrame:
    """The first images of the default audit, in batches of one size."""
    plan = build_plan(load_audit("phantom")).unique(["prompt", "seed"], maintain_order=True).head(images)
    numbers = pl.int_range(len(plan))
    plan = plan.with_columns(batch_id=(numbers // batch).cast(pl.String), position=(numbers % batch).cast(pl.Int32))
    return generate.requests(plan, system.identity().version, system.size())


def bare(pipeline: DiffusionPipeline, wanted: pl.DataFrame, out: Path | None) -> None:
    for batch in wanted.partition_by("batch_id", maintain_order=True):
        dice = [torch.Generator("cpu").manual_seed(seed) for seed in batch["seed"]]
        images = pipeline(
            batch["prompt"].to_list(), generator=dice, num_inference_steps=8, guidance_scale=1.0, height=64, width=64
        ).images
        if out is not None:
            for name, image in zip(batch["image_id"], images, strict=True):
                image.save(out / f"{name}.png")


def ours(system: System, wanted: pl.DataFrame, home: Path) -> None:
    generate.generate(Store(home), wanted, system, system.identity().version, LogProgress(), "benchmark")


def peers(wanted: pl.DataFrame, system: System) -> dict[str, Callable[[Path], None]]:
    with quiet_loading():
        pipeline = DiffusionPipeline.from_pretrained(FOLDER, dtype=torch.float32, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    return {
        "bare": lambda folder: bare(pipeline, wanted, None),
        "bare, saved": lambda folder: bare(pipeline, wanted, folder),
        "ours": lambda folder: ours(system, wanted, folder),
    }


def turns(names: list[str], rounds: int) -> Iterator[str]:
    """Every name once a round, each round beginning with another."""
    for number in range(rounds):
        yield from names[number % len(names) :] + names[: number % len(names)]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--images", type=int, default=192)
    words.add_argument("--batch", type=int, default=16)
    words.add_argument("--rounds", type=int, default=5)
    given = words.parse_args()
    system = find_system(SYSTEM)
    wanted = wanted_images(system, given.images, given.batch)
    runs = peers(wanted, system)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number, name in enumerate(itertools.chain(runs, turns(list(runs), given.rounds))):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            runs[name](Path(folder))
            if number >= len(runs):  # the first turn of each warms up
                times[name].append(time.perf_counter() - begun)
    base = statistics.median(times["bare"])
    print(
        f"\n{len(wanted)} images, batch {given.batch}, {given.rounds} rounds in turn, {torch.get_num_threads()} threads"
    )
    print(f"  {'':<12} {'images/s':>9} {'x bare':>8}   range")
    for name, seconds in times.items():
        median, count = statistics.median(seconds), len(wanted)
        reach = f"{count / max(seconds):.1f} to {count / min(seconds):.1f}"
        print(f"  {name:<12} {count / median:9.1f} {base / median:8.3f}   {reach}")


if __name__ == "__main__":
    main()
