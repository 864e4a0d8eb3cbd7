"""MOVER: closed forms, p-values that invert intervals, and coverage of a share times a gap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from mcas_assets.scoring.stats.mover import (
    Terms,
    half_widths,
    mover_ends,
    mover_p_values,
    pooled_gaps,
    satterthwaite,
    wilson_ends,
)


def terms(estimate, share, count, gap, variance=0.0, freedom=10.0, correlations=None) -> Terms:
    """Terms of one estimate; `share`, `count` and `gap` are lists."""
    own = np.eye(len(share)) if correlations is None else np.array(correlations)
    return Terms(
        np.array([estimate]), np.array([share]), np.array([count], float), np.array([gap]), own[None],
        np.array([variance]), np.array([freedom]),
    )  # fmt: skip


@pytest.mark.parametrize(("count", "n"), [(0, 8), (1, 8), (7, 16), (16, 16), (3, 64)])
def test_shares_have_the_interval_of_wilson(count, n):
    low, high = wilson_ends(np.array([count / n]), np.array([float(n)]), np.array([1.959963984540054]))
    known = binomtest(count, n).proportion_ci(method="wilson")
    assert (low[0], high[0]) == pytest.approx((known.low, known.high), abs=1e-9)


def test_a_share_alone_has_its_interval_times_the_gap():
    known = binomtest(3, 16).proportion_ci(method="wilson")
    low, high = mover_ends(terms(2.0, [3 / 16], [16], [4.0]), 0.95)
    assert (low[0], high[0]) == pytest.approx((2 - 4 * (3 / 16 - known.low), 2 + 4 * (known.high - 3 / 16)))
    turned = mover_ends(terms(2.0, [3 / 16], [16], [-4.0]), 0.95)
    assert (turned[0][0], turned[1][0]) == pytest.approx((4 - high[0], 4 - low[0]))


def test_without_a_share_it_is_the_interval_of_student():
    low, high = mover_ends(terms(1.0, [0.5], [16], [0.0], variance=0.04, freedom=7), 0.9)
    assert (high[0] - low[0]) / 2 == pytest.approx(t.ppf(0.95, 7) * 0.2)


def test_distances_are_added_in_squares_with_their_correlation():
    one, _ = half_widths(terms(0.0, [0.5], [16], [1.0]), np.array([0.05]))
    for correlation, factor in ((0.0, 2.0), (1.0, 0.0), (-1.0, 4.0), (0.5, 1.0)):
        table = [[1.0, correlation], [correlation, 1.0]]
        both, _ = half_widths(terms(0.0, [0.5, 0.5], [16, 16], [1.0, -1.0], correlations=table), np.array([0.05]))
        assert both[0] ** 2 == pytest.approx(factor * one[0] ** 2, abs=1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.floats(-3, 3).filter(lambda value: abs(value) > 1e-3), st.integers(0, 16), st.floats(-4, 4), st.floats(0.001, 1),
    st.floats(1, 40),
)  # fmt: skip
def test_a_p_value_is_the_level_at_which_the_interval_just_holds_0(estimate, count, gap, variance, freedom):
    made = terms(estimate, [count / 16], [16], [gap], variance, freedom)
    p = mover_p_values(made)
    assert 0 < p[0] <= 1
    if 1e-12 < p[0] < 0.999:
        low, high = mover_ends(made, 1 - p[0])
        assert (low[0] if estimate > 0 else high[0]) == pytest.approx(0.0, abs=1e-6)


def test_gaps_that_differ_no_more_than_by_chance_are_one():
    gaps = pooled_gaps(np.array([1.0, 1.01, 0.99, 0.0]), np.array([0.01, 0.01, 0.01, np.inf]))
    assert gaps.values == pytest.approx([1.0] * 4, abs=1e-9)
    assert gaps.variances == pytest.approx([0.01 / 3] * 4)


def test_gaps_that_are_well_known_stay_and_unknown_ones_get_the_mean_with_the_spread():
    """DerSimonian and Laird by hand: weights 1000, Q = 2000, so the variance between is (2000 - 1) / 1000."""
    gaps = pooled_gaps(np.array([1.0, 3.0, 0.0]), np.array([0.001, 0.001, np.inf]))
    between = (2000 - 1) / 1000
    assert gaps.values == pytest.approx([1.0, 3.0, 2.0], abs=2e-3)
    assert gaps.variances[2] == pytest.approx(between + (between + 0.001) / 2)
    assert gaps.mean == pytest.approx(2.0)


def test_where_no_set_shows_both_groups_there_is_no_gap():
    gaps = pooled_gaps(np.zeros(2), np.full(2, np.inf))
    assert np.isnan(gaps.mean)


def test_degrees_of_freedom_of_welch():
    total, freedom = satterthwaite(np.array([[2.0, 1.0]]), np.array([[10.0, 5.0]]))
    assert total[0] == 3.0
    assert freedom[0] == pytest.approx(9 / (4 / 10 + 1 / 5))


@pytest.mark.parametrize(("share", "n"), [(0.05, 8), (0.1, 16), (0.5, 16), (0.95, 30)])
def test_a_share_times_a_gap_with_an_error_beside_it_is_covered(share, n):
    generator = np.random.default_rng([int(100 * share), n])
    trials = 4000
    shares = generator.binomial(n, share, trials)[:, None] / n
    freedom = np.full(trials, 12.0)
    estimates = shares[:, 0] + 0.1 * generator.standard_normal(trials)
    variance = 0.01 * generator.chisquare(12, trials) / 12
    made = Terms(
        estimates,
        shares,
        np.full((trials, 1), float(n)),
        np.ones((trials, 1)),
        np.ones((trials, 1, 1)),
        variance,
        freedom,
    )
    low, high = mover_ends(made, 0.95)
    assert 0.935 <= np.mean((low <= share) & (share <= high)) <= 0.97
