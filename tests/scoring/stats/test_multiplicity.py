"""Benjamini-Hochberg."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg, flagged


def test_the_steps_by_hand():
    q_values = benjamini_hochberg([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(q_values, [0.02, 0.04, 0.04, 0.02])


def test_tests_without_a_p_value_are_not_counted():
    q_values = benjamini_hochberg([0.01, None, 0.04])
    np.testing.assert_allclose(q_values, [0.02, np.nan, 0.04])
    assert benjamini_hochberg([]).shape == (0,)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=30))
@settings(deadline=None, max_examples=60)
def test_agrees_with_scipy_to_the_last_digits_and_is_never_below_p(p):
    from scipy.stats import false_discovery_control

    q_values = benjamini_hochberg(p)
    np.testing.assert_allclose(q_values, false_discovery_control(p), rtol=4e-16)
    assert (q_values >= np.array(p)).all()


def test_the_false_discovery_rate_is_held():
    generator = np.random.default_rng(0)
    from scipy.special import ndtr

    z = generator.standard_normal((400, 30))
    z[:, :10] += 3
    q_values = np.stack([benjamini_hochberg(row) for row in 2 * ndtr(-np.abs(z))]) <= 0.05
    false = q_values[:, 10:].sum(axis=1) / np.maximum(q_values.sum(axis=1), 1)
    assert false.mean() <= 0.05


@pytest.mark.parametrize("p", [[0.0], [1.1], [[0.5]]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(ValueError, match=r"p-value|one-dimensional"):
        benjamini_hochberg(p)


def test_flags_hold_with_all_tests_taken_together_and_a_missing_one_is_none_of_them():
    assert flagged([0.01, 0.02, np.nan, 0.9], 0.05).tolist() == [True, False, False, False]
    assert flagged([0.01, np.nan, np.nan], 0.05).tolist() == [True, False, False]
    assert flagged([], 0.05).tolist() == []
    assert flagged([np.nan, np.nan], 0.05).tolist() == [False, False]
