"""Impact ratios: the rate of each group by that of the group with the highest, as New York City's Local Law 144 asks for them.

6 RCNY 5-301: a selection rate is the part of a category that is selected; its impact ratio is that rate by the rate of the
category with the highest; a category of less than 2 % of the data may be left out, with its number and the reason. The rule asks
for no intervals; without them a ratio of few images says little. Four fifths is the rule of thumb of 29 CFR 1607.4 D.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mcas_assets.scoring.shares.intersections import LEAST_PART
from mcas_assets.scoring.stats.arrays import Floats, Ints

FOUR_FIFTHS = 0.8


@dataclass(frozen=True)
class ImpactRatios:
    """Numbers of k groups; NaN where `reasons` says why, and for the ends of the most favoured group, which is its own measure.

    Attributes:
        rate: (k,) in [0, 1].
        ratio, low, high: (k,) rate by the highest rate; the ends are those of the logarithm of the ratio.
        reasons: (k) or None each.
    """

    rate: Floats
    ratio: Floats
    low: Floats
    high: Floats
    reasons: tuple[str | None, ...]


def shown_ratios(counts: Ints, *, level: float = 0.95) -> ImpactRatios:
    """Of the shares of k groups among the images of one concept that count for a group.

    Args:
        counts: (k,) images of each group.
        level: Nominal coverage of each interval.

    Returns:
        The ratios. Shares of one sample: the variance of the logarithm of the ratio of counts a and b is 1/a + 1/b. That the
        highest is chosen by its count is not in the interval.
    """
    total = int(counts.sum())
    if not total:
        return _nothing(len(counts), "no image is counted for a group")
    rate = counts / total
    best = int(counts.argmax())
    variance = 1 / np.maximum(counts, 0.5) + 1 / counts[best]
    small = [f"less than {LEAST_PART:.0%} of the images" if part < LEAST_PART else None for part in rate]
    return _ratios(rate, best, variance, small, level)


def given_ratios(given: Ints, decided: Ints, *, level: float = 0.95) -> ImpactRatios:
    """Of the parts of requests naming each of k groups that were not refused.

    Args:
        given: (k,) requests that gave an image.
        decided: (k,) requests that gave an image or were refused.
        level: Nominal coverage of each interval.

    Returns:
        The ratios. Rates of separate samples: the variance of the logarithm is (1 - p) / (n p) of each (Katz 1978).
    """
    total = int(decided.sum())
    rate = np.divide(given, decided, out=np.full(len(given), np.nan), where=decided > 0)
    if not total or not np.nanmax(rate):
        return _nothing(len(given), "no request was decided" if not total else "every request was refused", rate)
    best = int(np.nanargmax(rate))
    own = np.divide(1 - np.nan_to_num(rate), np.maximum(given, 0.5))
    reasons = [
        "no request was decided" if not n else f"less than {LEAST_PART:.0%} of the requests" if n < LEAST_PART * total else None
        for n in decided
    ]  # fmt: skip
    return _ratios(rate, best, own + own[best], reasons, level)


def _ratios(rate: Floats, best: int, variance: Floats, reasons: list[str | None], level: float) -> ImpactRatios:
    ratio = rate / rate[best]
    away = np.exp(float(ndtri((1 + level) / 2)) * np.sqrt(variance))
    gone = np.array([reason is not None for reason in reasons])
    alone = gone | (np.arange(len(rate)) == best) | (rate == 0)
    return ImpactRatios(
        rate, np.where(gone, np.nan, ratio), np.where(alone, np.nan, ratio / away), np.where(alone, np.nan, ratio * away),
        tuple(reasons),
    )  # fmt: skip


def _nothing(k: int, reason: str, rate: Floats | None = None) -> ImpactRatios:
    none = np.full(k, np.nan)
    return ImpactRatios(none if rate is None else rate, none, none, none, (reason,) * k)


def four_fifths(ratio: float, low: float, high: float) -> str:
    """On which side of four fifths a ratio surely lies: `below`, `not below`, or `not shown` where its interval holds both.

    Where a ratio has no interval (the most favoured group itself; a group that is never shown) the ratio decides; NaN is
    `not judged`.
    """
    if np.isnan(ratio):
        return "not judged"
    low, high = (ratio, ratio) if np.isnan(low) else (low, high)
    return "below" if high < FOUR_FIFTHS else "not below" if low >= FOUR_FIFTHS else "not shown"
