"""Do two samples come from one distribution? Energy distance within strata, with a permutation p-value.

Made for a canary: what a system answers to the same prompts (the strata) in two windows. Source: Szekely and Rizzo 2013,
"Energy statistics: a class of statistics based on distances", J. Stat. Plan. Inference 143(8):
E = 2 E|X - Y| - E|X - X'| - E|Y - Y'|, which is 0 if and only if the distributions are equal.

Labels change places within a stratum only, so that what strata differ in is no noise. Two statistics share these
permutations: the mean of the distances within strata, which sees strata that moved each in a direction of its own, and
the distance of all points about the means of their strata, which sees a small move that all have in common. Each is
standardised by its permutations, and the larger of the two is tested.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, as_matrix
from mcas_assets.scoring.stats.resampling import bit_stream, codes_of

DRAWS = 5000
_AT_ONCE = 8192  # rows of weights, so that many draws take little memory
SMALLEST = 2  # points of a stratum, in each sample, without which it says nothing of the spread within a sample


@dataclass(frozen=True)
class EnergyTest:
    """One comparison of two samples.

    Attributes:
        distance: Mean energy distance over the strata that count, 0 or more, in the unit of the points; or None.
        p_value: Of the combined test, in (0, 1], or None: the chance of as much if the samples are exchangeable.
        n_strata: Strata that count: those with `SMALLEST` points or more in each sample.
        reason: Why there is no distance, or None.
    """

    distance: float | None
    p_value: float | None
    n_strata: int
    reason: str | None = None


def energy_test(
    before: ArrayLike,
    after: ArrayLike,
    before_strata: ArrayLike,
    after_strata: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> EnergyTest:
    """Compare two samples of points, stratum by stratum.

    Args:
        before: (n, d) points.
        after: (m, d) points of the same space.
        before_strata: (n,) labels.
        after_strata: (m,) labels.
        draws: Permutations.
        seed: Of the draws.

    Returns:
        The test, or a reason. Equal samples have distance 0 and p 1. The p-value is exact in the sense of its size:
        under exchangeability P(p <= a) <= a, ties counting against significance.

    Raises:
        ValueError: Points or labels of unequal shape, or points that are not finite.
    """
    first = as_matrix(before, "before").astype(np.float64)
    second = as_matrix(after, "after", first.shape[1] if len(first) else None).astype(np.float64)
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("points must be finite")
    labels = [*np.asarray(before_strata).tolist(), *np.asarray(after_strata).tolist()]
    codes = codes_of(np.asarray(labels), len(first) + len(second), "strata")
    points = np.concatenate([first, second]) if len(first) and len(second) else first
    own, common, labels_drawn = np.zeros(draws + 1), [], []
    for stratum in np.unique(codes) if len(first) and len(second) else ():
        rows = np.flatnonzero(codes == stratum)
        n_first = int(np.count_nonzero(rows < len(first)))
        if min(n_first, len(rows) - n_first) < SMALLEST:
            continue
        is_first = _is_first(n_first, len(rows) - n_first, draws, seed, len(labels_drawn))
        own += _energy(points[rows], is_first)
        common.append(points[rows] - points[rows].mean(axis=0))
        labels_drawn.append(is_first)
    if not labels_drawn:
        return EnergyTest(None, None, 0, f"no prompt has {SMALLEST} answers in both windows")
    pooled = _energy(np.concatenate(common), np.concatenate(labels_drawn, axis=1))
    combined = np.maximum(_standardised(own), _standardised(pooled))
    as_much = np.count_nonzero(combined[1:] >= combined[0] - 1e-9)
    return EnergyTest(max(float(own[0]) / len(labels_drawn), 0.0), (1 + int(as_much)) / (1 + draws), len(labels_drawn))


def _standardised(statistics: Floats) -> Floats:
    """Less their mean, by their standard deviation, the observed one among them; zeros where nothing varies."""
    spread = statistics.std()
    return (statistics - statistics.mean()) / spread if spread > NO_SPREAD else np.zeros_like(statistics)


def _is_first(n_first: int, n_second: int, draws: int, seed: int, number: int) -> NDArray[np.bool_]:
    """(1 + draws, n) which points of a stratum count as of the first sample: as observed, then shuffled."""
    n = n_first + n_second
    keys = bit_stream(seed, f"energy {number} {n}").random_raw(draws * n).reshape(draws, n)
    order = np.concatenate([np.arange(n)[None, :], np.argsort(keys, axis=1, kind="stable")])
    return order < n_first


def _energy(points: Floats, is_first: NDArray[np.bool_]) -> Floats:
    """(r,) energy distances of n points for each row of labels (r, n).

    With weights 1 / n_first and -1 / n_second, -w' D w is 2 E|X - Y| - E|X - X'| - E|Y - Y'|.
    """
    from scipy.spatial.distance import cdist  # here, since it is slow to import and little else needs it

    distances, ends = cdist(points, points), (1 / is_first[0].sum(), -1 / (~is_first[0]).sum())
    parts = []
    for start in range(0, len(is_first), _AT_ONCE):
        weights = np.where(is_first[start : start + _AT_ONCE], *ends)
        parts.append(-np.einsum("ri,ri->r", weights @ distances, weights))
    return np.concatenate(parts)
