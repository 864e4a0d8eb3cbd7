"""Scoring 100,000 images of 512 dimensions and 100 concepts: beside reading them once, and beside the published form.

Run: uv run python benchmarks/bench_scoring.py [--rounds 7] [--images 100000]

All ways run in turn in every round, on one thread; medians and ratios are printed, nothing is asserted. What is
extrapolated says so.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402 - after the threads are set

WIDTH = 512
CONCEPTS = 100
ATTRIBUTES = 40
WORDS = 10
LOOP_PAIRS = 20_000


def interleaved(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every way in every round, the ways taking turns, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for counts in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if counts:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def show(title: str, seconds: dict[str, list[float]], base: str, notes: dict[str, str] | None = None) -> None:
    """Print medians, and their ratios to `base` with the range over the rounds."""
    print(f"\n{title}")
    width = max(map(len, seconds))
    for name, times in seconds.items():
        ratios = [own / other for own, other in zip(times, seconds[base], strict=True)]
        middle = statistics.median(times) / statistics.median(seconds[base])
        spread = f"({min(ratios):.3g} to {max(ratios):.3g})"
        print(f"  {name:<{width}}  {statistics.median(times) * 1e3:12.3f} ms  {middle:10.3g} x {spread:<24}", end="")
        print((notes or {}).get(name, ""))


def loop_over_pairs(images: np.ndarray, a: np.ndarray, b: np.ndarray) -> list[float]:
    """The published notebooks' form: one cosine a call, for each pair of target and attribute."""

    def cosine(u: np.ndarray, v: np.ndarray) -> float:
        return float(np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)))

    return [float(np.mean([cosine(w, x) for x in a]) - np.mean([cosine(w, y) for y in b])) for w in images]


def duckdb_cosine(images: np.ndarray, direction: np.ndarray) -> Callable[[], object]:
    """array_cosine_similarity of all images with one vector, inside DuckDB."""
    import duckdb
    import pyarrow as pa

    con = duckdb.connect()
    con.execute("set threads = 1")
    column = pa.FixedSizeListArray.from_arrays(pa.array(images.ravel()), WIDTH)
    con.register("given", pa.table({"vector": column}))
    con.execute(f"create table images as select vector::float[{WIDTH}] as vector from given")
    literal = direction.astype(np.float32).tolist()
    sql = f"select sum(array_cosine_similarity(vector, ?::float[{WIDTH}])) from images"
    return lambda: con.execute(sql, [literal]).fetchone()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--images", type=int, default=100_000)
    options = parser.parse_args()
    from mcas_assets.scoring.mcas.association import association, component_scores, unit
    from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts
    from mcas_assets.scoring.mcas.vectors import AuditVectors

    generator = np.random.default_rng(0)
    n = options.images

    def drawn(count: int) -> np.ndarray:
        return unit(generator.standard_normal((count, WIDTH), dtype=np.float32))

    a, b, word_a, word_b = drawn(ATTRIBUTES), drawn(ATTRIBUTES), drawn(WORDS), drawn(WORDS)
    prompts = drawn(CONCEPTS)
    concept = np.repeat(np.arange(CONCEPTS), -(-n // CONCEPTS))[:n]
    direction = (a.mean(0) - b.mean(0)).astype(np.float32)
    out = np.empty(n, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images.npy"
        np.save(path, drawn(n))
        mapped = np.load(path, mmap_mode="r")
        in_memory = np.array(mapped)
        subset = in_memory[: LOOP_PAIRS // (2 * ATTRIBUTES + 2 * WORDS)]
        scale = n / len(subset)
        ways = {
            "read once (max of the mapped .npy)": lambda: np.load(path, mmap_mode="r").max(),
            "float32 matvec in memory (numpy)": lambda: np.matmul(in_memory, direction, out=out),
            "association, in memory": lambda: association(in_memory, a, b),
            "association, mapped .npy": lambda: association(np.load(path, mmap_mode="r"), a, b),
            "component_scores, in memory": lambda: component_scores(in_memory, concept, prompts, a, b, word_a, word_b),
            "component_scores, mapped .npy": lambda: component_scores(
                np.load(path, mmap_mode="r"), concept, prompts, a, b, word_a, word_b
            ),
            "DuckDB array_cosine_similarity, 1 vector": duckdb_cosine(in_memory, direction),
            "loop over pairs": lambda: (loop_over_pairs(subset, a, b), loop_over_pairs(subset, word_a, word_b)),
        }
        seconds = interleaved(ways, options.rounds)
        seconds["loop over pairs"] = [t * scale for t in seconds["loop over pairs"]]
        notes = {
            "loop over pairs": f" extrapolated from {len(subset)} images, linear",
            "association, in memory": " float64 sums and a unit check of every row included",
        }
        show(
            f"{n} x {WIDTH} float32, {CONCEPTS} concepts, one thread",
            seconds,
            "read once (max of the mapped .npy)",
            notes,
        )
        algebra, loop = (statistics.median(seconds[k]) for k in ("component_scores, in memory", "loop over pairs"))
        print(f"  loop over pairs / component_scores = {loop / algebra:.0f}")
        matvec = statistics.median(seconds["float32 matvec in memory (numpy)"])
        step = statistics.median(seconds["association, in memory"])
        duck = statistics.median(seconds["DuckDB array_cosine_similarity, 1 vector"])
        print(
            f"  association reaches {matvec / step:.0%} of the float32 matvec; DuckDB / association = {duck / step:.1f}"
        )

    per = 30
    small = AuditVectors(drawn(28 * per), np.repeat(np.arange(28), per), prompts[:28], a, b, word_a, word_b)
    scores = interleaved(
        {
            "score 28 concepts x 30 images": small.scores,
            "and 2,000 bootstrap replicates of all scores": lambda: bootstrap_concepts(small, [0, 1]),
        },
        options.rounds,
    )
    show("an audit of the paper's size", scores, "score 28 concepts x 30 images")


if __name__ == "__main__":
    main()
