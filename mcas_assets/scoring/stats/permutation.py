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

from mcas_assets.scoring.mcas.association import pole_difference, project
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints, as_vector
from mcas_assets.scoring.stats.resampling import (
    EXACT_LIMIT,
    bit_stream,
    codes_of,
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
class PermutationTest:
    """One permutation test.

    Attributes:
        statistic: Difference of the means, first set minus second, or None.
        p_value: In (0, 1], or None.
        alternative: Which differences count as extreme.
        is_exact: Whether every partition was counted.
        n_partitions: Partitions counted or drawn, the observed one included.
        reason: Why there is no p-value, or None.
    """

    statistic: float | None
    p_value: float | None
    alternative: Alternative
    is_exact: bool
    n_partitions: int
    reason: str | None = None


@dataclass(frozen=True)
class PermutationTests:
    """Many tests that share one table of draws. A NaN stands only where `reasons` says why.

    Attributes:
        statistics: (k,) differences of means.
        p_values: (k,) in (0, 1].
        reasons: Per test, why there is no p-value, or None.
        alternative, is_exact, n_partitions: As in `PermutationTest`.
    """

    statistics: Floats
    p_values: Floats
    reasons: tuple[str | None, ...]
    alternative: Alternative
    is_exact: bool
    n_partitions: int

    def test(self, k: int) -> PermutationTest:
        """The k-th test on its own."""
        shared = (self.alternative, self.is_exact, self.n_partitions)
        if reason := self.reasons[k]:
            statistic = float(self.statistics[k])
            return PermutationTest(statistic if np.isfinite(statistic) else None, None, *shared, reason)
        return PermutationTest(float(self.statistics[k]), float(self.p_values[k]), *shared)


def permutation_test(
    x: ArrayLike,
    y: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    alternative: Alternative = "two-sided",
    *,
    x_clusters: ArrayLike | None = None,
    y_clusters: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> PermutationTest:
    """Do two target sets differ in their association with the poles?

    Args:
        x: (n_x, d) unit targets.
        y: (n_y, d) unit targets.
        a: (n_a, d) unit attributes of pole A.
        b: (n_b, d) unit attributes of pole B.
        alternative: `greater` asks whether X leans to A more than Y does.
        x_clusters: (n_x,) labels of the exchangeable unit of each target, usually its prompt; a cluster
            counts once, by its mean. None: every target is its own unit, which holds only if targets are
            independent.
        y_clusters: (n_y,) the same for `y`.
        draws: Monte Carlo draws where the partitions are too many to count.
        seed: Of the draws.
        exact_limit: Most partitions that are counted one by one.

    Returns:
        The test; a reason instead of a p-value when a set is empty or nothing varies.

    Raises:
        ValueError: Bad vectors, a cluster that lies in both sets, or an unknown alternative.
    """
    direction = pole_difference(a, b)
    first, second = project(x, direction, "x"), project(y, direction, "y")
    if (x_clusters is None) != (y_clusters is None):
        raise ValueError("x_clusters and y_clusters go together: give both or neither")
    if x_clusters is not None and y_clusters is not None:
        if both := set(np.asarray(x_clusters).tolist()) & set(np.asarray(y_clusters).tolist()):
            raise ValueError(f"cluster {min(map(str, both))} lies in both x and y, so it cannot change sides")
        first, second = (cluster_means(first, x_clusters), cluster_means(second, y_clusters))
    return permutation_test_values(first, second, alternative, draws=draws, seed=seed, exact_limit=exact_limit)


def permutation_test_values(
    first: ArrayLike,
    second: ArrayLike,
    alternative: Alternative = "two-sided",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> PermutationTest:
    """The test on values already in hand, (n,) and (m,): associations of two sets, or cosines with two poles."""
    one, two = as_vector(first, "first"), as_vector(second, "second")
    values = np.concatenate([one, two])[None, :]
    tests = permutation_tests(values, len(one), alternative, draws=draws, seed=seed, exact_limit=exact_limit)
    return tests.test(0)


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
        return PermutationTests(np.full(k, np.nan), np.full(k, np.nan), (empty,) * k, alternative, False, 0)
    centred = table - table.mean(axis=1, keepdims=True)
    # With the pooled mean at 0 the difference of means is the first set's sum times a constant.
    statistics = centred[:, :n_first].sum(axis=1) * (1 / n_first + 1 / (n - n_first))
    size = min(n_first, n - n_first)
    columns = centred[:, :n_first] if size == n_first else centred[:, n_first:]
    observed = columns.sum(axis=1)
    tolerance = tie_tolerance(centred, table)
    side = _mirrored(alternative, size != n_first)
    counts, total, exact = _count(centred, size, observed, tolerance, side, draws, seed, exact_limit)
    flat = centred.std(axis=1) < NO_SPREAD
    p_values = np.where(flat, np.nan, counts / total if exact else (1 + counts) / (1 + total))
    reasons = tuple("zero variance" if f else None for f in flat)
    return PermutationTests(statistics, p_values, reasons, alternative, exact, total if exact else total + 1)


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


def count_extreme(sums: Floats, observed: Floats, tolerance: Floats, alternative: Alternative) -> NDArray[np.int64]:
    """Per column, the sums (rows, k) at least as extreme as the observed (k,), ties included; `sums` is overwritten."""
    if alternative == "less":
        return np.count_nonzero(sums <= observed + tolerance, axis=0)
    if alternative == "greater":
        return np.count_nonzero(sums >= observed - tolerance, axis=0)
    return np.count_nonzero(np.abs(sums, out=sums) >= np.abs(observed) - tolerance, axis=0)


def cluster_means(values: ArrayLike, clusters: ArrayLike) -> Floats:
    """Mean of each cluster, in the order of the sorted labels: (u,) from values (n,) and labels (n,)."""
    vector = as_vector(values, "values")
    codes = codes_of(clusters, len(vector), "clusters")
    return np.bincount(codes, weights=vector) / np.bincount(codes) if len(vector) else vector
