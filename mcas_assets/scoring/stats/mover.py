"""Intervals of a share times a gap with normal errors beside it, put together by MOVER (Zou & Donner 2008).

Of more than two groups the mean position of the images takes the place of the share (`positions`).

An image of a concept shows one of two groups, so the mean of the images' values is a share times the gap between the groups.
With n images the rarer group is unseen with chance (1 - share) ** n, and no resampling of the images can know of it. The
interval of the share does: its distances from the estimate, times the gap, are added in squares to Student's t of the rest.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtrit

from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.positions import QUANTILES

SMALLEST_P = 1e-15
_HALVINGS = 50


class Terms(NamedTuple):
    """What k estimates are made of, each of m shares and of normal errors.

    Attributes:
        estimates: (k,).
        shares: (k, m) in [0, 1], as observed.
        counts: (k, m) images that each share is of, above 0.
        gaps: (k, m) by how much the estimate moves when the share goes from 0 to 1; 0 for no part in it.
        correlations: (k, m, m) of the observed shares; 1 on the diagonal.
        variance: (k,) of the normal errors.
        freedom: (k,) degrees of freedom of that variance.
        distances: (2, k, m, q) how far the ends of each share's interval lie below and above it at `positions.QUANTILES`; None
            for Wilson's.
    """

    estimates: Floats
    shares: Floats
    counts: Floats
    gaps: Floats
    correlations: Floats
    variance: Floats
    freedom: Floats
    distances: Floats | None = None


def joined(parts: Sequence[Terms]) -> Terms:
    """The terms of several sets of estimates, one set after the other."""
    *arrays, distances = zip(*parts, strict=True)
    tabulated = None if distances[0] is None else np.concatenate(distances, axis=1)
    return Terms(*map(np.concatenate, arrays), tabulated)


def wilson_ends(shares: Floats, counts: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Wilson's score interval of shares (1927), arrays of one shape, with the normal quantile z of the level."""
    z2 = z * z
    centre = (shares + z2 / (2 * counts)) / (1 + z2 / counts)
    half = z / (1 + z2 / counts) * np.sqrt(shares * (1 - shares) / counts + z2 / (4 * counts * counts))
    return np.minimum(np.maximum(centre - half, 0.0), shares), np.maximum(np.minimum(centre + half, 1.0), shares)


def half_widths(terms: Terms, alpha: Floats) -> tuple[Floats, Floats]:
    """How far the two ends of the interval at level 1 - alpha, (k,) in (0, 1), lie below and above the estimates."""
    z = -ndtri(alpha / 2)[:, None]
    if terms.distances is None:
        low, high = wilson_ends(terms.shares, terms.counts, z)
        falls, rises = terms.shares - low, high - terms.shares
    else:
        falls, rises = _at(terms.distances, z[:, 0])
    size, sign = np.abs(terms.gaps), np.sign(terms.gaps)
    rest = stdtrit(terms.freedom, alpha / 2) ** 2 * terms.variance
    together = terms.correlations * (sign[:, :, None] * sign[:, None, :])
    ends = []
    for distances in (np.where(sign > 0, falls, rises) * size, np.where(sign > 0, rises, falls) * size):
        squares = np.einsum("ki,kij,kj->k", distances, together, distances)
        ends.append(np.sqrt(np.maximum(squares, 0.0) + rest))
    return ends[0], ends[1]


def _at(distances: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Tabulated distances (2, k, m, q) at one quantile a row, (k,): two of (k, m)."""
    place = np.minimum(z / QUANTILES[1], len(QUANTILES) - 1 - 1e-9)
    left, row = place.astype(np.int64), np.arange(len(z))
    part = (place - left)[:, None]
    found = (1 - part) * distances[:, row, :, left].swapaxes(0, 1) + part * distances[:, row, :, left + 1].swapaxes(
        0, 1
    )
    return found[0], found[1]


def mover_ends(terms: Terms, level: float) -> tuple[Floats, Floats]:
    """The two ends (k,) of intervals of nominal coverage `level`, in (0, 1)."""
    below, above = half_widths(terms, np.full(len(terms.estimates), 1 - level))
    return terms.estimates - below, terms.estimates + above


def mover_p_values(terms: Terms, null: float = 0.0) -> Floats:
    """(k,) two-sided p-values in (0, 1] of the hypothesis that the estimated number is `null`.

    They invert the intervals: p <= alpha exactly where the interval of level 1 - alpha does not hold `null`. None is given
    below `SMALLEST_P`.
    """
    away = terms.estimates - null
    low, high = np.full(len(away), np.log(SMALLEST_P)), np.zeros(len(away))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below, above = half_widths(terms, np.exp(middle))
        holds = np.where(away > 0, below, above) >= np.abs(away)
        low, high = np.where(holds, middle, low), np.where(holds, high, middle)
    return np.exp(high)


class Gaps(NamedTuple):
    """The gap between two groups in each of c sets.

    Attributes:
        values: (c,) each set's own, drawn to the mean of all by how unsure it is.
        variances: (c,) of what is not known of it.
        mean: Over the sets, or NaN where none shows both groups.
    """

    values: Floats
    variances: Floats
    mean: float


def pooled_gaps(own: Floats, variances: Floats) -> Gaps:
    """Gaps by a random-effects model (DerSimonian & Laird 1986), each its best linear prediction.

    Args:
        own: (c,) the gap seen in each set; anything where it shows one group only.
        variances: (c,) of those, infinite where a set shows one group only.

    Returns:
        The predictions; a set that shows one group only has the mean, and the spread between sets as its variance.
    """
    seen = np.isfinite(variances)
    if not seen.any():
        return Gaps(np.zeros(len(own)), np.zeros(len(own)), float("nan"))
    # A set without any spread within its groups still does not know its gap for certain.
    weights = 1 / np.maximum(variances[seen], 1e-24)
    gaps = own[seen]
    total = weights.sum()
    mean = (weights * gaps).sum() / total
    spread = (weights * (gaps - mean) ** 2).sum() - (len(gaps) - 1)
    scale = total - (weights**2).sum() / total
    between = max(0.0, float(spread / scale)) if scale > 0 else 0.0
    weights = 1 / (1 / weights + between)
    mean = float((weights * gaps).sum() / weights.sum())
    with np.errstate(invalid="ignore"):
        trust = np.where(seen, between / np.where(seen, variances + between, 1.0), 0.0) if between else 0.0 * own
    values = np.where(seen, trust * np.where(seen, own, 0.0), 0.0) + (1 - trust) * mean
    return Gaps(values, (1 - trust) * between + (1 - trust) ** 2 / weights.sum(), mean)


def satterthwaite(variances: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """Sum of p independent variances (k, p) with their degrees of freedom (k, p), and its own, both (k,) (1946)."""
    total = variances.sum(axis=1)
    spread = (variances**2 / np.maximum(freedom, 1.0)).sum(axis=1)
    return total, np.divide(total**2, spread, out=np.full(len(total), 1e6), where=spread > 0)
