"""Permutation tests: exact where the partitions can be counted, else Monte Carlo draws without replacement.

The p-value of a Monte Carlo test is (1 + #{as extreme}) / (1 + draws) (Phipson & Smyth 2010), so it is never
0, and ties count against significance. Sets of unequal size are compared by means. The unit that is permuted
is the caller's to name: where several prompts are compared it is the prompt and not the image.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints, Statistic, as_vector, missing
from mcas_assets.scoring.stats.resampling import (
    EXACT_LIMIT,
    bit_stream,
    every_partition,
    is_enumerable,
    partition_masks,
)

Alternative = Literal["two-sided", "greater", "less"]

DRAWS = 10_000
ROUNDING = 1e-12
"""Sums that differ by less than this share of the sum of magnitudes are ties: rounding must not make significance."""


def tie_tolerance(centred: Floats, magnitudes: ArrayLike) -> Floats:
    """How far apart two sums may be and still tie, (k,), for rows of centred values (k, n) and of their magnitudes.

    Values far from 0 bring the rounding of their own last digit, which centring does not take away.
    """
    own_digits = 4 * np.finfo(np.float64).eps * np.abs(magnitudes).sum(axis=-1)
    return ROUNDING * np.abs(centred).sum(axis=-1) + own_digits


@dataclass(frozen=True)
class PermutationTests:
    """Many tests that share one table of draws. A NaN stands only where `reasons` says why.

    Attributes:
        p_values: (k,) in (0, 1].
        reasons: Per test, why there is no p-value, or None.
        is_exact: Whether every partition was counted.
    """

    p_values: Floats
    reasons: tuple[str | None, ...]
    is_exact: bool


def permutation_test(
    first: ArrayLike,
    second: ArrayLike,
    alternative: Alternative = "two-sided",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> Statistic:
    """Do two sets of values, (n,) and (m,), have one mean? Each value is one exchangeable unit, usually a prompt.

    Args:
        first: (n,) float.
        second: (m,) float.
        alternative: `greater` asks whether the mean of the first set is above that of the second.
        draws: Monte Carlo draws where the partitions are too many to count.
        seed: Of the draws.
        exact_limit: Most partitions that are counted one by one.

    Returns:
        The p-value in (0, 1], or None with a reason when a set is empty or nothing varies.

    Raises:
        ValueError: Values that are not finite, or an unknown alternative.
    """
    one, two = as_vector(first, "first"), as_vector(second, "second")
    values = np.concatenate([one, two])[None, :]
    tests = permutation_tests(values, len(one), alternative, draws=draws, seed=seed, exact_limit=exact_limit)
    return missing(tests.reasons[0]) if tests.reasons[0] else Statistic(float(tests.p_values[0]))


def permutation_tests(
    values: ArrayLike,
    n_first: int,
    alternative: Alternative = "two-sided",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> PermutationTests:
    """Many tests of one split size, which share one table of draws and one matrix product per block of it.

    Args:
        values: (k, n) float, one test per row; the first `n_first` columns are the first set. For the
            attribute labels of concepts: row = concept, columns = its cosines with the attributes of pole A,
            then of pole B.
        n_first: Size of the first set.
        alternative: As in `permutation_test`.
        draws: As in `permutation_test`.
        seed: As in `permutation_test`.
        exact_limit: As in `permutation_test`.

    Returns:
        The tests. All are exact or all are not, since they have one shape.

    Raises:
        ValueError: `values` is not a finite matrix, or the alternative is unknown.
    """
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative must be two-sided, greater or less, not {alternative!r}")
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("values must be a finite matrix of one test per row")
    k, n = table.shape
    if not 0 < n_first < n:
        empty = "one of the two sets is empty"
        return PermutationTests(np.full(k, np.nan), (empty,) * k, False)
    centred = table - table.mean(axis=1, keepdims=True)
    # With the pooled mean at 0 the difference of means is the sum of either set times a constant.
    size = min(n_first, n - n_first)
    columns = centred[:, :n_first] if size == n_first else centred[:, n_first:]
    observed = columns.sum(axis=1)
    tolerance = tie_tolerance(centred, table)
    side = _mirrored(alternative, size != n_first)
    counts, total, exact = _count(centred, size, observed, tolerance, side, draws, seed, exact_limit)
    flat = centred.std(axis=1) < NO_SPREAD
    p_values = np.where(flat, np.nan, counts / total if exact else (1 + counts) / (1 + total))
    reasons = tuple("zero variance" if f else None for f in flat)
    return PermutationTests(p_values, reasons, exact)


def _mirrored(alternative: Alternative, is_second: bool) -> Alternative:
    """The alternative as seen from the second set, whose sum is minus the first set's."""
    if not is_second or alternative == "two-sided":
        return alternative
    return "less" if alternative == "greater" else "greater"


def _count(
    centred: Floats,
    size: int,
    observed: Floats,
    tolerance: Floats,
    alternative: Alternative,
    draws: int,
    seed: int,
    exact_limit: int,
) -> tuple[Ints, int, bool]:
    """Partitions at least as extreme as the observed one, out of how many, and whether those are all there are."""
    n = centred.shape[1]
    exact = is_enumerable(n, size, exact_limit)
    masks: Iterator[Floats]
    if exact:
        masks, total = every_partition(n, size), comb(n, size)
    else:
        masks, total = (partition_masks(n, size, draws, bit_stream(seed, f"partition {n} {size}")), draws)
    by_column = np.ascontiguousarray(centred.T)
    counts = np.zeros(len(centred), dtype=np.int64)
    sums = np.empty((0, len(centred)))
    for mask in masks:
        if len(sums) < len(mask):
            sums = np.empty((len(mask), len(centred)))
        product = np.matmul(mask, by_column, out=sums[: len(mask)])
        counts += count_extreme(product, observed, tolerance, alternative)
    return counts, total, exact


def count_extreme(
    sums: Floats, observed: Floats, tolerance: Floats, alternative: Alternative = "two-sided"
) -> NDArray[np.int64]:
    """Per column, the sums (rows, k) at least as extreme as the observed (k,), ties included; `sums` is overwritten."""
    if alternative == "less":
        return np.count_nonzero(sums <= observed + tolerance, axis=0)
    if alternative == "greater":
        return np.count_nonzero(sums >= observed - tolerance, axis=0)
    return np.count_nonzero(np.abs(sums, out=sums) >= np.abs(observed) - tolerance, axis=0)
