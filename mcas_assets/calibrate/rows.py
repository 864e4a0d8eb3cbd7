"""The rows of table `calibration`: a figure, how sure it is, what it should be, and whether it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import bdtr

from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.store.schema import frame_schema

Kind = Literal["dose_response", "recovery", "false_alarms", "coverage", "null_control", "positive_control"]
KINDS: dict[Kind, str] = {
    "dose_response": "Scores and shares follow the known share of a mixed set in a straight line.",
    "recovery": "The corrected share of every concept is that which the truth reader finds in the pixels.",
    "false_alarms": "A version compared with itself under fresh seeds raises alarms no more often than it may.",
    "coverage": "Intervals hold the truth as often as their level says.",
    "null_control": "An axis without meaning is found significant no more often than it may be.",
    "positive_control": "The texts of an embedder made biased show the bias that was planted.",
}
"""What each kind of figure shows. Each is one asset check."""

Z = 1.959963984540054  # of a two-sided 95 % interval


@dataclass(frozen=True)
class Goal:
    """What a figure should be.

    Attributes:
        text: For people.
        least, most: Bounds, either may be None.
    """

    text: str
    least: float | None = None
    most: float | None = None

    def is_met(self, value: float | None) -> bool:
        """Whether a figure meets it; one that is missing does not."""
        if value is None or not np.isfinite(value):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


SHARE = Goal("at most 0.02", most=0.02)
LINE = Goal("at least 0.99", least=0.99)
COVERAGE = Goal("0.93 to 0.97", 0.93, 0.97)


def alarm_goal(trials: int, rate: float = 0.05) -> Goal:
    """At most `rate`, and what chance adds to it: the 95 % point of a binomial share of so many trials."""
    counts = np.arange(trials + 1)
    tolerance = int(np.argmax(bdtr(counts, trials, rate) >= 0.95)) / trials - rate
    return Goal(f"at most {rate:g} + {tolerance:.3f} by chance in {trials}", most=rate + tolerance + 1e-12)


@dataclass(frozen=True)
class Row:
    """One figure. `met` is None where it has no goal."""

    kind: Kind
    axis: str | None
    embedder: str | None
    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    goal: str | None = None
    met: bool | None = None
    detail: str = ""


def row(
    kind: Kind,
    axis: str | None,
    embedder: str | None,
    name: str,
    value: float | None,
    ends: tuple[float | None, float | None] = (None, None),
    goal: Goal | None = None,
    detail: str = "",
    judged: float | None = None,
) -> Row:
    """A row whose `met` follows from its goal. What is not finite is missing.

    Args:
        kind: One of `KINDS`.
        axis: Of the audit, or None.
        embedder: Of the panel, or None.
        name: Of the figure.
        value: The figure.
        ends: Of its 95 % interval.
        goal: What it should be, or None.
        detail: How it was found, in words.
        judged: What is held against the goal, if not the figure itself (the end of an interval).
    """
    known, low, high = (None if x is None or not np.isfinite(x) else float(x) for x in (value, *ends))
    met = None if goal is None else goal.is_met(known if judged is None else judged)
    return Row(kind, axis, embedder, name, known, low, high, goal.text if goal else None, met, detail)


def frame(rows: Sequence[Row], system_version: str) -> pl.DataFrame:
    """The rows of the table."""
    records = [{"system_version": system_version, **asdict(one)} for one in rows]
    return pl.DataFrame(records, schema=frame_schema("calibration"))


def mean_of_trials(values: NDArray[np.float64]) -> tuple[float, tuple[float, float]]:
    """Mean of outcomes (trials, k) with its 95 % interval; the k outcomes of one trial need not be independent.

    NaN is an outcome that is not there. With one outcome a trial, each 0 or 1, the interval is Wilson's.
    """
    known = values[~np.isnan(values).all(axis=1)]
    if not len(known):
        return float("nan"), (float("nan"), float("nan"))
    if known.shape[1] == 1:
        return float(known.mean()), wilson_interval(float(known.sum()), len(known))
    by_trial = np.nanmean(known, axis=1)
    # A ratio estimate: trials with fewer outcomes weigh less.
    sizes = (~np.isnan(known)).sum(axis=1)
    mean = float(np.nansum(known) / sizes.sum())
    residual = (by_trial - mean) * sizes / sizes.mean()
    error = float(np.sqrt((residual**2).sum() / max(len(known) - 1, 1) / len(known)))
    return mean, (mean - Z * error, mean + Z * error)
