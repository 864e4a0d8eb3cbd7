"""Shares corrected for the errors of the labels (Rogan & Gladen 1978), for any number of groups.

The confusion matrix is measured on images whose group is known: the model's own attribute images, whose
prompt is the label. That matrix is itself an estimate, and its error enters the interval beside that of the
shares.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from mcas_assets.scoring.stats.arrays import Floats

BLIND = 1e6
"""Condition number of the confusion matrix beyond which the labels tell the groups apart too poorly to correct."""

ROUNDS = 200


@dataclass(frozen=True)
class CorrectedShares:
    """Shares of k groups with label error removed. A NaN stands only beside a reason.

    Attributes:
        shares: (k,) in [0, 1], summing to 1.
        low, high: (k,) ends of the intervals, in [0, 1].
        standard_error: (k,) with both sources of error.
        reason: Why there are no shares, or None.
    """

    shares: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    reason: str | None = None


def corrected_shares(answers: ArrayLike, confusion: ArrayLike, *, level: float = 0.95) -> CorrectedShares:
    """Shares of the true groups, given what the labeller answered and how it errs.

    Args:
        answers: (j,) counts of the labeller's answers on the images of a concept, the k groups first; a
            further answer may be abstention, if it is counted in `confusion` too.
        confusion: (k, j) counts, row = true group of an image, column = answer.
        level: Nominal coverage.

    Returns:
        The shares with maximum likelihood over the simplex, and intervals by the delta method on smoothed
        counts: the Agresti-Coull form of Lang & Reiczigel (2014), carried over from two groups to k. For two
        groups they are theirs.

    Raises:
        ValueError: Negative counts, shapes that do not match, or a level outside (0, 1).
    """
    seen, table = np.asarray(answers, dtype=np.float64), np.asarray(confusion, dtype=np.float64)
    if seen.ndim != 1 or table.ndim != 2 or table.shape[1] != len(seen) or not 2 <= len(table) <= len(seen):
        raise ValueError(f"confusion must be (groups, answers) for (answers,), not {table.shape} for {seen.shape}")
    if (seen < 0).any() or (table < 0).any() or not np.isfinite(seen).all() or not np.isfinite(table).all():
        raise ValueError("answers and confusion must be finite counts of 0 or more")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    k, j = table.shape
    if seen.sum() == 0:
        return _none(k, "no image was labelled")
    if (table.sum(axis=1) == 0).any():
        return _none(k, f"no image of known group {int(np.flatnonzero(table.sum(axis=1) == 0)[0])}")
    z2 = float(ndtri((1 + level) / 2)) ** 2
    rates = table / table.sum(axis=1, keepdims=True)
    if np.linalg.cond(rates) > BLIND:
        return _none(k, "the labels do not tell the groups apart")
    estimate = _maximum_likelihood(seen, rates)
    # Two pseudo-counts per row of the matrix and z^2 for the answers, spread evenly.
    known, n = table.sum(axis=1) + 2, seen.sum() + z2
    smooth_rates = (table + 2 / j) / known[:, None]
    share = (seen + z2 / j) / n
    inverse = _weighted_inverse(smooth_rates, share)
    centre = inverse @ share
    inside = np.clip(centre, 0, 1)
    centre = centre + _bias(inverse, smooth_rates, inside, known, z2)
    covariance = (np.diag(share) - np.outer(share, share)) / n
    for weight, row, size in zip(inside, smooth_rates, known, strict=True):
        covariance = covariance + weight**2 * (np.diag(row) - np.outer(row, row)) / size
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", inverse, covariance, inverse), 0))
    half = np.sqrt(z2) * error
    low, high = np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
    return CorrectedShares(estimate, np.minimum(low, estimate), np.maximum(high, estimate), error)


def _none(k: int, reason: str) -> CorrectedShares:
    blank = np.full(k, np.nan)
    return CorrectedShares(blank, blank, blank, blank, reason)


def _weighted_inverse(rates: Floats, share: Floats) -> Floats:
    """(k, j) weighted least-squares inverse of shares -> answers; the plain inverse where there are as many answers."""
    weights = 1 / np.maximum(share, 1e-12)
    return np.linalg.solve((rates * weights) @ rates.T, rates * weights)


def _bias(inverse: Floats, rates: Floats, shares: Floats, known: Floats, z2: float) -> Floats:
    """Shift of the centre by the curvature of the inverse, 2 z^2 x its first-order bias (Lang & Reiczigel's dp)."""
    if rates.shape != (2, 2):
        return np.zeros(len(shares))
    positive = shares[0] * rates[0, 0] * (1 - rates[0, 0]) / known[0]
    negative = shares[1] * rates[1, 1] * (1 - rates[1, 1]) / known[1]
    shift = 2 * z2 * (positive - negative)
    return np.array([shift, -shift])


def _maximum_likelihood(seen: Floats, rates: Floats) -> Floats:
    """Shares on the simplex that make the answers most likely.

    The matrix inverse is the answer where it lies on the simplex; at the border the likelihood is climbed by
    EM.
    """
    k, j = rates.shape
    if k == j:
        shares = np.linalg.solve(rates.T, seen / seen.sum())
        if (shares >= 0).all():
            return shares / shares.sum()
    shares = np.full(k, 1 / k)
    for _ in range(ROUNDS):
        expected = np.maximum(shares @ rates, 1e-300)
        shares = shares * (rates @ (seen / expected)) / seen.sum()
        shares /= shares.sum()
    return shares
