"""Confidence curves: closed forms of their sums, their combination, and their tests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri, stdtrit

from mcas_assets.scoring.stats.curves import (
    added,
    curve_ends,
    curve_p_values,
    curves_of,
    detectable_at,
    less,
    normal_curves,
)
from mcas_assets.scoring.stats.mover import Terms, mover_ends, mover_p_values

NORMAL = np.array([1e9])


def normal(estimate: float, variance: float):
    return normal_curves(np.array([estimate]), np.array([variance]), NORMAL)


def terms() -> Terms:
    together = np.array([[[1.0, 0.4], [0.4, 1.0]]])
    one = np.ones(1)
    return Terms(
        0.3 * one,
        np.array([[0.2, 0.5]]),
        np.full((1, 2), 20.0),
        np.array([[-1.0, 1.0]]),
        together,
        0.01 * one,
        19 * one,
    )


def test_the_ends_and_p_values_are_those_of_mover():
    curves = curves_of(terms())
    for level in (0.5, 0.9, 0.95, 0.99):
        np.testing.assert_allclose(curve_ends(curves, level), mover_ends(terms(), level), atol=1e-4)
    np.testing.assert_allclose(curve_p_values(curves), mover_p_values(terms()), rtol=5e-3)


def test_the_interval_of_a_mean_is_students():
    low, high = curve_ends(normal_curves(np.ones(1), np.full(1, 4.0), np.full(1, 7.0)), 0.95)
    half = 2 * stdtrit(7, 0.975)
    np.testing.assert_allclose([low[0], high[0]], [1 - half, 1 + half], rtol=1e-3)


def test_sums_and_differences_of_normal_errors_add_their_variances():
    both, apart = added(normal(1.0, 9.0), normal(2.0, 16.0)), less(normal(1.0, 9.0), normal(2.0, 16.0))
    for curves, estimate in ((both, 3.0), (apart, -1.0)):
        low, high = curve_ends(curves, 0.95)
        np.testing.assert_allclose([low[0], high[0]], estimate + 5 * ndtri([0.025, 0.975]), rtol=1e-3)


def test_what_is_detected_is_the_quantiles_of_test_and_power_together():
    assert detectable_at(normal(0.0, 4.0), 0.05 / 29, 0.8)[0] == pytest.approx(
        2 * (ndtri(1 - 0.05 / 58) + ndtri(0.8)), rel=1e-3
    )


@given(st.floats(-3, 3), st.floats(0.01, 4), st.floats(0.5, 0.999))
def test_a_p_value_inverts_the_interval(estimate, variance, level):
    curves = normal(estimate, variance)
    low, high = curve_ends(curves, level)
    p = curve_p_values(curves)[0]
    assert p <= 1 - level + 1e-9 or low[0] <= 1e-9 <= high[0] + 2e-9


def test_an_estimate_without_error_has_no_width():
    low, high = curve_ends(normal(0.0, 0.0), 0.95)
    assert (low[0], high[0]) == (0.0, 0.0)
