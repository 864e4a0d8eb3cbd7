"""Tests and intervals beside the field's own: speed side by side, and how often each is wrong.

Run: uv run python benchmarks/bench_inference.py [--rounds 5] [--wefe] [--arch]

All ways run in turn in every round, on one thread; medians and ratios are printed, nothing is asserted. `--wefe` and
`--arch` fetch those packages into environments of their own with `uv run --with`; where that fails they say so and are
left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402 - after the threads are set
from bench_scoring import interleaved, show  # noqa: E402

TARGETS, ATTRIBUTES, WIDTH, DRAWS = 64, 128, 512, 10_000
PROMPTS, SEEDS = 100, 50
WEFE_ITERATIONS = 20
CHILD_SECONDS = 900


def ieat_p_value(s: np.ndarray, n: int, draws: int, generator: np.random.Generator) -> float:
    """The Monte Carlo test in the form of iEAT: associations once, then one shuffle and one sum per draw, one-sided.

    Written here from its description (Steed & Caliskan 2021), since its code is not under a free licence.
    """
    observed = s[:n].sum() - s[n:].sum()
    index = np.arange(len(s))
    as_far = 1
    for _ in range(draws - 1):
        generator.shuffle(index)
        first = s[index[:n]].sum()
        as_far += (first - (s.sum() - first)) >= observed
    return as_far / draws


def ieat(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, draws: int) -> float:
    """All of the iEAT form: the matrix of cosines, and the test."""
    both = np.concatenate([x, y])
    both = both / np.linalg.norm(both, axis=1, keepdims=True)
    cosines = both @ np.concatenate([a, b]).T
    s = cosines[:, : len(a)].mean(axis=1) - cosines[:, len(a) :].mean(axis=1)
    return ieat_p_value(s, len(x), draws, np.random.default_rng(0))


def bench_one_test(rounds: int) -> None:
    """One test of two target sets, from embeddings to p."""
    from scipy.stats import permutation_test as scipy_test

    from mcas_assets.scoring.mcas.association import association, effect_size
    from mcas_assets.scoring.stats.permutation import permutation_test

    x, y, a, b = embeddings()

    def with_scipy(is_vectorized: bool, draws: int) -> float:
        sets = association(x, a, b), association(y, a, b)
        if is_vectorized:
            result = scipy_test(
                sets, lambda p, q, axis: p.mean(axis) - q.mean(axis), vectorized=True, n_resamples=draws, rng=1
            )
        else:
            result = scipy_test(sets, lambda p, q: p.mean() - q.mean(), vectorized=False, n_resamples=draws, rng=1)
        return float(result.pvalue)

    ways = {
        "mcas_assets": lambda: permutation_test(x, y, a, b),
        "iEAT form": lambda: ieat(x, y, a, b, DRAWS),
        "scipy.stats.permutation_test, vectorised": lambda: with_scipy(True, DRAWS),
        "scipy.stats.permutation_test, loop": lambda: with_scipy(False, DRAWS),
    }
    title = f"one test: {TARGETS} and {TARGETS} targets, {ATTRIBUTES} and {ATTRIBUTES} attributes, {DRAWS} draws"
    show(title, interleaved(ways, rounds), "mcas_assets", {"iEAT form": " one-sided, and one set size only"})

    def ieat_effect() -> float:
        cosines = np.concatenate([x, y]) @ np.concatenate([a, b]).T
        s = cosines[:, : len(a)].mean(axis=1) - cosines[:, len(a) :].mean(axis=1)
        return float((s[: len(x)].mean() - s[len(x) :].mean()) / s.std(ddof=1))

    effects = {"mcas_assets": lambda: effect_size(x, y, a, b), "iEAT form": ieat_effect}
    show("effect size alone", interleaved(effects, 20 * rounds), "mcas_assets")


def embeddings() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors of two target and two attribute sets."""
    from mcas_assets.scoring.mcas.association import unit

    generator = np.random.default_rng(0)
    sizes = (TARGETS, TARGETS, ATTRIBUTES, ATTRIBUTES)
    x, y, a, b = (unit(generator.standard_normal((n, WIDTH))) for n in sizes)
    return x, y, a, b


def bench_many_tests(rounds: int) -> None:
    """200 tests of one split size, which share one table of draws."""
    from scipy.stats import permutation_test as scipy_test

    from mcas_assets.scoring.stats.permutation import permutation_tests

    values = np.random.default_rng(1).standard_normal((200, 2 * TARGETS))
    few = 3

    def one_by_one_scipy() -> None:
        for row in values[:few]:
            sets = row[:TARGETS], row[TARGETS:]
            scipy_test(sets, lambda p, q, axis: p.mean(axis) - q.mean(axis), vectorized=True, n_resamples=DRAWS, rng=1)

    ways = {
        "mcas_assets, 200 tests together": lambda: permutation_tests(values, TARGETS, draws=DRAWS),
        "iEAT form, 200 tests": lambda: [
            ieat_p_value(row, TARGETS, DRAWS, np.random.default_rng(0)) for row in values[:few]
        ],
        "scipy.stats.permutation_test, 200 tests": one_by_one_scipy,
    }
    seconds = interleaved(ways, rounds)
    for name in list(seconds)[1:]:
        seconds[name] = [t * len(values) / few for t in seconds[name]]
    notes = dict.fromkeys(list(seconds)[1:], f" extrapolated from {few} tests, linear")
    show(f"200 tests of {TARGETS} and {TARGETS} values", seconds, "mcas_assets, 200 tests together", notes)


def crossed() -> tuple[np.ndarray, np.ndarray]:
    """Two sets of prompts x seeds with effects of both."""
    generator = np.random.default_rng(2)

    def drawn() -> np.ndarray:
        by_prompt, by_seed = generator.standard_normal((PROMPTS, 1)), generator.standard_normal((1, SEEDS))
        return 0.05 * by_prompt + 0.03 * by_seed + 0.1 * generator.standard_normal((PROMPTS, SEEDS))

    return drawn() + 0.02, drawn()


def effect(one: np.ndarray, two: np.ndarray) -> float:
    """Effect size, ddof 1, of two arrays of values."""
    return float((one.mean() - two.mean()) / np.concatenate([one.ravel(), two.ravel()]).std(ddof=1))


def bench_bootstrap(rounds: int) -> None:
    """Effect size of 10,000 images, prompts as clusters, 10,000 replicates."""
    from scipy.stats import bootstrap

    from mcas_assets.scoring.stats.bootstrap import effect_size_interval

    x, y = crossed()
    prompts, seeds = (labels.ravel() for labels in np.indices(x.shape))
    few = 250

    def clusters_loop() -> list[float]:
        generator = np.random.default_rng(0)
        return [
            effect(x[generator.integers(0, PROMPTS, PROMPTS)], y[generator.integers(0, PROMPTS, PROMPTS)])
            for _ in range(few)
        ]

    def crossed_loop() -> list[float]:
        generator = np.random.default_rng(0)
        found = []
        for _ in range(few):
            seed = generator.integers(0, SEEDS, SEEDS)
            rows = generator.integers(0, PROMPTS, (2, PROMPTS))
            found.append(effect(x[np.ix_(rows[0], seed)], y[np.ix_(rows[1], seed)]))
        return found

    def vectorised_effect(one: np.ndarray, two: np.ndarray, axis: int = -1) -> np.ndarray:
        pooled = np.concatenate([one, two], axis=axis)
        return (one.mean(axis) - two.mean(axis)) / pooled.std(axis, ddof=1)

    options = {"resamples": DRAWS, "method": "percentile"}
    ways = {
        "mcas_assets, prompts": lambda: effect_size_interval(
            x.ravel(), y.ravel(), prompts=(prompts, prompts), **options
        ),
        "mcas_assets, prompts x seeds": lambda: effect_size_interval(
            x.ravel(), y.ravel(), prompts=(prompts, prompts), seeds=(seeds, seeds), **options
        ),
        "numpy loop, prompts": clusters_loop,
        "numpy loop, prompts x seeds": crossed_loop,
        "scipy.stats.bootstrap, images (the wrong unit here)": lambda: bootstrap(
            (x.ravel(), y.ravel()), vectorised_effect, n_resamples=few, method="percentile", batch=50, rng=1
        ),
    }
    seconds = interleaved(ways, rounds)
    for name in list(seconds)[2:]:
        seconds[name] = [t * DRAWS / few for t in seconds[name]]
    notes = dict.fromkeys(list(seconds)[2:], f" extrapolated from {few} replicates, linear")
    title = f"interval of an effect size: {2 * PROMPTS} prompts x {SEEDS} seeds, {DRAWS} replicates"
    show(title, seconds, "mcas_assets, prompts", notes)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    ratio = medians["numpy loop, prompts x seeds"] / medians["mcas_assets, prompts x seeds"]
    print(f"  numpy loop, prompts x seeds / mcas_assets, prompts x seeds = {ratio:.1f}")


def closed_forms() -> None:
    """Standard errors at 10,000 replicates over their closed forms."""
    from mcas_assets.scoring.stats.bootstrap import bootstrap_interval, one_way_variance, two_way_variance

    x, _ = crossed()
    prompts, seeds = (labels.ravel() for labels in np.indices(x.shape))
    one = bootstrap_interval(x.ravel(), prompts=prompts, resamples=DRAWS).standard_error
    two = bootstrap_interval(x.ravel(), prompts=prompts, seeds=seeds, resamples=DRAWS).standard_error
    assert one is not None
    assert two is not None
    print("\nstandard error / closed form, 10,000 replicates")
    print(f"  prompts          {one / np.sqrt(one_way_variance(x.mean(axis=1))):.4f}")
    print(f"  prompts x seeds  {two / np.sqrt(two_way_variance(x)):.4f}")


def type_one_error(audits: int = 2000) -> None:
    """How often a true null is rejected at 5 % when images of a prompt are alike."""
    from mcas_assets.scoring.stats.permutation import permutation_tests

    print(f"\nrejections of a true null at nominal 5 %, intra-class correlation .3, {audits} simulated comparisons")
    for prompts, images in ((20, 10), (10, 50)):
        generator = np.random.default_rng(3)
        rejected = {"prompts": 0, "images": 0}
        for _ in range(audits // 250):
            shared = np.sqrt(0.3) * generator.standard_normal((250, 2 * prompts, 1))
            values = shared + np.sqrt(0.7) * generator.standard_normal((250, 2 * prompts, images))
            for unit, table, n in (
                ("prompts", values.mean(axis=2), prompts),
                ("images", values.reshape(250, -1), prompts * images),
            ):
                found = permutation_tests(table, n, draws=1000)
                rejected[unit] += int((found.p_values <= 0.05).sum())
        total = audits // 250 * 250
        print(f"  2 x {prompts} prompts x {images:2} images:", end="")
        print("".join(f"  permuting {unit} {count / total:.3f}" for unit, count in rejected.items()))


WEFE_CHILD = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from gensim.models import KeyedVectors
from wefe.metrics import WEAT
from wefe.query import Query
from wefe.word_embedding_model import WordEmbeddingModel
sets, iterations = np.load(sys.argv[1]), int(sys.argv[2])
names = {k: [f"{k}{i}" for i in range(len(sets[k]))] for k in "xyab"}
vectors = KeyedVectors(vector_size=sets["x"].shape[1])
for k in "xyab":
    vectors.add_vectors(names[k], sets[k].astype(np.float32))
model = WordEmbeddingModel(vectors, "bench")
query = Query([names["x"], names["y"]], [names["a"], names["b"]], ["x", "y"], ["a", "b"])
weat = WEAT()
weat.run_query(query, model)
start = time.perf_counter()
effect = weat.run_query(query, model, return_effect_size=True)
alone = time.perf_counter() - start
start = time.perf_counter()
weat.run_query(query, model, calculate_p_value=True, p_value_iterations=iterations)
print(json.dumps({"effect_size": alone, "p_value": time.perf_counter() - start, "d": float(effect["effect_size"])}))
"""

ARCH_CHILD = """
import json, sys, time
import numpy as np
from arch.bootstrap import IndependentSamplesBootstrap
from mcas_assets.scoring.stats.bootstrap import effect_size_interval
sets, few, full = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
x, y = sets["x"], sets["y"]
prompts = np.indices(x.shape)[0].ravel()
def effect(one, two):
    return (one.mean() - two.mean()) / np.concatenate([one.ravel(), two.ravel()]).std(ddof=1)
found = []
for _ in range(4):
    start = time.perf_counter()
    IndependentSamplesBootstrap(x, y, seed=1).conf_int(effect, few, method="percentile")
    theirs = (time.perf_counter() - start) * full / few
    start = time.perf_counter()
    effect_size_interval(x.ravel(), y.ravel(), prompts=(prompts, prompts), resamples=full, method="percentile")
    found.append([theirs, time.perf_counter() - start])
print(json.dumps(found[1:]))
"""


def child(
    code: str, arguments: list[str], requirements: list[str], arrays: dict[str, np.ndarray]
) -> dict | list | None:
    """Run code in an environment with more packages; None, and a message, where they cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "child.py", Path(folder) / "sets.npz"
        script.write_text(code)
        np.savez(data, **arrays)
        command = ["uv", "run", *requirements, "python", str(script), str(data), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=CHILD_SECONDS, check=False)
        except (FileNotFoundError, subprocess.TimeoutExpired) as error:
            print(f"  left out: {error}")
            return None
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        print(f"  left out, its environment did not run: {last[0]}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def bench_wefe(rounds: int) -> None:
    """WEFE's p-value and effect size; they are timed in its own process, next to ours in this one."""
    import time

    from mcas_assets.scoring.mcas.association import effect_size
    from mcas_assets.scoring.stats.permutation import permutation_test

    print(f"\nWEFE 1.0.1 in an environment of its own, {WEFE_ITERATIONS} iterations, extrapolated to {DRAWS}, linear")
    sets = dict(zip("xyab", embeddings(), strict=True))
    own = tuple(sets.values())
    ratios: dict[str, list[float]] = {"p_value": [], "effect_size": []}
    requirements = [
        "--no-project",
        "--isolated",
        "--python",
        "3.11",
        "--with",
        "wefe==1.0.1",
        "--with",
        "setuptools<80",
    ]
    permutation_test(*own)
    for _ in range(rounds):
        theirs = child(WEFE_CHILD, [str(WEFE_ITERATIONS)], requirements, sets)
        if not isinstance(theirs, dict):
            return
        for name, way, scale in (
            ("p_value", permutation_test, DRAWS / WEFE_ITERATIONS),
            ("effect_size", effect_size, 1),
        ):
            spent = []
            for _ in range(5):
                start = time.perf_counter()
                way(*own)
                spent.append(time.perf_counter() - start)
            ratios[name].append(theirs[name] * scale / float(np.median(spent)))
    for name, found in ratios.items():
        print(f"  WEFE / mcas_assets, {name}: {np.median(found):.0f} ({min(found):.0f} to {max(found):.0f})")
    print("  its p-value draws with replacement and is no permutation test; only the time is compared")


def bench_arch() -> None:
    """The cluster bootstrap of arch, in this project's environment with arch added."""
    print("\narch.bootstrap.IndependentSamplesBootstrap over prompts, extrapolated from 250 replicates, linear")
    x, y = crossed()
    found = child(ARCH_CHILD, ["250", str(DRAWS)], ["--no-sync", "--with", "arch"], {"x": x, "y": y})
    if isinstance(found, list):
        ratios = [theirs / ours for theirs, ours in found]
        print(f"  arch / mcas_assets: {np.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--wefe", action="store_true", help="also time WEFE, in an environment of its own")
    parser.add_argument("--arch", action="store_true", help="also time arch, added to this environment for the run")
    options = parser.parse_args()
    print(f"numpy {np.__version__}, Python {sys.version.split()[0]}, one thread, {options.rounds} rounds")
    bench_one_test(options.rounds)
    bench_many_tests(options.rounds)
    bench_bootstrap(options.rounds)
    closed_forms()
    type_one_error()
    if options.arch:
        bench_arch()
    if options.wefe:
        bench_wefe(min(options.rounds, 3))


if __name__ == "__main__":
    main()
