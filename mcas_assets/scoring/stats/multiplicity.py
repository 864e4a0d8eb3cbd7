"""Correction for asking many questions at once: one q-value per concept of an audit."""

import numpy as np
from numpy.typing import ArrayLike

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
    ordered = np.argsort(p[known], kind="stable")
    tests = len(ordered)
    stepped = p[known][ordered] * tests / np.arange(1, tests + 1)
    adjusted = np.minimum.accumulate(stepped[::-1])[::-1]
    values = np.empty(tests)
    # Rounding alone could put a q-value a hair below its p-value.
    values[ordered] = np.clip(adjusted, p[known][ordered], 1.0)
    q[known] = values
    return q
