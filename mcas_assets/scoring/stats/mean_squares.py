"""Mean squares over sets that may share their conditions, with degrees of freedom, and intervals of differences of two of them.

A mean square of one set of normal values is a multiple of chi-square. The mean over sets is nearly so, with more degrees of freedom
the less the sets have in common: Satterthwaite's (1946), from the sets' covariance matrix (Box 1954, Annals of Mathematical
Statistics 25: 290).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from mcas_assets.scoring.stats.arrays import Floats


class MeanSquare(NamedTuple):
    """An estimate of a variance.

    Attributes:
        value: 0 or more.
        freedom: Its degrees of freedom, above 0.
    """

    value: float
    freedom: float

    def ends(self, level: float) -> tuple[float, float]:
        """Its interval at nominal coverage `level`, by chi-square."""
        tail = (1 - level) / 2
        low, high = (float(chdtri(self.freedom, upper)) for upper in (tail, 1 - tail))
        return self.value * self.freedom / low, self.value * self.freedom / max(high, np.finfo(float).tiny)


def pooled(errors: Sequence[Floats], freedom: float) -> MeanSquare:
    """The mean over k sets of the sum of squares of their errors by `freedom`.

    Args:
        errors: Of each set (u,), of sum 0 within it; the j-th of all sets belong to one condition, where they share it.
        freedom: Of one set, above 0.
    """
    k = len(errors)
    if len({len(own) for own in errors}) > 1:  # nothing to hold beside one another: they may share everything
        return MeanSquare(float(np.mean([own @ own for own in errors])) / freedom, freedom)
    together = np.stack(errors)
    covariance = together @ together.T / freedom
    trace = float(np.trace(covariance))
    if not trace > 0:
        return MeanSquare(0.0, freedom)
    # The squares of an estimated covariance are too large by what is not known of it, so the degrees are rather too few.
    shared = trace**2 / float((covariance**2).sum())
    return MeanSquare(trace / k, freedom * float(np.clip(shared, 1.0, k)))


def added(parts: Sequence[MeanSquare]) -> MeanSquare:
    """The sum of independent mean squares (Satterthwaite 1946)."""
    total = sum(part.value for part in parts)
    spread = sum(part.value**2 / part.freedom for part in parts)
    return MeanSquare(total, total**2 / spread if spread > 0 else min(part.freedom for part in parts))


def difference_ends(first: MeanSquare, second: MeanSquare, level: float) -> tuple[float, float]:
    """Interval of the first variance less the second, not below 0, from their chi-square intervals (Zou & Donner 2008)."""
    (low, high), (other_low, other_high) = first.ends(level), second.ends(level)
    apart = first.value - second.value
    below = np.hypot(first.value - low, other_high - second.value)
    above = np.hypot(high - first.value, second.value - other_low)
    return max(0.0, apart - float(below)), max(0.0, apart + float(above))
