"""Simulated audits: false alarms, null axes, and how often intervals hold the truth.

Each function simulates the audits of given numbers on one pool; audit k draws with seed k alone, so the outcome does
not depend on how the numbers are shared out over processes (`mapped`).
"""

import os
from collections.abc import Callable, Generator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from mcas_assets.calibrate.pool import UNREAD, Pool
from mcas_assets.core.progress import Advance
from mcas_assets.scoring.changes.comparison import compare_concepts, paired_difference
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, columns_of
from mcas_assets.scoring.mcas.concept_tests import concept_tests
from mcas_assets.scoring.mcas.score_intervals import score_intervals
from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

Numbers = range

SCORES = ("iias", "itpas", "itaas", "mcas")  # TTAS holds no image, so it has no interval
_AT = [COLUMNS.index(name) for name in SCORES]


@dataclass(frozen=True)
class Settings:
    """How audits are simulated.

    Attributes:
        images: Of each prompt in a simulated audit.
        chosen: Places of the concepts that intervals are looked at for.
        resamples: Of the bootstrap.
        draws: Of the permutation tests where they are not exact.
        level: Nominal coverage.
        seed: Of everything.
    """

    images: int
    chosen: tuple[int, ...]
    resamples: int = 1_000
    draws: int = 2_000
    level: float = 0.95
    seed: int = 0


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
        order = _generator(settings, "same", number).permutation(pool.replicates)
        before, after = order[: settings.images], order[settings.images : 2 * settings.images]
        comparisons = compare_concepts(
            pool.audit(before, pool.asked), pool.audit(after, pool.asked),
            resamples=2, draws=settings.draws, level=settings.level, method="percentile", seed=number,
        )  # fmt: skip
        outcomes.append(
            [[one.verdict == "changed", np.nan if one.p_value is None else one.p_value] for one in comparisons]
        )
    return np.array(outcomes, dtype=np.float64)


def meaningless_axis(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Test concepts against poles made of shuffled attribute images and words: (splits, concepts, 3) p, q and score."""
    outcomes = []
    for number in numbers:
        generator = _generator(settings, "null", number)
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


def score_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether intervals hold the scores of the whole pool: (audits, concepts, raw and adjusted, SCORES)."""
    which = np.array([*settings.chosen, *pool.neutral], dtype=np.int64)
    k = len(settings.chosen)
    neutral = list(range(k, len(which)))
    truth = columns_of(pool.audit(np.arange(pool.replicates), which).scores().components)
    adjusted = truth - truth[neutral].mean(axis=0)
    outcomes = []
    for number in numbers:
        drawn = pool.audit(_with_replacement(pool, settings, "scores", number), which)
        found = score_intervals(drawn, neutral, level=settings.level, resamples=settings.resamples, seed=number)
        sides = ((found.raw, truth), (found.adjusted, adjusted))
        outcomes.append(np.stack([_holds(one.low, one.high, true)[:k, _AT] for one, true in sides], axis=1))
    return np.array(outcomes)


def share_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether share intervals hold: (audits, concepts, 2), Wilson's the labelled share, the corrected one the true share.

    The truth of the corrected share is read from the pixels; images that cannot be read are left out.
    """
    read = [np.flatnonzero(pool.truth[c] != UNREAD) for c in settings.chosen]
    outcomes = np.full((len(numbers), len(settings.chosen), 2), np.nan)
    for at, number in enumerate(numbers):
        generator = _generator(settings, "shares", number)
        known = pool.confusion(generator.integers(pool.replicates, size=settings.images))
        for k, (c, rows) in enumerate(zip(settings.chosen, read, strict=True)):
            labels = pool.labels[c, rows]
            if not len(rows) or not (labels >= 0).any():
                continue
            seen = labels[generator.integers(len(rows), size=settings.images)]
            counts = np.array([(seen == 0).sum(), (seen == 1).sum()])
            if counts.sum():
                low, high = wilson_interval(float(counts[1]), float(counts.sum()), level=settings.level)
                outcomes[at, k, 0] = low <= (labels == 1).sum() / (labels >= 0).sum() <= high
            corrected = corrected_shares(counts, known, level=settings.level)
            if corrected.reason is None:
                outcomes[at, k, 1] = corrected.low[1] <= pool.truth[c, rows].mean() <= corrected.high[1]
    return outcomes


def change_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether intervals of a change hold: (audits, concepts, 2), MCAS by `compare_concepts`, ITAAS by `paired_difference`.

    The version after is one whose prompts mean something else: each concept is drawn as the next one of the chosen is,
    and each attribute prompt as the next one of its pole. So pairs share their seed and the true change is known.
    """
    which = np.array(settings.chosen, dtype=np.int64)
    other = _as_next(pool, which)
    everything = np.arange(pool.replicates)
    before, after = pool.audit(everything, which), other.audit(everything, which)
    change = after.scores().mcas - before.scores().mcas
    # (concepts, replicates) association of each image with the words
    values = [version.scores().s_word.reshape(len(which), -1) for version in (before, after)]
    words = (values[1] - values[0]).mean(axis=1)
    options: dict[str, Any] = {"level": settings.level, "resamples": settings.resamples}
    outcomes = []
    for number in numbers:
        draw = _with_replacement(pool, settings, "changes", number)
        of_scores = compare_concepts(pool.audit(draw, which), other.audit(draw, which), seed=number, **options)
        of_words = [
            paired_difference(values[0][k, draw], values[1][k, draw], seed=number, **options) for k in range(len(which))
        ]
        ends = np.array([[(one.low, one.high) for one in kind] for kind in (of_scores, of_words)], dtype=np.float64)
        outcomes.append(_holds(ends[..., 0], ends[..., 1], np.stack([change, words])).T)
    return np.array(outcomes)


def _as_next(pool: Pool, which: Ints) -> Pool:
    images = pool.images.copy()
    images[which] = pool.images[np.roll(which, -1)]
    labels = pool.labels.copy()
    labels[which] = pool.labels[np.roll(which, -1)]
    poles = [np.roll(pole, -1, axis=0) for pole in (pool.a_images, pool.b_images)]
    return replace(pool, images=images, labels=labels, a_images=poles[0], b_images=poles[1])


def _holds(low: Floats, high: Floats, truth: Floats) -> Floats:
    """1 where the interval holds the truth, 0 where not, NaN where there is none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(low) | np.isnan(high), np.nan, (low <= truth) & (truth <= high))


def _with_replacement(pool: Pool, settings: Settings, purpose: str, number: int) -> Ints:
    return _generator(settings, purpose, number).integers(pool.replicates, size=settings.images)


def _generator(settings: Settings, purpose: str, number: int) -> np.random.Generator:
    return np.random.default_rng([settings.seed, number, *purpose.encode()])
