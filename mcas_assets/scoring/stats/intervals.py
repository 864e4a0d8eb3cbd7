"""From bootstrap replicates to the two ends of an interval: percentile and BCa, with a small-sample correction.

How the replicates come about belongs in the modules that draw them, such as concept_bootstrap.py.

Influence values are the derivative of a statistic with respect to the weight of one unit, divided by the
number of units, so that their squares add up to the variance. They give the acceleration of BCa for several
samples (Davison & Hinkley 1997, 5.4) and the degrees of freedom (Satterthwaite).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints

Method = Literal["bca", "percentile"]

RESAMPLES = 2_000
MIN_UNITS = 5
"""Fewest independent units (images, seeds or prompts) of an interval. At 4 a nominal 95 % covers about 85 %, since no
resample reaches beyond the data; at 8 about 94 % (tests/scoring/test_coverage.py)."""

FEW_UNITS = f"fewer than {MIN_UNITS} independent images"

MIN_USABLE = 0.9
"""Share of replicates that must hold an image of every set; below it the interval would describe another design."""

FEW_RESAMPLES = f"fewer than {MIN_USABLE:.0%} of the resamples hold an image of every set"


@dataclass(frozen=True)
class Interval:
    """A bootstrap interval, or the reason why there is none.

    Attributes:
        estimate: The statistic on the data as they are, or None.
        low, high: Ends of the interval, low <= high, or None.
        standard_error: Standard deviation of the replicates, or None.
        level: Nominal coverage, for example 0.95.
        method: `bca` or `percentile`.
        resamples: Replicates drawn.
        reason: Why the ends are None, or None.
    """

    estimate: float | None
    low: float | None
    high: float | None
    standard_error: float | None
    level: float
    method: Method
    resamples: int
    reason: str | None = None


class Ends(NamedTuple):
    """Intervals of k statistics at once. A NaN stands only where `reasons` says why; each field is (k,)."""

    low: Floats
    high: Floats
    standard_error: Floats
    reasons: tuple[str | None, ...]


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
    z = np.full(len(estimates), ndtri((1 + level) / 2))
    if is_expanded:
        variance, freedom = unbiased_variance(parts)
        t = np.where(np.isinf(freedom), z, stdtrit(np.where(np.isinf(freedom), 1.0, freedom), (1 + level) / 2))
        z = t * np.sqrt(variance / np.where(flat, 1.0, error) ** 2)
    tails = ndtr(-z), ndtr(z)
    if method == "bca":
        below = (replicates < estimates[:, None]).sum(axis=1) + 0.5 * (replicates == estimates[:, None]).sum(axis=1)
        bias = ndtri(np.clip(below / count, 1 / (count + 1), count / (count + 1)))
        skew = acceleration(parts)
        # The correction has a pole at skew * (bias + z) = 1; short of it the tail is already past every replicate.
        tails = tuple(ndtr(bias + (bias + s) / np.maximum(1 - skew * (bias + s), 0.05)) for s in (-z, z))
    low, high = (_at(ordered, count, tail) for tail in tails)
    reasons = tuple(FEW_RESAMPLES if f else "zero variance" if v else None for f, v in zip(few, flat, strict=True))
    gone = flat | few
    return Ends(*(np.where(gone, np.nan, column) for column in (low, high, error)), reasons)


def _at(ordered: Floats, count: Ints, probability: Floats) -> Floats:
    """The quantile of each sorted row at (n + 1) p, between its first and last usable replicate."""
    position = np.clip((count + 1) * probability - 1, 0, count - 1)
    below = np.floor(position).astype(np.int64)
    above = np.minimum(below + 1, count - 1)
    row = np.arange(len(ordered))
    share = position - below
    return ordered[row, below] * (1 - share) + ordered[row, above] * share
