"""How often a system declines, and whether it declines some more than others.

Requests that passing trouble took are no decisions: they are left out of the rate, and bound it. Where several prompts
stand behind a rate, images of one prompt are not independent, so intervals are widened by the design effect that the
prompts' own rates show, and sets of prompts are compared by permuting prompts.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcas_assets.scoring.shares.representation import missing_bounds, wilson_interval
from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.permutation import permutation_test

Unit = Literal["prompt"]

NOTHING_DECIDED = "no request was decided"
FEWEST_PROMPTS = 4
"""Of each set, for a test: four against four is the least that allows a two-sided p-value below 5 % (2 / 70)."""

TOO_FEW = f"not tested: that takes {FEWEST_PROMPTS} prompts on each side"


@dataclass(frozen=True)
class Decided:
    """What a system decided on the requests of one prompt, or of several.

    Attributes:
        refused: Requests that it declined, one entry a prompt.
        decided: Requests that it declined or drew, one entry a prompt.
        lost: Requests, of all prompts together, that came to neither.
    """

    refused: tuple[int, ...]
    decided: tuple[int, ...]
    lost: int = 0

    def __post_init__(self) -> None:
        """Hold the counts to what is possible.

        Raises:
            ValueError: Counts that do not belong together.
        """
        pairs = list(zip(self.refused, self.decided, strict=True))
        if self.lost < 0 or any(not 0 <= refused <= decided for refused, decided in pairs):
            raise ValueError(f"refused must be within decided, and lost 0 or more, not {pairs} and {self.lost}")

    @property
    def n_prompts(self) -> int:
        """Prompts with at least one decision."""
        return sum(1 for decided in self.decided if decided)

    def shares(self) -> Floats:
        """(n_prompts,) refusal rate of each prompt with a decision."""
        pairs = zip(self.refused, self.decided, strict=True)
        return np.array([refused / decided for refused, decided in pairs if decided], dtype=np.float64)


@dataclass(frozen=True)
class RefusalRate:
    """The share of decided requests that were declined.

    Attributes:
        rate: In [0, 1], or None.
        low, high: Wilson interval of the rate, widened by the design effect; or None.
        least, most: Share of all requests that were declined if none, or all, of the lost ones would have been.
        n_effective: Independent requests that the interval rests on, at most those decided.
        reason: Why there is no rate, or None.
    """

    rate: float | None
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    n_effective: float
    reason: str | None = None


@dataclass(frozen=True)
class RefusalDisparity:
    """One refusal rate against another.

    Attributes:
        difference: First rate less second, in [-1, 1], or None.
        low, high: Newcombe interval of the difference, or None.
        ratio: First rate by second, or None.
        p_value: Of a two-sided permutation test that the rates are equal, in (0, 1]; None also where a set has fewer than
            `FEWEST_PROMPTS`. Requests of one prompt share its wording, so a test that exchanged them would call equal
            rates unequal in up to half of all cases.
        unit: What the test permutes, or None.
        reason: Why there is no difference, or no test of it; or None.
        ratio_reason: Why there is no ratio, or None.
    """

    difference: float | None
    low: float | None
    high: float | None
    ratio: float | None
    p_value: float | None
    unit: Unit | None
    reason: str | None = None
    ratio_reason: str | None = None


def refusal_rate(counts: Decided, *, level: float = 0.95) -> RefusalRate:
    """The refusal rate of a set of prompts with its interval.

    Args:
        counts: What was decided.
        level: Nominal coverage.

    Returns:
        The rate. Its interval is Wilson's (1927) with the effective sample size n / deff (Rao & Scott 1992); deff is
        the variance of the rate between prompts by that of independent requests, at least 1. Where all prompts agree
        (all drawn, or all declined) the data show no deff, and 1 is taken.
    """
    refused, decided = sum(counts.refused), sum(counts.decided)
    least = most = None
    if decided + counts.lost:
        least, most = missing_bounds(refused, decided, counts.lost)
    if not decided:
        reason = NOTHING_DECIDED if counts.lost else "nothing was requested"
        return RefusalRate(None, None, None, least, most, 0.0, reason)
    rate = refused / decided
    n = decided / design_effect(counts)
    low, high = wilson_interval(rate * n, n, level=level)
    return RefusalRate(rate, low, high, least, most, n)


def design_effect(counts: Decided) -> float:
    """By how much the variance of a rate over several prompts exceeds that of as many independent requests, >= 1.

    The linearised variance of a ratio of cluster totals (Cochran 1977, 6.4): k / (k - 1) sum (x - p n)^2 / N^2.
    """
    refused, decided = np.array(counts.refused, dtype=np.float64), np.array(counts.decided, dtype=np.float64)
    total, k = decided.sum(), counts.n_prompts
    rate = refused.sum() / total if total else 0.0
    if k < 2 or rate in (0.0, 1.0):
        return 1.0
    between = k / (k - 1) * ((refused - rate * decided) ** 2).sum() / total**2
    return max(1.0, float(between * total / (rate * (1 - rate))))


def refusal_disparity(first: Decided, second: Decided, *, level: float = 0.95, seed: int = 0) -> RefusalDisparity:
    """Is one set of prompts declined more often than another?

    Args:
        first: The set that is asked about.
        second: What it is held against; no request is in both.
        level: Nominal coverage.
        seed: Of the permutations, where they are too many to count.

    Returns:
        The difference with the interval of Newcombe (1998, method 10) from the two rates' own intervals, and the test that
        permutes prompts, where both sets hold enough of them.
    """
    one, two = (refusal_rate(counts, level=level) for counts in (first, second))
    if one.rate is None or two.rate is None:
        reason = one.reason if one.rate is None else f"what it is held against: {two.reason}"
        return RefusalDisparity(None, None, None, None, None, None, reason, reason)
    assert one.low is not None
    assert one.high is not None
    assert two.low is not None
    assert two.high is not None
    difference = one.rate - two.rate
    low = difference - float(np.hypot(one.rate - one.low, two.high - two.rate))
    high = difference + float(np.hypot(one.high - one.rate, two.rate - two.low))
    ratio = one.rate / two.rate if two.rate else None
    p_value = _p_value(first, second, seed)
    unit: Unit | None = None if p_value is None else "prompt"
    ratio_reason = None if ratio is not None else "nothing was refused of what it is held against"
    return RefusalDisparity(
        difference, max(low, -1.0), min(high, 1.0), ratio, p_value, unit,
        TOO_FEW if p_value is None else None, ratio_reason,
    )  # fmt: skip


def _p_value(first: Decided, second: Decided, seed: int) -> float | None:
    if min(first.n_prompts, second.n_prompts) < FEWEST_PROMPTS:
        return None
    p_value = permutation_test(first.shares(), second.shares(), seed=seed).value
    # Nothing varies: every partition is as extreme as the one observed.
    return 1.0 if p_value is None else p_value
