"""Simulated audits: false alarms and null axes; how often intervals hold the truth is in `cells`.

Each function simulates the audits of given numbers on one pool; audit k draws with seed k alone, so the outcome does
not depend on how the numbers are shared out over processes (`mapped`).
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np

from mcas_assets.calibrate.pool import Pool
from mcas_assets.core.progress import Advance
from mcas_assets.scoring.changes.comparison import compare_changes
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS
from mcas_assets.scoring.mcas.concept_tests import concept_tests
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

Numbers = range


@dataclass(frozen=True)
class Settings:
    """How audits are simulated.

    Attributes:
        images: Of each concept in a simulated audit.
        chosen: Places of the concepts that intervals are looked at for.
        attribute, neutral: Of each attribute prompt and each neutral one.
        resamples: Of the bootstrap.
        draws: Of the permutation tests where they are not exact.
        level: Nominal coverage.
        seed: Of everything.
    """

    images: int
    chosen: tuple[int, ...]
    attribute: int = 16
    neutral: int = 48
    resamples: int = 1_000
    draws: int = 2_000
    level: float = 0.95
    seed: int = 0

    def of(self, chosen: Ints) -> "Settings":
        """The same for these concepts."""
        return replace(self, chosen=tuple(int(c) for c in chosen))

    def sized(self, images: int) -> "Settings":
        """The same with so many images of each concept."""
        return replace(self, images=images)


Simulation = Callable[[Pool, Settings, Numbers], Floats]


def mapped(
    simulation: Simulation,
    pool: Pool,
    settings: Settings,
    count: int,
    advance: Advance,
    executor: ProcessPoolExecutor | None,
) -> Floats:
    """The outcomes of audits 0 to count - 1, along the first axis.

    Args:
        simulation: One of the functions below.
        pool: What audits are drawn from.
        settings: See there.
        count: Audits.
        advance: Told of audits that are done.
        executor: Shares the work out; None does it here.
    """
    step = max(1, min(20, count // 8))
    chunks = [range(start, min(start + step, count)) for start in range(0, count, step)]
    if executor is None:
        parts: Generator[Floats] = (simulation(pool, settings, chunk) for chunk in chunks)
    else:
        parts = executor.map(simulation, [pool] * len(chunks), [settings] * len(chunks), chunks)
    outcomes = []
    for chunk, part in zip(chunks, parts, strict=True):
        outcomes.append(part)
        advance(len(chunk))
    return np.concatenate(outcomes)


@contextmanager
def processes(workers: int) -> Generator[ProcessPoolExecutor | None]:
    """Processes to share simulations out to; none with one worker. Each gets one thread of its own."""
    if workers < 2:
        yield None
        return
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    former = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    # Fork would copy the threads' locks of torch and DuckDB.
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
        for name, value in former.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def same_version(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Compare two halves of one pool as if they were two versions: (splits, concepts, 2) of `changed` and p-value.

    Given the pool, splits are independent and each of a pair is as likely before as after, so a test at 5 % alarms in
    5 % of splits.
    """
    outcomes = []
    for number in numbers:
        order = generator_of(settings, "same", number).permutation(pool.replicates)
        before, after = order[: settings.images], order[settings.images : 2 * settings.images]
        comparisons = compare_changes(
            pool.audit(before, pool.asked), pool.audit(after, pool.asked),
            resamples=2, draws=settings.draws, level=settings.level, method="percentile", seed=number,
        )["mcas"]  # fmt: skip
        outcomes.append(
            [[one.verdict == "changed", np.nan if one.p_value is None else one.p_value] for one in comparisons]
        )
    return np.array(outcomes, dtype=np.float64)


def meaningless_axis(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Test concepts against poles made of shuffled attribute images and words: (splits, concepts, 3) p, q and score."""
    outcomes = []
    for number in numbers:
        generator = generator_of(settings, "null", number)
        real = pool.audit(generator.permutation(pool.replicates)[: settings.images], pool.asked)
        images = generator.permutation(np.concatenate([real.a_images, real.b_images]))
        words = generator.permutation(np.concatenate([real.a_words, real.b_words]))
        a, b = len(np.asarray(real.a_images)), len(np.asarray(real.a_words))
        null = replace(
            real, a_images=images[:a], b_images=images[a:], a_words=words[:b], b_words=words[b:],
            a_prompts=None, b_prompts=None, a_seeds=None, b_seeds=None,
        )  # fmt: skip
        p = concept_tests(null, draws=settings.draws, seed=number).p_values[:, COLUMNS.index("mcas")]
        outcomes.append(np.stack([p, benjamini_hochberg(p), null.scores().mcas], axis=1))
    return np.array(outcomes)


def generator_of(settings: Settings, purpose: str, number: int) -> np.random.Generator:
    """The generator of an audit, for one purpose."""
    return np.random.default_rng([settings.seed, number, *purpose.encode()])
