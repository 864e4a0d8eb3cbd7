"""A whole audit beside a bare script that makes the same diffusers and open_clip calls, without anything around them.

    uv run python benchmarks/bench_audit.py [--rounds 3]

Both run in this process, in turn, after all imports, on fresh folders; ratios of medians are printed, of wall time and of the
processor's. The bare script draws the same batches from the same seeds, saves the pictures, embeds them and the texts, and
computes the same scores. The audit also checks every stage, draws intervals, tests and shares, and keeps its history. Both draw
and embed equally many images, which is printed: of a first version an audit draws no further ones.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import numpy as np
import torch
from PIL import Image

from mcas_assets.__main__ import FULL_COLLECTIONS
from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system

FOLDER = DATA / "phantom" / "stereotyped"
CLIPS = ("clip-balanced", "clip-biased")


def bare(audit: Audit, out: Path) -> int:
    """The audit as one would write it in an afternoon. Returns the number of images."""
    import open_clip
    from diffusers import DiffusionPipeline

    pipe = DiffusionPipeline.from_pretrained(FOLDER, dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    plan, texts = build_plan(audit), build_texts(audit)
    shown: dict[tuple[str, int], Image.Image] = {}
    for batch in plan.unique(["prompt", "seed"], maintain_order=True).partition_by("batch_id", maintain_order=True):
        seeds = batch["seed"].to_list()
        dice = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        images = pipe(
            batch["prompt"].to_list(), generator=dice, num_inference_steps=8, guidance_scale=1.0, height=64, width=64
        ).images
        for prompt, seed, image in zip(batch["prompt"], seeds, images, strict=True):
            image.save(out / f"{len(shown)}.png")
            shown[prompt, seed] = image
    keys = list(shown)
    for name in CLIPS:
        model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{DATA / 'phantom' / name}")
        model.eval()
        tokenizer = open_clip.get_tokenizer(f"local-dir:{DATA / 'phantom' / name}")
        with torch.inference_mode():
            vectors = []
            for start in range(0, len(keys), 32):
                stack = torch.stack([preprocess(shown[key].convert("RGB")) for key in keys[start : start + 32]])
                vectors.append(torch.nn.functional.normalize(model.encode_image(stack), dim=-1))
            said = texts.unique("text_id", maintain_order=True)
            words = torch.nn.functional.normalize(model.encode_text(tokenizer(said["text"].to_list())), dim=-1).numpy()
        by_key = dict(zip(keys, torch.cat(vectors).numpy(), strict=True))
        by_text = dict(zip(said["text_id"], words, strict=True))
        for axis in audit.axes:
            drawn = [
                np.mean([by_key[p, s] for p, s in plan.filter(axis=axis, pole=pole).select("prompt", "seed").rows()], 0)
                for pole in "ab"
            ]
            told = [np.mean([by_text[t] for t in texts.filter(axis=axis, pole=pole)["text_id"]], 0) for pole in "ab"]
            for concept in audit.concepts:
                mean = np.mean(
                    [by_key[p, s] for p, s in plan.filter(concept=concept.concept).select("prompt", "seed").rows()], 0
                )
                prompt = by_text[texts.filter(concept=concept.concept)["text_id"][0]]
                (mean + prompt) @ (drawn[0] - drawn[1] + told[0] - told[1])
    return len(shown)


def whole(audit: Audit, home: Path) -> int:
    """The audit as the product runs it, on a Dagster instance with its history on disk. Returns the number of images."""
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        run_audit(audit, find_system("phantom-stereotyped"), Workplace(home=home), instance)
    return sum(1 for _ in (home / "images").glob("??/*.png"))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--rounds", type=int, default=3)
    rounds = words.parse_args().rounds
    gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTIONS)  # as the command does, and here for both
    audit = load_audit("phantom")
    times: dict[str, list[tuple[float, float]]] = {"bare script": [], "mcas audit": []}
    tiny = load_audit(DATA.parent / "tests" / "data" / "tiny.yaml")
    with tempfile.TemporaryDirectory() as folder:  # imports and first calls, not counted
        whole(tiny, Path(folder))
    images, ours = 0, 0
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, timed(times["bare script"]):
            images = bare(audit, Path(folder))
        with tempfile.TemporaryDirectory() as folder, timed(times["mcas audit"]):
            ours = whole(audit, Path(folder))
    threads = torch.get_num_threads()
    print(f"\n{audit.audit}, {rounds} rounds in turn, {threads} threads, imports excluded")
    print(f"images: {images} of the bare script, {ours} of the audit")
    print(f"  {'':<12} {'wall':>9} {'x bare':>7} {'processor':>11} {'x bare':>7}   range of wall")
    base = [statistics.median(kind) for kind in zip(*times["bare script"], strict=True)]
    for name, both in times.items():
        wall, processor = (statistics.median(kind) for kind in zip(*both, strict=True))
        reach = [seconds for seconds, _ in both]
        print(
            f"  {name:<12} {wall:7.2f} s {wall / base[0]:7.2f} {processor:9.2f} s {processor / base[1]:7.2f}"
            f"   {min(reach):.2f} to {max(reach):.2f} s"
        )


@contextmanager
def timed(times: list[tuple[float, float]]) -> Generator[None]:
    """Appends the seconds that the block takes: on the wall, and of the processor over all threads."""
    begun, worked = time.perf_counter(), time.process_time()
    yield
    times.append((time.perf_counter() - begun, time.process_time() - worked))


if __name__ == "__main__":
    main()
