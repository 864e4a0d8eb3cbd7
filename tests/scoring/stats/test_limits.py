"""p-values against a limit agree with the intervals that they invert, have their size, and know what could not fail."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.limits import images_to_fail, p_beyond

LEVEL = 0.95


@given(st.integers(1, 200), st.data(), st.floats(0.01, 0.99))
def test_the_p_value_of_a_share_is_small_exactly_where_its_wilson_interval_lies_beyond(n, data, limit):
    k = data.draw(st.integers(0, n))
    low, high = wilson_interval(k, n, level=LEVEL)
    p = p_beyond(k / n, low, high, limit, LEVEL, is_share=True)
    assert p is not None
    assert 0 < p <= 1
    if min(abs(low - limit), abs(high - limit)) > 1e-9:
        assert (p < 0.025) == (low > limit or high < limit)


@given(st.floats(-2, 2), st.floats(0.001, 1), st.floats(0.001, 1), st.floats(-2, 2))
def test_the_p_value_of_a_value_is_small_exactly_where_its_interval_lies_beyond(value, below, above, limit):
    low, high = value - below, value + above
    p = p_beyond(value, low, high, limit, LEVEL)
    assert p is not None
    if min(abs(low - limit), abs(high - limit)) > 1e-9:
        assert (p < 0.025) == (low > limit or high < limit)


def test_a_value_at_its_limit_is_beyond_it_in_one_of_forty_cases():
    rng = np.random.default_rng(5)
    values = rng.normal(0.3, 1.0, 20_000)
    p = np.array([p_beyond(v, v - 1.959964, v + 1.959964, 0.3, LEVEL) if v > 0.3 else 1.0 for v in values])
    assert (p <= 0.025).mean() == pytest.approx(0.025, abs=0.004)
    assert (p <= 0.001).mean() == pytest.approx(0.001, abs=0.001)


@pytest.mark.parametrize("n", [8, 16, 30, 64])
@pytest.mark.parametrize("limit", [0.3, 0.7])
def test_a_share_at_its_limit_is_rarely_shown_to_lie_beyond(n, limit):
    k = np.random.default_rng(n).binomial(n, limit, 4_000)
    p = {c: p_beyond(c / n, *wilson_interval(c, n, level=LEVEL), limit, LEVEL, is_share=True) for c in range(n + 1)}
    both = np.array([p[c] for c in k])
    assert (both <= 0.025).mean() < 0.075  # two sides, the discreteness of the score test in it


@pytest.mark.parametrize(("least", "most", "n"), [(0.3, 0.7, 11), (0.1, 1.0, 36), (0.0, 0.8, 17), (0.2, 0.9, 17)])
def test_so_many_images_it_takes(least, most, n):
    assert images_to_fail(least, most, LEVEL) == n
    tails = [t for t in (1 - least, most) if 0 < t < 1]
    assert min(t**n for t in tails) <= 0.025 < min(t ** (n - 1) for t in tails)


def test_limits_that_nothing_lies_outside_of_cannot_be_missed():
    assert images_to_fail(0.0, 1.0, LEVEL) is None
    assert p_beyond(0.5, 0.4, 0.6, 0.5, LEVEL) == 1.0
    assert p_beyond(0.5, None, 0.6, 0.3, LEVEL) is None
    assert p_beyond(0.2, 0.1, 0.3, 0.0, LEVEL, is_share=True) == pytest.approx(0, abs=1e-300)
