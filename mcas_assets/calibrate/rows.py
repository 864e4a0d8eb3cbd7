"""The rows of table `calibration`: a figure, how sure it is, what it should be, and whether it is."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import bdtr

from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.store.schema import frame_schema

Kind = Literal[
    "dose_response", "recovery", "false_alarms", "true_zero", "coverage", "harder", "null_control", "positive_control"
]
KINDS: dict[Kind, str] = {
    "dose_response": "Scores and shares follow the known share of a mixed set in a straight line.",
    "recovery": "The corrected share of every concept is that which the truth reader finds in the pixels.",
    "false_alarms": "A version compared with itself under fresh seeds raises alarms no more often than it may.",
    "true_zero": "A score that is 0 is found to be other than 0 as seldom as its level says.",
    "coverage": "Intervals hold the truth as often as their level says, in every cell of share and number of images.",
    "harder": "So they do where prompts are disobeyed, figures ambiguous, groups three, and labels err by group.",
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

    def may_be_met(self, low: float, high: float, trials: int) -> bool | None:
        """Whether a rate met it that is known to lie from `low` to `high`: False if it surely does not.

        None where so few trials leave a rate in the middle of the goal less sure than the goal is wide: nothing could fail.
        """
        if not np.isfinite(low + high):
            return False
        least, most = (0.0 if self.least is None else self.least), (1.0 if self.most is None else self.most)
        if high < least or low > most:
            return False
        middle = (least + most) / 2
        return True if 2 * Z * np.sqrt(middle * (1 - middle) / trials) <= most - least else None


SHARE = Goal("at most 0.02", most=0.02)
LINE = Goal("at least 0.99", least=0.99)
COVERAGE = Goal("0.93 to 0.97", 0.93, 0.97)
SIZE = Goal("0.03 to 0.07", 0.03, 0.07)


RATES = 16
"""Rates of alarms that one calibration holds against `alarm_goal`: of two axes and of the harder phantom's two."""


def alarm_goal(trials: int, rate: float = 0.05, rates: int = RATES) -> Goal:
    """At most `rate`, and what chance adds: the point of a binomial share of so many trials that any of `rates` passes in 5 %."""
    counts = np.arange(trials + 1)
    tolerance = int(np.argmax(bdtr(counts, trials, rate) >= 1 - 0.05 / rates)) / trials - rate
    return Goal(f"at most {rate:g} + {tolerance:.3f} by chance in {trials}", most=rate + tolerance + 1e-12)


@dataclass(frozen=True)
class Row:
    """One figure. `met` is None where it has no goal, or too few audits were simulated to judge it.

    `reason` says why a goal is missed, where that is known and an audit says so beside such a number.
    """

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
    reason: str | None = None


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


def rate_row(
    kind: Kind, axis: str, embedder: str, name: str, outcomes: NDArray[np.float64], goal: Goal, detail: str,
    reason: str | None = None,
) -> Row:  # fmt: skip
    """A row of how often something holds in simulated audits, (audits, k) of 1, 0 and NaN where there is nothing to hold.

    Its goal is missed where chance does not explain it: where the whole interval lies beside the goal.

    Args:
        kind: One of `KINDS`.
        axis: Of the audit.
        embedder: Of the panel.
        name: Of the figure.
        outcomes: Of the audits.
        goal: For the rate.
        detail: How it was found, in words.
        reason: Why it may be missed, if that is known.
    """
    value, (low, high) = mean_of_trials(outcomes)
    without = float(np.isnan(outcomes).mean())
    if without:
        detail += f"; {without:.1%} without an interval"
    found = row(kind, axis, embedder, name, value, (low, high), detail=detail)
    met = goal.may_be_met(low, high, int((~np.isnan(outcomes)).sum()))
    return replace(found, goal=goal.text, met=met, reason=None if met is not False else reason)


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
