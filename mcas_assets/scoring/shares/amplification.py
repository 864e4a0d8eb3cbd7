"""Does the model show more of a group than a reference population holds? Signed, in points, log-odds and direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

from mcas_assets.scoring.stats.arrays import Floats, as_vector
from mcas_assets.scoring.stats.divergence import check_shares

ERASED = 0.2
"""A group is called erased when even the upper end of its share is below this part of its reference share."""
NO_ASSOCIATION = "the population associates no concept with a group"


@dataclass(frozen=True)
class Amplification:
    """A share against the share of one reference population.

    Attributes:
        difference: share - reference, in [-1, 1]; positive = more than in the population.
        low, high: The same for the ends of the share's interval, or None.
        log_odds: logit(share) - logit(reference), or None.
        log_odds_low, log_odds_high: The same for the ends of the share's interval, since the logit keeps order; None where an
            end is 0 or 1, whose logit is not finite.
        ratio: share / reference, or None where the reference is 0.
        is_erased: Whether the population holds the group and the model all but does not, or None without an
            interval.
        reason: Why `log_odds` is None, or None.
    """

    difference: float
    low: float | None
    high: float | None
    log_odds: float | None
    ratio: float | None
    is_erased: bool | None
    reason: str | None = None
    log_odds_low: float | None = None
    log_odds_high: float | None = None


def amplification(
    share: float,
    reference: float,
    *,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    erased: float = ERASED,
) -> Amplification:
    """Hold the share of one group against a reference share.

    Args:
        share: Of the group, in [0, 1], corrected or not.
        reference: Of the group in the population, in [0, 1].
        low: Lower end of the share's interval, if known.
        high: Its upper end.
        n: Images behind the share. With it the log-odds take half an image to each side (Haldane 1956), so
            that a share of 0 or 1 has one; without it they are None there.
        erased: See `ERASED`.

    Returns:
        The signed differences.

    Raises:
        ValueError: A share outside [0, 1].
    """
    for name, value in (("share", share), ("reference", reference), ("low", low), ("high", high)):
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], not {value}")
    reason = None
    smoothed = (share * n + 0.5) / (n + 1) if n else share
    if reference in (0, 1):
        reason = f"the reference share is {reference:.0f}"
    elif smoothed in (0, 1):
        reason = f"the share is {smoothed:.0f}"
    log_odds = None
    if reason is None:
        log_odds = _log_odds(smoothed, reference)
    is_erased = None if high is None else reference > 0 and high < erased * reference
    return Amplification(
        difference=share - reference,
        low=None if low is None else low - reference,
        high=None if high is None else high - reference,
        log_odds=log_odds,
        ratio=share / reference if reference > 0 else None,
        is_erased=is_erased,
        reason=reason,
        log_odds_low=_log_odds(low, reference),
        log_odds_high=_log_odds(high, reference),
    )


def _log_odds(end: float | None, reference: float) -> float | None:
    if end is None or end in (0, 1) or reference in (0, 1):
        return None
    return float(logit(end) - logit(reference))


@dataclass(frozen=True)
class DirectionalAmplification:
    """Directional bias amplification over all concepts. A NaN stands only beside a reason.

    Attributes:
        value: Mean over concepts and groups; positive = associations of the population are made stronger, or
            None.
        per_concept: (t,) mean over groups of each concept's terms; their mean is `value`.
        reason: Why there is no value, or None.
    """

    value: float | None
    per_concept: Floats
    reason: str | None = None


def directional_amplification(
    shares: ArrayLike, references: ArrayLike, weights: ArrayLike | None = None
) -> DirectionalAmplification:
    """BiasAmp from task to attribute (Wang & Russakovsky 2021, eq. 1-3), the task being the concept that was asked for.

    With y = 1 where P(group, concept) > P(group) P(concept) in the population, and D = share - reference, the
    terms are D where y is 1 and -D where it is 0. It keeps what |D| would lose: whether the model adds to an
    association or undoes it.

    Args:
        shares: (t, k) shares of k groups for t concepts, as generated.
        references: (t, k) shares in the population.
        weights: (t,) size of each concept in the population, which P(group) needs; None for equal sizes.

    Returns:
        The mean over concepts and groups, and each concept's part of it.

    Raises:
        ValueError: Shapes that differ, rows that are no shares, or weights that are not positive.
    """
    drawn, fair = np.asarray(shares, dtype=np.float64), np.asarray(references, dtype=np.float64)
    if drawn.ndim != 2 or drawn.shape != fair.shape or not drawn.size:
        raise ValueError(f"shares and references must be (concepts, groups) alike, not {drawn.shape} and {fair.shape}")
    drawn = np.stack([check_shares(row, None, "a row of shares") for row in drawn])
    fair = np.stack([check_shares(row, None, "a row of references") for row in fair])
    associated = associations(fair, weights)
    if not associated.any():
        gone = np.full(len(fair), np.nan)
        return DirectionalAmplification(None, gone, NO_ASSOCIATION)
    per_concept = np.where(associated, drawn - fair, fair - drawn).mean(axis=1)
    return DirectionalAmplification(float(per_concept.mean()), per_concept)


def associations(references: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.bool_]:
    """(t, k) whether the population associates a concept with a group: it holds more of it there than over all concepts.

    Args:
        references: (t, k) shares in the population.
        weights: (t,) size of each concept in the population; None for equal sizes.

    Raises:
        ValueError: Weights that are not positive.
    """
    fair = np.asarray(references, dtype=np.float64)
    sizes = np.ones(len(fair)) if weights is None else as_vector(weights, "weights", len(fair))
    if (sizes <= 0).any():
        raise ValueError("weights must be above 0")
    return np.asarray(fair > sizes @ fair / sizes.sum() + 1e-12)
