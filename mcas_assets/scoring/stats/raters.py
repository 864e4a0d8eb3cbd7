"""How far people agree who answered for the same items: Krippendorff's alpha for nominal answers, with an interval.

Krippendorff (2011, "Computing Krippendorff's alpha-reliability"): alpha = 1 - Do / De, where Do is the share of pairs of answers to
one item that differ, each item counted by its answers, and De what it would be if answers were dealt out to items at random.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.stats.arrays import Floats

RESAMPLES = 2_000
MIN_ITEMS = 2


@dataclass(frozen=True)
class Agreement:
    """Alpha and its interval: 1 is agreement, 0 what chance gives, below 0 more difference than that. NaN beside a reason only.

    Attributes:
        alpha: Over the items with two answers or more.
        low, high: Ends of the interval.
        reason: Why there is no alpha, or None.
    """

    alpha: float
    low: float
    high: float
    reason: str | None = None


def krippendorff(counts: ArrayLike, *, level: float = 0.95, seed: int = 0, times: ArrayLike | None = None) -> Agreement:
    """Alpha of answers that are names.

    Args:
        counts: (items, values) how many raters gave each item each answer. Items with fewer than two answers are left out.
        level: Nominal coverage of the interval.
        seed: Of the resamples.
        times: (items,) how many items each row stands for; one, if not given. Many items of few answers are few rows.

    Returns:
        The interval holds the middle of alpha over `RESAMPLES` resamples of items (Hayes & Krippendorff 2007). Where no item has
        answers that differ, no resample has one either: its low end is then where so many items without a difference would be
        seen in (1 - level) / 2 of cases.

    Raises:
        ValueError: Counts that are none, or a level outside (0, 1).
    """
    table = np.asarray(counts, dtype=np.float64)
    repeated = np.ones(len(table), dtype=np.int64) if times is None else np.asarray(times, dtype=np.int64)
    if table.ndim != 2 or (table < 0).any() or not np.isfinite(table).all():
        raise ValueError(f"counts must be (items, values) of 0 or more, not {table.shape}")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    is_item = table.sum(axis=1) >= 2
    table, repeated = table[is_item], repeated[is_item]
    n = int(repeated.sum())
    if n < MIN_ITEMS:
        return _none(f"fewer than {MIN_ITEMS} items have two answers")
    if (table.sum(axis=0) > 0).sum() < 2:
        return _none("all answers are the same, so chance could not have given another")
    answers = table.sum(axis=1)
    # Of each item: pairs that agree, each by its answers; how often each value was given.
    parts = np.column_stack([(table * (table - 1)).sum(axis=1) / (answers - 1), table])
    total = (repeated[:, None] * parts).sum(axis=0)
    alpha = float(_alpha(total[None])[0])
    tail = (1 - level) / 2
    if (parts[:, 0] == answers).all():
        low = 1 - (1 - tail ** (1 / n)) / _by_chance(total[1:])
        return Agreement(alpha, float(low), 1.0)
    weights = np.random.default_rng(seed).multinomial(n, repeated / n, size=RESAMPLES)
    drawn = _alpha(weights @ parts)
    low, high = np.quantile(drawn[np.isfinite(drawn)], [tail, 1 - tail])
    return Agreement(alpha, float(min(low, alpha)), float(max(high, alpha)))


def _none(reason: str) -> Agreement:
    return Agreement(np.nan, np.nan, np.nan, reason)


def _by_chance(given: Floats) -> Floats:
    """De, of (..., values) how often each was given; 0 where only one was."""
    n = given.sum(axis=-1)
    return (n**2 - (given**2).sum(axis=-1)) / (n * (n - 1))


def _alpha(sums: Floats) -> Floats:
    """Alpha of each row: pairs that agree, then how often each value was given. NaN where only one value was."""
    given = sums[:, 1:]
    observed, expected = 1 - sums[:, 0] / given.sum(axis=1), _by_chance(given)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)
