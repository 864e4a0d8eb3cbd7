"""Images a second of our generation on a GPU, on pipelines of real shapes with random weights in bfloat16. Needs CUDA.

    uv run python benchmarks/bench_gpu.py [--shapes sd15,sdxl] [--batch 8] [--batches 4] [--rounds 3] [--tiny]

For each shape, eager and compiled (torch.compile): a bare diffusers loop and ours (which also encodes, digests, writes, syncs
and commits) in turn, medians of images/s, their ratio, the share of time that the GPU was busy (utilization.gpu of
nvidia-smi: a kernel was running), the operations a second where the work of an image is known, and the best published figure. A
random pipeline takes the time of a real one; its pictures are noise, which is the worst case for PNG.

`--tiny` walks through the same code with small shapes, on a CPU too (there without the compiler): it shows that the script works,
and measures nothing.
"""

import argparse
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import torch
import torch._dynamo
import yaml
from shapes import SHAPES, TINY, Shape, build

from mcas_assets.core.progress import LogProgress
from mcas_assets.images import generate
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.compiling import compile_denoiser
from mcas_assets.systems.pipelines.quiet import quiet_loading
from mcas_assets.systems.protocol import System


class Busy:
    """Samples how busy the GPU is, by nvidia-smi, while a block runs. `shares` are 0 to 1."""

    def __init__(self) -> None:
        self.shares: list[float] = []

    @contextmanager
    def sampled(self) -> Generator[None]:
        """Samples while the block runs; without a GPU nothing is sampled."""
        if not torch.cuda.is_available():
            yield
            return
        words = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "-lms", "200", "-i"]
        device = torch.cuda.get_device_properties(torch.cuda.current_device())
        with subprocess.Popen([*words, f"GPU-{device.uuid}"], stdout=subprocess.PIPE, text=True) as sampler:
            reader = threading.Thread(target=self._read, args=(sampler.stdout,))
            reader.start()
            try:
                yield
            finally:
                sampler.terminate()
                reader.join()

    def _read(self, lines: Any) -> None:
        self.shares += [int(line) / 100 for line in lines if line.strip().isdigit()]

    def told(self) -> str:
        """The mean share, in words."""
        return f"{statistics.fmean(self.shares):.1%}" if self.shares else "not measured"


def declare(folder: Path, pipeline: Path, shape: Shape, dtype: str, batch: int, compiled: bool) -> System:
    """The pipeline as a declared system, as a user would have it."""
    path = folder / "systems.yaml"
    entry = {"kind": "diffusers", "path": str(pipeline), "steps": shape.steps, "guidance": shape.guidance, "dtype": dtype,
             "width": shape.size, "height": shape.size, "max_batch": batch, "compile": compiled}  # fmt: skip
    path.write_text(yaml.safe_dump({"systems": {"random": entry}}))
    return find_system("random", path, cache=folder / "digests.json")


def wanted_images(system: System, batch: int, batches: int, first_seed: int) -> pl.DataFrame:
    seeds = range(first_seed, first_seed + batch * batches)
    plan = pl.DataFrame({
        "prompt": "a photo of a nurse", "seed": list(seeds),
        "batch_id": [str((seed - first_seed) // batch) for seed in seeds],
        "position": [(seed - first_seed) % batch for seed in seeds],
    })  # fmt: skip
    return generate.requests(plan, system.identity().version, system.size())


def ours(system: System, wanted: pl.DataFrame, home: Path) -> None:
    generate.generate(Store(home), wanted, system, system.identity().version, LogProgress(), "benchmark")
    with Store(home).open() as con:
        outcomes = dict(con.execute("select outcome, count(*) from image_facts group by 1").fetchall())
    if outcomes != {"ok": len(wanted)}:
        raise SystemExit(f"not every image was drawn, so the time says nothing: {outcomes}")


def bare(pipeline: Any, shape: Shape, wanted: pl.DataFrame) -> None:
    for batch in wanted.partition_by("batch_id", maintain_order=True):
        dice = [torch.Generator("cpu").manual_seed(seed) for seed in batch["seed"]]
        pipeline(
            batch["prompt"].to_list(), generator=dice, num_inference_steps=shape.steps, guidance_scale=shape.guidance,
            height=shape.size, width=shape.size, output_type="np",
        )  # fmt: skip


def load_bare(folder: Path, dtype: torch.dtype, compiled: bool) -> Any:
    from diffusers import DiffusionPipeline

    with quiet_loading():
        pipeline = DiffusionPipeline.from_pretrained(folder, dtype=dtype, low_cpu_mem_usage=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline = pipeline.to("cuda" if torch.cuda.is_available() else "cpu")
    if compiled:
        compile_denoiser(pipeline)
    return pipeline


def measure(folder: Path, pipeline: Path, shape: Shape, dtype: torch.dtype, compiled: bool, given: Any) -> None:
    """Prints the rows of one shape, eager or compiled."""
    system = declare(folder, pipeline, shape, str(dtype).removeprefix("torch."), given.batch, compiled)
    plain, busy = load_bare(pipeline, dtype, compiled), Busy()
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for number in range(given.rounds + 1):
        # The first turn loads and compiles, and is not counted.
        batches = given.batches if number else 1
        wanted = wanted_images(system, given.batch, batches, 1000 * number)
        begun = time.perf_counter()
        bare(plain, shape, wanted)
        middle = time.perf_counter()
        with tempfile.TemporaryDirectory() as home, busy.sampled() if number else Busy().sampled():
            ours(system, wanted, Path(home))
            ended = time.perf_counter()
        if number:
            times["bare"].append(middle - begun)
            times["ours"].append(ended - middle)
    system.close()
    rates = {name: given.batch * given.batches / statistics.median(seconds) for name, seconds in times.items()}
    how = "compiled" if compiled else "eager"
    work = "" if shape.tflop is None else f", {rates['ours'] * shape.tflop:.0f} TFLOP/s"
    print(
        f"  {shape.family} {shape.size} px, {shape.steps} steps, {how:<8}  bare {rates['bare']:.3f} img/s"
        f"  ours {rates['ours']:.3f} img/s ({rates['ours'] / rates['bare']:.3f} x bare{work})  GPU busy {busy.told()}"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--shapes", default=",".join(SHAPES))
    words.add_argument("--batch", type=int, default=8)
    words.add_argument("--batches", type=int, default=4)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--tiny", action="store_true")
    given = words.parse_args()
    if not torch.cuda.is_available() and not given.tiny:
        raise SystemExit("This benchmark needs a CUDA GPU, and there is none. --tiny walks through it on a CPU.")
    if not torch.cuda.is_available():
        # Compiling for a CPU takes minutes and shows nothing of a GPU: what was compiled runs as it was written.
        torch._dynamo.config.disable = True
    shapes = TINY if given.tiny else SHAPES
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU: nothing here is a measurement"
    print(
        f"\n{name}, {dtype}, torch {torch.__version__}, batch {given.batch}, {given.batches} batches, {given.rounds} rounds"
    )
    for family in given.shapes.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            counts = build(family, folder / "pipeline", device, dtype, given.tiny)
            print(f"{family}: {', '.join(f'{part} {count / 1e6:.1f} M' for part, count in counts.items())}")
            for compiled in (False, True):
                measure(folder, folder / "pipeline", shapes[family], dtype, compiled, given)
            print(f"  published: {shapes[family].published}")


if __name__ == "__main__":
    main()
