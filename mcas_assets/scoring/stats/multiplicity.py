"""Corrections for asking many questions at once: a q-value per concept of an audit, and which concepts are flagged."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcas_assets.scoring.stats.arrays import Floats


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """False-discovery-rate q-values (Benjamini & Hochberg 1995).

    Args:
        p_values: (m,) in (0, 1]; NaN or None where a test has none: it is left out of the count of tests.

    Returns:
        (m,) q-values in (0, 1], each the smallest false-discovery rate at which its test is significant; NaN
        where the p-value is missing (its reason stands beside the p-value).

    Raises:
        ValueError: Not one-dimensional, or a p-value outside (0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError(f"p_values must be one-dimensional, not {p.ndim}-dimensional")
    known = ~np.isnan(p)
    if ((p[known] <= 0) | (p[known] > 1)).any():
        raise ValueError("a p-value lies outside (0, 1]")
    q = np.full(len(p), np.nan)
    order = np.flatnonzero(known)[np.argsort(p[known], kind="stable")]
    # scipy's false_discovery_control has p (m / i), which differs in the last digit from the q-values that homes hold.
    stepped = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted = np.minimum.accumulate(stepped[::-1])[::-1]
    # Rounding alone could put a q-value a hair below its p-value.
    q[order] = np.clip(adjusted, p[order], 1.0)
    return q


def flagged(p_values: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Which of m tests are significant with all taken together (Bonferroni): on average at most `alpha` false ones.

    This bounds the number of false flags however the tests depend on each other. A false-discovery rate does not: where one
    unlucky draw of seeds shifts all concepts alike, it flags none in most audits and all of them in some.

    Args:
        p_values: (m,) in (0, 1]; NaN where a test has none: it is left out of the count of tests.
        alpha: Expected number of false flags, in (0, 1).

    Returns:
        (m,) False too where the p-value is missing.
    """
    p = np.asarray(p_values, dtype=np.float64)
    known = ~np.isnan(p)
    return known & (np.nan_to_num(p, nan=1.0) * known.sum() <= alpha)
