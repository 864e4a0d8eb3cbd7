"""From bootstrap replicates to the two ends of an interval: percentile and BCa, with a small-sample correction.

How the replicates come about belongs in the modules that draw them, such as concept_bootstrap.py.

Influence values are the derivative of a statistic with respect to the weight of one unit, divided by the
number of units, so that their squares add up to the variance. They give the acceleration of BCa for several
samples (Davison & Hinkley 1997, 5.4) and the degrees of freedom (Satterthwaite).
"""

from typing import Literal, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints

Method = Literal["bca", "percentile"]

RESAMPLES = 2_000
MIN_UNITS = 5
"""Fewest independent units (images, seeds or prompts) of an interval. At 4 a nominal 95 % covers about 85 %, since no
resample reaches beyond the data; at 8 about 94 % (tests/scoring/test_coverage.py)."""

FEW_UNITS = f"fewer than {MIN_UNITS} independent images"

MIN_USABLE = 0.9
"""Share of replicates that must hold an image of every set; below it the interval would describe another design."""

_NORMAL = 1e8
"""Degrees of freedom at which Student's t is the normal to all digits."""

FEW_RESAMPLES = f"fewer than {MIN_USABLE:.0%} of the resamples hold an image of every set"


class Ends(NamedTuple):
    """Intervals of k statistics at once. A NaN stands only where `reasons` says why; each field is (k,).

    A p-value, in (0, 1], is the smallest level that is left out of an interval that still holds 0.
    """

    low: Floats
    high: Floats
    standard_error: Floats
    reasons: tuple[str | None, ...]
    p_values: Floats


class Influence(NamedTuple):
    """Influence values of one kind of unit.

    Attributes:
        values: (k, u) for k statistics and u units.
        strata: (u,) the stratum that each unit is resampled in, 0..h-1.
    """

    values: Floats
    strata: Ints


def check_options(level: float, method: str, resamples: int) -> None:
    """Hold the options of an interval to what is meaningful.

    Raises:
        ValueError: Level outside (0, 1), unknown method, or fewer than 2 resamples.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    if method not in ("bca", "percentile"):
        raise ValueError(f"method must be bca or percentile, not {method!r}")
    if resamples < 2:
        raise ValueError(f"resamples must be 2 or more, not {resamples}")


def acceleration(parts: list[Influence]) -> Floats:
    """Acceleration of BCa, (k,): a sixth of the skewness of the influence values of all samples together."""
    centred = [_centred(part) for part in parts]
    cubes = np.add.reduce([(c**3).sum(axis=1) for c in centred])
    squares = np.add.reduce([(c**2).sum(axis=1) for c in centred])
    return cubes / np.where(squares > 0, 6.0 * squares**1.5, 1.0)


def unbiased_variance(parts: list[Influence]) -> tuple[Floats, Floats]:
    """Variance with n - 1 in place of n in every stratum, and its Satterthwaite degrees of freedom, both (k,)."""
    k = len(parts[0].values)
    total, weighted = np.zeros(k), np.zeros(k)
    for part in parts:
        sizes = np.bincount(part.strata)
        squares = _centred(part) ** 2
        variances = np.stack([np.bincount(part.strata, weights=row, minlength=len(sizes)) for row in squares])
        freedom = np.maximum(sizes - 1, 1)
        variances *= sizes / freedom
        total += variances.sum(axis=1)
        weighted += (variances**2 / freedom).sum(axis=1)
    return total, np.divide(total**2, weighted, out=np.full(k, np.inf), where=weighted > 0)


def _centred(part: Influence) -> Floats:
    """Influence values about the mean of their stratum: between strata nothing is resampled."""
    sizes = np.bincount(part.strata)
    means = np.stack([np.bincount(part.strata, weights=row, minlength=len(sizes)) / sizes for row in part.values])
    return part.values - means[:, part.strata]


def interval_ends(
    replicates: Floats,
    estimates: Floats,
    parts: list[Influence],
    level: float,
    method: Method,
    *,
    is_expanded: bool = True,
) -> Ends:
    """Ends of k intervals at once.

    Args:
        replicates: (k, r) bootstrap replicates; NaN where a replicate drew no image of some set.
        estimates: (k,) statistics on the data as they are.
        parts: Influence values of each kind of unit that was resampled.
        level: Nominal coverage.
        method: `percentile`, or `bca` (Efron 1987), which corrects for bias and skewness.
        is_expanded: Widen the tails as Hesterberg (2015, The American Statistician) proposes, since
            resampling n units understates the variance by (n - 1) / n and ignores that it is estimated:
            Student's t in place of the normal. False gives the textbook interval.

    Returns:
        The ends, with a reason where there is no spread or too many replicates are unusable.
    """
    r = replicates.shape[1]
    ordered = np.sort(replicates, axis=1)  # NaN last
    usable = r - np.isnan(ordered).sum(axis=1)
    count = np.maximum(usable, 1)
    gaps = np.isnan(replicates) if usable.min(initial=r) < r else None
    filled = replicates if gaps is None else np.where(gaps, 0.0, replicates)
    squares = (filled - (filled.sum(axis=1) / count)[:, None]) ** 2
    if gaps is not None:
        squares[gaps] = 0.0
    error = np.sqrt(squares.sum(axis=1) / np.maximum(usable - 1, 1))
    flat, few = error < NO_SPREAD, usable < MIN_USABLE * r
    z, scale, freedom = np.full(len(estimates), ndtri((1 + level) / 2)), np.ones(len(estimates)), None
    if is_expanded:
        variance, freedom = unbiased_variance(parts)
        freedom = np.minimum(freedom, _NORMAL)
        scale = np.sqrt(variance / np.where(flat, 1.0, error) ** 2)
        z = stdtrit(freedom, (1 + level) / 2) * scale
    tails = ndtr(-z), ndtr(z)
    bias = skew = np.zeros(len(estimates))
    if method == "bca":
        below = (replicates < estimates[:, None]).sum(axis=1) + 0.5 * (replicates == estimates[:, None]).sum(axis=1)
        bias = ndtri(np.clip(below / count, 1 / (count + 1), count / (count + 1)))
        skew = acceleration(parts)
        # The correction has a pole at skew * (bias + z) = 1; short of it the tail is already past every replicate.
        tails = tuple(ndtr(bias + (bias + s) / np.maximum(1 - skew * (bias + s), 0.05)) for s in (-z, z))
    low, high = (_at(ordered, count, tail) for tail in tails)
    reasons = tuple(FEW_RESAMPLES if f else "zero variance" if v else None for f, v in zip(few, flat, strict=True))
    place = _place_of_zero(replicates, estimates, count, np.where(flat, 1.0, error))
    p_values = _p_values(place, bias, skew, np.where(scale > 0, scale, 1.0), freedom)
    gone = flat | few
    low, high, error, p_values = (np.where(gone, np.nan, column) for column in (low, high, error, p_values))
    return Ends(low, high, error, reasons, p_values)


def student_ends(estimates: Floats, variance: Floats, freedom: Floats, level: float) -> Ends:
    """Student's intervals of k estimates with their estimated variances and degrees of freedom, all (k,)."""
    freedom, error = np.minimum(freedom, _NORMAL), np.sqrt(variance)
    flat = error < NO_SPREAD
    error = np.where(flat, np.nan, error)
    half = stdtrit(freedom, (1 + level) / 2) * error
    p_values = np.clip(2 * stdtr(freedom, -np.abs(estimates) / error), 1e-300, 1.0)
    reasons = tuple("zero variance" if one else None for one in flat)
    return Ends(estimates - half, estimates + half, error, reasons, p_values)


def _place_of_zero(replicates: Floats, estimates: Floats, count: Ints, error: Floats) -> Floats:
    """(k,) normal quantile of 0 among the replicates; beyond all of them, by standard errors from the estimate."""
    below = (replicates < 0).sum(axis=1) + 0.5 * (replicates == 0).sum(axis=1)
    outermost = ndtri(count / (count + 1))
    beyond = np.maximum(np.abs(estimates) / error, outermost)
    inside = ndtri(np.clip(below / count, 1 / (count + 1), count / (count + 1)))
    return np.select([below == 0, below == count], [-beyond, beyond], inside)


def _p_values(place: Floats, bias: Floats, skew: Floats, scale: Floats, freedom: Floats | None) -> Floats:
    """(k,) two-sided p-values of 0: its place among the replicates, taken back through what moves the ends of an interval."""
    moved = place - bias
    # The ends stand at bias + y / (1 - skew * y) with y = bias + z: solved for z.
    z = np.abs(moved / np.maximum(1 + skew * moved, 0.05) - bias) / scale
    tail = ndtr(-z) if freedom is None else stdtr(freedom, -z)
    return np.clip(2 * tail, 1e-300, 1.0)


def _at(ordered: Floats, count: Ints, probability: Floats) -> Floats:
    """The quantile of each sorted row at (n + 1) p, between its first and last usable replicate."""
    position = np.clip((count + 1) * probability - 1, 0, count - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    row = np.arange(len(ordered))
    share = position - below
    return ordered[row, below] * (1 - share) + ordered[row, above] * share
