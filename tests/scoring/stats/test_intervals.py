"""From replicates to the ends of an interval, on the plain bootstrap of a mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.stats.intervals import FEW_RESAMPLES, Ends, Influence, Method, check_options, interval_ends
from mcas_assets.scoring.stats.resampling import unit_counts


def ends_of_mean(values, *, method: Method = "bca", is_expanded=True, resamples=2000, missing=0) -> Ends:
    """Interval of the mean of values that are their own units; the first `missing` replicates have none."""
    n = len(values)
    one_stratum = np.zeros(n, dtype=np.int64)
    estimate = np.mean(values, keepdims=True)
    replicates = (unit_counts(one_stratum, resamples, 0, "test") @ values / n)[None]
    replicates[0, :missing] = np.nan
    parts = [Influence((values - estimate)[None] / n, one_stratum)]
    return interval_ends(replicates, estimate, parts, 0.95, method, is_expanded=is_expanded)


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
@settings(max_examples=20, deadline=None)
def test_intervals_move_with_the_values(scale, shift):
    values = np.random.default_rng(0).exponential(size=25)
    one, other = ends_of_mean(values, resamples=400), ends_of_mean(values * scale + shift, resamples=400)
    assert other.low[0] == pytest.approx(one.low[0] * scale + shift, abs=1e-9 * (scale + 10))
    assert other.high[0] == pytest.approx(one.high[0] * scale + shift, abs=1e-9 * (scale + 10))


def test_bca_leans_to_the_long_tail_and_percentile_does_less():
    values = np.random.default_rng(4).exponential(size=30) ** 2
    bca, plain = (ends_of_mean(values, method=m, is_expanded=False) for m in ("bca", "percentile"))
    assert bca.low[0] > plain.low[0]
    assert bca.high[0] > plain.high[0]


def test_bca_agrees_with_scipy():
    from scipy.stats import bootstrap

    values = np.random.default_rng(6).exponential(size=40)
    ours = ends_of_mean(values, resamples=20_000, is_expanded=False)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(0)).confidence_interval
    assert (ours.low[0], ours.high[0]) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def test_the_correction_for_few_images_widens():
    values = np.random.default_rng(0).standard_normal(8)
    wide, textbook = (ends_of_mean(values, is_expanded=e) for e in (True, False))
    assert wide.high[0] - wide.low[0] > 1.1 * (textbook.high[0] - textbook.low[0])


def test_values_without_spread_have_a_reason_and_no_ends():
    ends = ends_of_mean(np.full(9, 2.0))
    assert ends.reasons == ("zero variance",)
    assert np.isnan([ends.low[0], ends.high[0], ends.standard_error[0]]).all()


def test_a_tenth_of_the_replicates_may_be_missing_and_no_more():
    values = np.random.default_rng(0).standard_normal(9)
    assert ends_of_mean(values, missing=200).reasons == (None,)
    assert ends_of_mean(values, missing=201).reasons == (FEW_RESAMPLES,)


@pytest.mark.parametrize("options", [(1.0, "bca", 9), (0.95, "t", 9), (0.95, "bca", 1)])
def test_options_without_meaning_are_refused(options):
    with pytest.raises(ValueError, match="must"):
        check_options(*options)


@pytest.mark.parametrize("method", ["bca", "percentile"])
@pytest.mark.parametrize("is_expanded", [True, False])
@pytest.mark.parametrize("shift", [0.25, 0.4, -0.3])
def test_a_p_value_is_the_level_at_which_the_interval_just_holds_0(method, is_expanded, shift):
    values = np.random.default_rng(6).exponential(size=20) - 1 + shift
    values -= values.mean() - shift
    n, stratum = len(values), np.zeros(len(values), dtype=np.int64)
    replicates = (unit_counts(stratum, 20_000, 0, "test") @ values / n)[None]
    parts = [Influence((values - shift)[None] / n, stratum)]
    p = interval_ends(replicates, np.array([shift]), parts, 0.95, method, is_expanded=is_expanded).p_values[0]
    assert 0.001 < p < 0.5
    ends = interval_ends(replicates, np.array([shift]), parts, 1 - p, method, is_expanded=is_expanded)
    assert (ends.low[0] if shift > 0 else ends.high[0]) == pytest.approx(0, abs=0.005)


def test_a_p_value_goes_on_falling_where_0_is_beyond_all_replicates():
    far, farther = (ends_of_mean(np.random.default_rng(7).standard_normal(20) + shift).p_values[0] for shift in (3, 6))
    assert 0 < farther < far < 1e-6
