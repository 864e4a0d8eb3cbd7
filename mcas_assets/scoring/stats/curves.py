"""Confidence curves: the intervals of an estimate at every level at once, so that parts can be added, and tested.

A curve is tabulated at normal quantiles z: its interval at z has the level 2 Phi(z) - 1. Parts of an estimate that err
independently are added by MOVER (Zou & Donner 2008), distance by distance in squares.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.mover import Terms, half_widths
from mcas_assets.scoring.stats.positions import QUANTILES


class Curves(NamedTuple):
    """Intervals of k estimates at every level.

    Attributes:
        estimates: (k,).
        below, above: (k, q) how far the ends of the interval at `QUANTILES` lie from the estimate; 0 at the first.
    """

    estimates: Floats
    below: Floats
    above: Floats


def curves_of(terms: Terms) -> Curves:
    """The curves of shares times gaps with normal errors beside them."""
    k, q = len(terms.estimates), len(QUANTILES)
    # At z = 0 the interval is the estimate; Wilson's is not defined there.
    alphas = np.tile(2 * ndtr(-QUANTILES[1:]), k)
    *parts, distances = terms
    tabulated = None if distances is None else np.repeat(distances, q - 1, axis=1)
    below, above = half_widths(Terms(*(np.repeat(part, q - 1, axis=0) for part in parts), tabulated), alphas)
    none = np.zeros((k, 1))
    return Curves(terms.estimates, *(np.concatenate([none, part.reshape(k, q - 1)], axis=1) for part in (below, above)))


def normal_curves(estimates: Floats, variance: Floats, freedom: Floats) -> Curves:
    """The curves of means with their estimated variance, by Student's t; all (k,)."""
    t = -stdtrit(freedom[:, None], ndtr(-QUANTILES)[None])
    half = t * np.sqrt(variance)[:, None]
    return Curves(estimates, half, half)


def less(curves: Curves, other: Curves) -> Curves:
    """Differences of independent estimates, or of k and one."""
    return added(curves, Curves(-other.estimates, other.above, other.below))


def added(curves: Curves, other: Curves) -> Curves:
    """Sums of independent estimates, or of k and one."""
    return Curves(
        curves.estimates + other.estimates,
        np.sqrt(curves.below**2 + other.below**2),
        np.sqrt(curves.above**2 + other.above**2),
    )


def curve_ends(curves: Curves, level: float) -> tuple[Floats, Floats]:
    """The two ends (k,) of the intervals of nominal coverage `level`, in (0, 1)."""
    below, above = _at(curves, float(ndtri((1 + level) / 2)))
    return curves.estimates - below, curves.estimates + above


def curve_p_values(curves: Curves) -> Floats:
    """(k,) two-sided p-values in (0, 1] of the hypothesis that the estimated number is 0; they invert the intervals."""
    away = curves.estimates
    distances = np.where(away[:, None] > 0, curves.below, curves.above)
    quantiles = [
        np.interp(abs(a), np.maximum.accumulate(row), QUANTILES) for a, row in zip(away, distances, strict=True)
    ]
    return 2 * ndtr(-np.array(quantiles, dtype=np.float64))


def detectable_at(curves: Curves, alpha: float, power: float) -> Floats:
    """(k,) size that an estimate must have to be told from 0 at `alpha`, two-sided, with `power` above one half.

    The mean distance of the two ends at the quantile of the test, and that at the quantile of the power.
    """
    parts = [_at(curves, float(z)) for z in (-ndtri(alpha / 2), ndtri(power))]
    return np.add.reduce([below + above for below, above in parts]) / 2


def _at(curves: Curves, z: float) -> tuple[Floats, Floats]:
    """Distances of the ends at one quantile."""
    below, above = ([np.interp(z, QUANTILES, row) for row in part] for part in (curves.below, curves.above))
    return np.array(below, dtype=np.float64), np.array(above, dtype=np.float64)
