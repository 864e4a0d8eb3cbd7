"""Does a number lie beyond a limit? p-values that invert the number's own interval, and the images without which none can.

The null is shifted to the limit: that a value differs from 0, and that its estimate lies beyond the limit, are two weaker
statements that together do not show the third.
"""

import math

from scipy.special import ndtr, ndtri

TINY = 2.3e-308  # a p-value is above 0


def p_beyond(
    observed: float, low: float | None, high: float | None, limit: float, level: float, *, is_share: bool = False
) -> float | None:
    """One-sided p-value of the null that the truth lies at the limit or on its other side than `observed`.

    It is at most (1 - level) / 2 exactly where the interval's end passes the limit. For a value, the end that faces the limit
    is taken as z standard errors away (the inversion that MOVER rests on: Zou & Donner 2008). For a share, that end is
    taken as the Wilson end of a number of images, which may be no whole number (end (1 - end) z^2 / (share - end)^2), and the
    score test of that number is made; for a Wilson interval this is the score test itself.

    Args:
        observed: The number.
        low: Lower end of its interval, or None.
        high: Upper end, or None.
        limit: What it is held against.
        level: Of the interval, in (0, 1).
        is_share: Whether all of them are shares, in [0, 1].

    Returns:
        In (0, 1]; 1 where `observed` does not lie beyond the limit of its side, None without the end that faces the limit.
    """
    end = low if observed > limit else high
    if observed == limit:
        return 1.0
    if end is None:
        return None
    z = float(ndtri((1 + level) / 2))
    gap, half = abs(observed - limit), abs(observed - end)
    if is_share:
        spread = end * (1 - end)
        n = z * z * spread / (half * half) if half > 0 else math.inf
        variance = limit * (1 - limit)
        score = math.inf if variance == 0 else gap * math.sqrt(n / variance)
        score = 0.0 if n == 0 else score
    else:
        score = math.inf if half == 0 else gap * z / half
    return max(float(ndtr(-score)), TINY)


def images_to_fail(least: float, most: float, level: float) -> int | None:
    """The smallest number of images at which a share could be shown to lie outside [least, most], whatever they show.

    Shown is: none of n images of the group (or all) has a chance of at most (1 - level) / 2 at the limit, by the binomial
    distribution: (1 - least)^n, or most^n. None where nothing lies outside.
    """
    alpha = math.log((1 - level) / 2)
    needed = [math.floor(alpha / math.log(tail)) + 1 for tail in (1 - least, most) if 0 < tail < 1]
    if least >= 1 or most <= 0:
        return 1
    return min(needed, default=None)
