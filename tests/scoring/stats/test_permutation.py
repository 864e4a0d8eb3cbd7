"""Permutation tests: exact, against scipy, and as often wrong under a true null as they say."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.stats.permutation import permutation_test, permutation_tests

WHOLE = st.lists(st.integers(-3, 3), min_size=2, max_size=4)


def by_hand(first, second, alternative):
    """Every partition, in whole numbers: difference of means times both sizes."""
    pooled, n = [*first, *second], len(first)
    rest = len(pooled) - n

    def difference(chosen):
        return sum(pooled[i] * (rest if i in chosen else -n) for i in range(len(pooled)))

    observed = difference(set(range(n)))
    all_ = [difference(set(c)) for c in combinations(range(len(pooled)), n)]
    extreme = {
        "two-sided": [abs(s) >= abs(observed) for s in all_],
        "greater": [s >= observed for s in all_],
        "less": [s <= observed for s in all_],
    }[alternative]
    return sum(extreme) / len(all_)


@given(first=WHOLE, second=WHOLE, alternative=st.sampled_from(["two-sided", "greater", "less"]))
@settings(max_examples=60, deadline=None)
def test_exact_p_counts_every_partition_with_ties_against_significance(first, second, alternative):
    test = permutation_test(first, second, alternative)
    if len(set(first + second)) == 1:
        assert test == (None, "zero variance")
    else:
        assert test.value == by_hand(first, second, alternative)


@given(first=WHOLE, second=WHOLE, scale=st.floats(1e-6, 1e3), shift=st.floats(-1, 1))
@settings(max_examples=40, deadline=None)
def test_scale_and_offset_leave_p_alone(first, second, scale, shift):
    other = permutation_test(np.array(first) * scale + shift, np.array(second) * scale + shift)
    assert permutation_test(first, second) == other


def test_swapping_the_sets_mirrors_the_alternative():
    first, second = [3.0, 1.0, 2.5], [0.0, 1.0, 2.0, 0.5]
    assert permutation_test(first, second, "greater") == permutation_test(second, first, "less")


def test_monte_carlo_is_near_the_exact_p_and_is_the_same_every_time():
    generator = np.random.default_rng(5)
    first, second = generator.standard_normal(8), generator.standard_normal(11) + 0.7
    values = np.concatenate([first, second])[None]
    exact = permutation_tests(values, 8)
    drawn = [permutation_tests(values, 8, exact_limit=1, draws=20_000, seed=3) for _ in range(2)]
    assert exact.is_exact
    assert not drawn[0].is_exact
    assert drawn[0].p_values == drawn[1].p_values
    assert drawn[0].p_values == pytest.approx(exact.p_values, abs=4 * np.sqrt(exact.p_values[0] / 20_000))


def test_monte_carlo_draws_are_pinned():
    """A change of these numbers changes every published p-value: bump the code version of the scores."""
    values = np.arange(40.0) ** 1.5 % 7
    assert permutation_test(values[:18], values[18:], draws=999, seed=7).value == 0.047


def test_monte_carlo_p_is_never_zero():
    assert permutation_test(np.arange(30.0) + 100, np.arange(30.0), draws=99).value == 1 / 100


def test_one_sided_p_values_match_scipy():
    from scipy.stats import permutation_test as reference

    generator = np.random.default_rng(1)
    first, second = generator.standard_normal(6), generator.standard_normal(7)
    for alternative in ("greater", "less"):
        theirs = reference(
            (first, second),
            lambda x, y, axis: x.mean(axis) - y.mean(axis),
            vectorized=True,
            n_resamples=np.inf,
            alternative=alternative,
        )
        assert permutation_test(first, second, alternative).value == pytest.approx(theirs.pvalue, abs=1e-15)


def test_many_tests_at_once_equal_one_at_a_time():
    values = np.random.default_rng(2).standard_normal((7, 40))
    together = permutation_tests(values, 15, draws=2000, seed=4)
    for k, row in enumerate(values):
        assert together.p_values[k] == permutation_test(row[:15], row[15:], draws=2000, seed=4).value


def test_a_row_without_spread_does_not_spoil_the_others():
    values = np.vstack([np.ones(8), np.arange(8.0)])
    tests = permutation_tests(values, 4)
    assert tests.reasons == ("zero variance", None)
    assert np.isnan(tests.p_values[0])
    assert tests.p_values[1] == 2 / 70


def test_an_empty_set_has_a_reason():
    assert permutation_test([], [1.0, 2.0]).reason == "one of the two sets is empty"


def test_an_unknown_alternative_is_refused():
    with pytest.raises(ValueError, match="two-sided, greater or less"):
        permutation_test([1.0], [2.0], "both")  # ty: ignore[invalid-argument-type]


def test_type_one_error_holds_for_prompts_and_not_for_images():
    """Intra-class correlation .3, 20 prompts of 10 images in two halves, no true difference."""
    generator = np.random.default_rng(11)
    prompts, images, audits = 20, 10, 300
    shared = generator.standard_normal((audits, prompts, 1)) * np.sqrt(0.3)
    values = shared + generator.standard_normal((audits, prompts, images)) * np.sqrt(0.7)
    by_prompt = permutation_tests(values.mean(axis=2), prompts // 2, draws=999, exact_limit=1)
    by_image = permutation_tests(values.reshape(audits, -1), prompts * images // 2, draws=499)
    assert 0.02 <= (by_prompt.p_values <= 0.05).mean() <= 0.08
    assert (by_image.p_values <= 0.05).mean() > 0.15
