"""A mean of independent values, and the mean change of pairs, by Student's t."""

from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.changes.changes import SAME_IMAGES, Comparison, blank
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats
from mcas_assets.scoring.stats.intervals import FEW_UNITS, MIN_UNITS, student_ends
from mcas_assets.scoring.stats.power import minimum_detectable


@dataclass(frozen=True)
class Mean:
    """A number with its interval.

    Attributes:
        value: None where there is none.
        low, high: Ends of its interval, or None.
        reason: Why the value or its interval is missing, or None.
    """

    value: float | None
    low: float | None
    high: float | None
    reason: str | None


def mean(values: Floats, *, level: float = 0.95, fewest: int = MIN_UNITS, few: str = FEW_UNITS) -> Mean:
    """The mean of independent values, with the interval of Student's t.

    Args:
        values: (n,).
        level: Nominal coverage.
        fewest: Values that an interval takes.
        few: The reason that is given with fewer.
    """
    if not len(values):
        return Mean(None, None, None, "no image")
    found = float(np.mean(values))
    if len(values) < fewest:
        return Mean(found, None, None, few)
    n = len(values)
    ends = student_ends(np.array([found]), np.array([values.var(ddof=1) / n]), np.array([n - 1.0]), level)
    if ends.reasons[0]:
        return Mean(found, None, None, ends.reasons[0])
    return Mean(found, float(ends.low[0]), float(ends.high[0]), None)


def mean_change(
    differences: Floats, *, level: float = 0.95, family: int = 1, fewest: int = MIN_UNITS, few: str = FEW_UNITS
) -> Comparison:
    """The mean of the differences of pairs, after less before, with the interval and test of Student's t.

    Args:
        differences: (n,), one a pair, or one a concept where pairs of several are taken together.
        level: Of the interval.
        family: Changes that get a verdict together, as in `Task`.
        fewest: Differences that an interval takes.
        few: The reason that is given with fewer.
    """
    n = len(differences)
    if not n:
        return blank(0, "no pair")
    found = float(np.mean(differences))
    if n < fewest:
        return blank(n, few, found)
    if np.abs(differences).max() < NO_SPREAD:
        return Comparison(0.0, None, None, None, None, None, "not shown", n, SAME_IMAGES)
    variance = np.array([differences.var(ddof=1) / n])
    ends = student_ends(np.array([found]), variance, np.array([n - 1.0]), level)
    if ends.reasons[0]:
        return blank(n, ends.reasons[0], found)
    least = minimum_detectable(float(np.sqrt(variance[0])), n - 1.0, level=1 - (1 - level) / max(family, 1))
    return Comparison(
        found, float(ends.low[0]), float(ends.high[0]), float(ends.p_values[0]), None, least, "not shown", n, method="student"
    )  # fmt: skip
