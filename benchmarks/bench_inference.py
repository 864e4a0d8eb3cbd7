"""Tests and intervals beside the field's own: speed side by side, and how often each is wrong.

Run: uv run python benchmarks/bench_inference.py [--rounds 5] [--wefe] [--arch]

All ways run in turn in every round, on one thread; medians and ratios are printed, nothing is asserted. `--wefe` and
`--arch` fetch those packages into environments of their own with `uv run --with`; where that fails they say so and are
left out.
"""

import argparse
import os
import sys
from typing import TYPE_CHECKING

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402 - after the threads are set
from bench_scoring import interleaved, show  # noqa: E402
from peers import ARCH_CHILD, WEFE_CHILD, child  # noqa: E402

if TYPE_CHECKING:
    from mcas_assets.scoring.mcas.vectors import AuditVectors

TARGETS, ATTRIBUTES, WIDTH, DRAWS = 64, 128, 512, 10_000
PROMPTS, SEEDS = 100, 50
WEFE_ITERATIONS = 20


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


def ours(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """The package's test of two target sets: associations, then `permutation_test`, two-sided."""
    from mcas_assets.scoring.mcas.association import association
    from mcas_assets.scoring.stats.permutation import permutation_test

    permutation_test(association(x, a, b), association(y, a, b))


def bench_one_test(rounds: int) -> None:
    """One test of two target sets, from embeddings to p."""
    from scipy.stats import permutation_test as scipy_test

    from mcas_assets.scoring.mcas.association import association

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
        "mcas_assets": lambda: ours(x, y, a, b),
        "iEAT form": lambda: ieat(x, y, a, b, DRAWS),
        "scipy.stats.permutation_test, vectorised": lambda: with_scipy(True, DRAWS),
        "scipy.stats.permutation_test, loop": lambda: with_scipy(False, DRAWS),
    }
    title = f"one test: {TARGETS} and {TARGETS} targets, {ATTRIBUTES} and {ATTRIBUTES} attributes, {DRAWS} draws"
    show(title, interleaved(ways, rounds), "mcas_assets", {"iEAT form": " one-sided, and one set size only"})


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


def crossed() -> np.ndarray:
    """Values (PROMPTS, SEEDS) in (-1, 1) with effects of both."""
    generator = np.random.default_rng(2)
    by_prompt, by_seed = generator.standard_normal((PROMPTS, 1)), generator.standard_normal((1, SEEDS))
    return 0.02 + 0.05 * by_prompt + 0.03 * by_seed + 0.1 * generator.standard_normal((PROMPTS, SEEDS))


def audit_of(values: np.ndarray, *, is_by_prompt: bool) -> "AuditVectors":
    """One concept whose ITAAS is the mean of the values, with the labels of their seeds and, if asked for, prompts."""
    from mcas_assets.scoring.mcas.vectors import AuditVectors

    z = values.reshape(-1, 1)
    east, north, up = np.eye(3)
    prompts, seeds = np.indices(values.shape).reshape(2, -1)
    return AuditVectors(
        images=z * east + np.sqrt(1 - z**2) * up, concept=np.zeros(len(z), np.int64), prompts=up[None],
        a_images=np.tile(east, (5, 1)), b_images=np.tile(north, (5, 1)), a_words=east[None], b_words=north[None],
        seeds=seeds, wordings=prompts if is_by_prompt else None,
    )  # fmt: skip


def bench_bootstrap(rounds: int) -> None:
    """All scores of one concept of 5,000 images, 10,000 replicates; the loops have the mean of one of them alone."""
    from scipy.stats import bootstrap

    from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts

    x = crossed()
    by_seed, by_both = (audit_of(x, is_by_prompt=both) for both in (False, True))
    few = 250

    def seeds_loop() -> list[float]:
        generator = np.random.default_rng(0)
        return [x[:, generator.integers(0, SEEDS, SEEDS)].mean() for _ in range(few)]

    def crossed_loop() -> list[float]:
        generator = np.random.default_rng(0)
        return [
            x[np.ix_(generator.integers(0, PROMPTS, PROMPTS), generator.integers(0, SEEDS, SEEDS))].mean()
            for _ in range(few)
        ]

    ways = {
        "mcas_assets, seeds": lambda: bootstrap_concepts(by_seed, resamples=DRAWS, method="percentile"),
        "mcas_assets, prompts x seeds": lambda: bootstrap_concepts(by_both, resamples=DRAWS, method="percentile"),
        "numpy loop, seeds": seeds_loop,
        "numpy loop, prompts x seeds": crossed_loop,
        "scipy.stats.bootstrap, images (the wrong unit here)": lambda: bootstrap(
            (x.ravel(),), np.mean, n_resamples=few, method="percentile", batch=50, rng=1
        ),
    }
    seconds = interleaved(ways, rounds)
    for name in list(seconds)[2:]:
        seconds[name] = [t * DRAWS / few for t in seconds[name]]
    notes = dict.fromkeys(list(seconds)[2:], f" extrapolated from {few} replicates, linear")
    show(f"intervals: {PROMPTS} prompts x {SEEDS} seeds, {DRAWS} replicates", seconds, "mcas_assets, seeds", notes)
    medians = {name: float(np.median(times)) for name, times in seconds.items()}
    ratio = medians["numpy loop, prompts x seeds"] / medians["mcas_assets, prompts x seeds"]
    print(f"  numpy loop, prompts x seeds / mcas_assets, prompts x seeds = {ratio:.1f}")


def closed_forms() -> None:
    """Standard errors at 10,000 replicates over their closed forms."""
    from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, bootstrap_concepts

    z = crossed()
    p, s = z.shape
    total = ((1 - 1 / p) * (1 - 1 / s) - 1) * z.sum() ** 2
    rows, columns = (1 - 1 / s) * (z.sum(axis=1) ** 2).sum(), (1 - 1 / p) * (z.sum(axis=0) ** 2).sum()
    forms = {
        "seeds": z.mean(axis=0).var() / s,
        "prompts x seeds": (total + rows + columns + (z**2).sum()) / (p * s) ** 2,
    }
    print("\nstandard error / closed form, 10,000 replicates")
    for name, variance in forms.items():
        intervals = bootstrap_concepts(audit_of(z, is_by_prompt="x" in name), resamples=DRAWS)
        print(f"  {name:<16} {intervals.standard_error[0, COLUMNS.index('itaas')] / np.sqrt(variance):.4f}")


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
                tests = permutation_tests(table, n, draws=1000)
                rejected[unit] += int((tests.p_values <= 0.05).sum())
        total = audits // 250 * 250
        print(f"  2 x {prompts} prompts x {images:2} images:", end="")
        print("".join(f"  permuting {unit} {count / total:.3f}" for unit, count in rejected.items()))


def bench_wefe(rounds: int) -> None:
    """WEFE's p-value; it is timed in its own process, next to ours in this one."""
    import time

    print(f"\nWEFE 1.0.1 in an environment of its own, {WEFE_ITERATIONS} iterations, extrapolated to {DRAWS}, linear")
    sets = dict(zip("xyab", embeddings(), strict=True))
    own = tuple(sets.values())
    ratios: list[float] = []
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
    ours(*own)
    for _ in range(rounds):
        theirs = child(WEFE_CHILD, [str(WEFE_ITERATIONS)], requirements, sets)
        if not isinstance(theirs, dict):
            return
        spent = []
        for _ in range(5):
            start = time.perf_counter()
            ours(*own)
            spent.append(time.perf_counter() - start)
        ratios.append(theirs["p_value"] * DRAWS / WEFE_ITERATIONS / float(np.median(spent)))
    print(f"  WEFE / mcas_assets, p-value: {np.median(ratios):.0f} ({min(ratios):.0f} to {max(ratios):.0f})")
    print("  its p-value draws with replacement and is no permutation test; only the time is compared")


def bench_arch() -> None:
    """The cluster bootstrap of arch, in this project's environment with arch added."""
    print("\narch.bootstrap.IIDBootstrap over seeds, extrapolated from 250 replicates, linear")
    timed = child(ARCH_CHILD, ["250", str(DRAWS)], ["--no-sync", "--with", "arch"], {"x": crossed()})
    if isinstance(timed, list):
        ratios = [theirs / ours for theirs, ours in timed]
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
