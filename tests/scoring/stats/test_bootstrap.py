"""Intervals against the closed forms of METHOD.md, and the cases that have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.stats.bootstrap import (
    bootstrap_interval,
    effect_size_interval,
    one_way_variance,
    two_way_variance,
)
from mcas_assets.scoring.stats.resampling import bit_stream, random_integers, strata_of, stratum_counts, unit_counts

PROMPTS, SEEDS = 14, 11


def crossed(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values (P, S) with effects of prompt and seed, and the labels of the raveled values."""
    generator = np.random.default_rng(seed)
    values = (
        0.5 * generator.standard_normal((PROMPTS, 1))
        + 0.3 * generator.standard_normal((1, SEEDS))
        + generator.standard_normal((PROMPTS, SEEDS))
    )
    prompts, seeds = np.indices(values.shape)
    return values, prompts.ravel(), seeds.ravel()


def test_one_way_standard_error_meets_its_closed_form():
    values, prompts, _ = crossed()
    found = bootstrap_interval(values.ravel(), prompts=prompts, resamples=10_000).standard_error
    assert found == pytest.approx(np.sqrt(one_way_variance(values.mean(axis=1))), rel=0.029)


def test_two_way_standard_error_meets_its_closed_form():
    values, prompts, seeds = crossed()
    found = bootstrap_interval(values.ravel(), prompts=prompts, seeds=seeds, resamples=10_000).standard_error
    assert found == pytest.approx(np.sqrt(two_way_variance(values)), rel=0.029)


def test_the_two_way_closed_form_is_the_formula_of_the_method():
    z = crossed(3)[0] + 1.7
    p, s = z.shape
    total = ((1 - 1 / p) * (1 - 1 / s) - 1) * z.sum() ** 2
    rows = (1 - 1 / s) * (z.sum(axis=1) ** 2).sum()
    columns = (1 - 1 / p) * (z.sum(axis=0) ** 2).sum()
    assert two_way_variance(z) == pytest.approx((total + rows + columns + (z**2).sum()) / (p * s) ** 2, rel=1e-9)


def test_effect_size_interval_agrees_with_a_loop_over_clusters():
    values, prompts, _ = crossed(1)
    x, y = values, values[:9] * 0.8 + 0.3
    labels = prompts, prompts[: 9 * SEEDS]
    found = effect_size_interval(
        x.ravel(), y.ravel(), prompts=labels, resamples=4000, method="percentile", is_expanded=False
    )
    generator = np.random.default_rng(0)
    loop = []
    for _ in range(4000):
        one = x[generator.integers(0, len(x), len(x))].ravel()
        two = y[generator.integers(0, len(y), len(y))].ravel()
        loop.append((one.mean() - two.mean()) / np.concatenate([one, two]).std(ddof=1))
    assert found.standard_error == pytest.approx(np.std(loop), rel=0.05)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(loop, [0.025, 0.975])), abs=0.03)


def test_crossed_effect_size_interval_agrees_with_a_loop_over_prompts_and_seeds():
    values, prompts, seeds = crossed(2)
    x, y = values, values[::-1] * 0.9 - 0.2
    found = effect_size_interval(
        x.ravel(), y.ravel(), prompts=(prompts, prompts), seeds=(seeds, seeds), resamples=4000, is_expanded=False
    )
    generator = np.random.default_rng(0)
    loop = []
    for _ in range(4000):
        own, other = generator.integers(0, PROMPTS, (2, PROMPTS))
        shared = generator.integers(0, SEEDS, SEEDS)  # a seed of both sets is drawn for both
        one, two = x[np.ix_(own, shared)].ravel(), y[np.ix_(other, shared)].ravel()
        loop.append((one.mean() - two.mean()) / np.concatenate([one, two]).std(ddof=1))
    assert found.standard_error == pytest.approx(np.std(loop), rel=0.06)


def test_seeds_of_their_own_in_each_prompt_are_drawn_within_it():
    values, prompts, _ = crossed()
    nested = bootstrap_interval(values.ravel(), prompts=prompts, seeds=np.arange(values.size), resamples=4000)
    one_way = bootstrap_interval(values.ravel(), prompts=prompts, resamples=4000)
    within = values.var(axis=1).mean() / values.size
    # A prompt drawn twice brings the same draw of its seeds twice, hence 2 - 1/P: wider than needed, never narrower.
    expected = one_way.standard_error**2 + (2 - 1 / PROMPTS) * within
    assert nested.standard_error**2 == pytest.approx(expected, rel=0.1)


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
@settings(max_examples=20, deadline=None)
def test_intervals_move_with_the_values(scale, shift):
    values = np.random.default_rng(0).exponential(size=25)
    one, other = bootstrap_interval(values, resamples=400), bootstrap_interval(values * scale + shift, resamples=400)
    assert other.low == pytest.approx(one.low * scale + shift, abs=1e-9 * (scale + 10))
    assert other.high == pytest.approx(one.high * scale + shift, abs=1e-9 * (scale + 10))


def test_bca_leans_to_the_long_tail_and_percentile_does_less():
    values = np.random.default_rng(4).exponential(size=30) ** 2
    bca, plain = (bootstrap_interval(values, method=m, is_expanded=False) for m in ("bca", "percentile"))
    assert bca.low > plain.low
    assert bca.high > plain.high


def test_bca_agrees_with_scipy():
    from scipy.stats import bootstrap

    values = np.random.default_rng(6).exponential(size=40)
    ours = bootstrap_interval(values, resamples=20_000, is_expanded=False)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(0)).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def test_the_correction_for_few_images_widens():
    values = np.random.default_rng(0).standard_normal(8)
    wide, textbook = (bootstrap_interval(values, is_expanded=e) for e in (True, False))
    assert wide.high - wide.low > 1.1 * (textbook.high - textbook.low)


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    values = np.random.default_rng(0).standard_normal(20)
    assert bootstrap_interval(values, seed=5) == bootstrap_interval(values, seed=5)
    assert bootstrap_interval(values, seed=5) != bootstrap_interval(values, seed=6)


def test_draws_are_pinned():
    """A change of these numbers changes every published interval: bump the code version of the scores."""
    assert random_integers(bit_stream(1, "pin"), 10, (8,)).tolist() == PINNED
    interval = bootstrap_interval(np.arange(10.0) ** 2, resamples=500, seed=3)
    assert (interval.low, interval.high) == pytest.approx(PINNED_ENDS, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "no images"),
        ([1.0, 2.0, 3.0, 4.0], "fewer than 5 independent images"),
        ([2.0] * 9, "zero variance"),
    ],
)
def test_an_interval_that_cannot_be_given_says_why(values, reason):
    found = bootstrap_interval(values)
    assert (found.low, found.high, found.standard_error, found.reason) == (None, None, None, reason)


def test_one_seed_many_times_is_one_unit():
    found = bootstrap_interval(np.arange(20.0), seeds=np.zeros(20))
    assert found.reason == "fewer than 5 independent images"


def test_effect_size_intervals_that_cannot_be_given_say_why():
    assert effect_size_interval([1.0] * 6, [1.0] * 6).reason == "zero variance"
    assert effect_size_interval([], [1.0]).reason == "one of the two sets is empty"
    assert effect_size_interval([1.0, 2.0], [3.0, 4.0]).reason == "fewer than 5 independent images"


@pytest.mark.parametrize("options", [{"level": 1.0}, {"method": "t"}, {"resamples": 1}, {"seeds": [1]}, {"seed": -1}])
def test_options_without_meaning_are_refused(options):
    with pytest.raises(ValueError, match="must"):
        bootstrap_interval(np.arange(9.0), **options)


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="not finite"):
        bootstrap_interval([1.0, np.nan])


def test_counts_draw_as_many_as_there_are():
    counts = stratum_counts(7, 1000, bit_stream(0, "test"))
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean() == 1.0
    assert counts.var() == pytest.approx(6 / 7, rel=0.05)


def test_strata_are_drawn_apart():
    strata = np.array([0, 1, 0, 1, 1])
    counts = unit_counts(strata, 200, 0, "test")
    assert (counts[:, strata == 0].sum(axis=1) == 2).all()
    assert (counts[:, strata == 1].sum(axis=1) == 3).all()


def test_units_that_meet_in_a_group_share_a_stratum():
    assert strata_of(np.array([0, 1, 1, 2, 3]), np.array([0, 0, 1, 1, 2])).tolist() == [0, 0, 0, 1]
    assert strata_of(np.arange(4), np.array([0, 0, 1, 1])).tolist() == [0, 0, 1, 1]


PINNED = [2, 0, 1, 8, 6, 0, 0, 2]
PINNED_ENDS = (8.388974609142064, 47.68603502888041)
