"""Permutation tests: exact, against scipy, and as often wrong under a true null as they say."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.mcas.association import effect_size, unit
from mcas_assets.scoring.stats.permutation import (
    cluster_means,
    permutation_test,
    permutation_test_values,
    permutation_tests,
)
from mcas_assets.scoring.stats.resampling import bit_stream, every_partition, partition_masks

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
    test = permutation_test_values(first, second, alternative)
    if len(set(first + second)) == 1:
        assert test.p_value is None
        assert test.reason == "zero variance"
    else:
        assert test.is_exact
        assert test.p_value == by_hand(first, second, alternative)


@given(first=WHOLE, second=WHOLE, scale=st.floats(1e-6, 1e3), shift=st.floats(-1, 1))
@settings(max_examples=40, deadline=None)
def test_scale_and_offset_leave_p_alone(first, second, scale, shift):
    one = permutation_test_values(first, second).p_value
    other = permutation_test_values(np.array(first) * scale + shift, np.array(second) * scale + shift).p_value
    assert one == other


def test_swapping_the_sets_mirrors_the_alternative():
    first, second = [3.0, 1.0, 2.5], [0.0, 1.0, 2.0, 0.5]
    assert (
        permutation_test_values(first, second, "greater").p_value
        == permutation_test_values(second, first, "less").p_value
    )


def test_monte_carlo_is_near_the_exact_p_and_is_the_same_every_time():
    generator = np.random.default_rng(5)
    first, second = generator.standard_normal(8), generator.standard_normal(11) + 0.7
    exact = permutation_test_values(first, second)
    drawn = [permutation_test_values(first, second, exact_limit=1, draws=20_000, seed=3) for _ in range(2)]
    assert exact.is_exact
    assert not drawn[0].is_exact
    assert drawn[0] == drawn[1]
    assert drawn[0].p_value == pytest.approx(exact.p_value, abs=4 * np.sqrt(exact.p_value / 20_000))


def test_monte_carlo_draws_are_pinned():
    """A change of these numbers changes every published p-value: bump the code version of the scores."""
    values = np.arange(40.0) ** 1.5 % 7
    assert permutation_test_values(values[:18], values[18:], draws=999, seed=7).p_value == 0.047


def test_monte_carlo_p_is_never_zero():
    test = permutation_test_values(np.arange(30.0) + 100, np.arange(30.0), draws=99)
    assert test.p_value == 1 / 100
    assert test.n_partitions == 100


def test_both_match_scipy():
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
        assert permutation_test_values(first, second, alternative).p_value == pytest.approx(theirs.pvalue, abs=1e-15)


@pytest.mark.parametrize(("n", "size"), [(5, 2), (128, 64), (257, 100), (300, 299), (2, 1)])
def test_masks_hold_the_asked_number_of_items_and_choose_them_evenly(n, size):
    masks = np.concatenate([m.copy() for m in partition_masks(n, size, 4000, bit_stream(1, "test"))])
    assert (masks.sum(axis=1) == size).all()
    expected = size / n
    assert np.abs(masks.mean(axis=0) - expected).max() < 5 * np.sqrt(expected * (1 - expected) / 4000)


@pytest.mark.parametrize(("n", "size"), [(6, 3), (7, 2), (300, 1), (300, 299)])
def test_every_partition_is_there_once_and_the_observed_one_first(n, size):
    masks = np.concatenate([m.copy() for m in every_partition(n, size)])
    assert len(np.unique(masks, axis=0)) == len(masks)
    assert (masks.sum(axis=1) == size).all()
    if n < 10:
        assert (masks[0][:size] == 1).all()


def test_many_tests_at_once_equal_one_at_a_time():
    values = np.random.default_rng(2).standard_normal((7, 40))
    together = permutation_tests(values, 15, draws=2000, seed=4)
    for k, row in enumerate(values):
        assert together.test(k) == permutation_test_values(row[:15], row[15:], draws=2000, seed=4)


def test_a_row_without_spread_does_not_spoil_the_others():
    values = np.vstack([np.ones(8), np.arange(8.0)])
    tests = permutation_tests(values, 4)
    assert tests.reasons == ("zero variance", None)
    assert np.isnan(tests.p_values[0])
    assert tests.test(1).p_value == 2 / 70


def test_an_empty_set_has_a_reason():
    assert permutation_test_values([], [1.0, 2.0]).reason == "one of the two sets is empty"


def test_the_statistic_of_embeddings_is_the_numerator_of_the_effect_size():
    generator = np.random.default_rng(8)
    x, y, a, b = (unit(generator.standard_normal((n, 6))) for n in (5, 4, 3, 3))
    test = permutation_test(x, y, a, b)
    s = np.concatenate([x, y]) @ (a.mean(0) - b.mean(0))
    assert test.statistic == pytest.approx(s[:5].mean() - s[5:].mean())
    assert np.sign(test.statistic) == np.sign(effect_size(x, y, a, b).value)


def test_clusters_count_once_each():
    generator = np.random.default_rng(9)
    x, y, a, b = (unit(generator.standard_normal((n, 6))) for n in (8, 6, 3, 3))
    prompts_x, prompts_y = [0, 0, 0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]
    direction = a.mean(0) - b.mean(0)
    expected = permutation_test_values(cluster_means(x @ direction, prompts_x), cluster_means(y @ direction, prompts_y))
    found = permutation_test(x, y, a, b, x_clusters=prompts_x, y_clusters=prompts_y)
    assert found == expected
    assert found.n_partitions == 20


def test_a_cluster_in_both_sets_is_refused():
    rows = np.eye(4)
    with pytest.raises(ValueError, match="cluster p2 lies in both"):
        permutation_test(
            rows, rows, rows, rows, x_clusters=["p1", "p1", "p2", "p2"], y_clusters=["p2", "p2", "p3", "p3"]
        )


def test_an_unknown_alternative_is_refused():
    with pytest.raises(ValueError, match="two-sided, greater or less"):
        permutation_test_values([1.0], [2.0], "both")  # type: ignore[arg-type]


def test_type_one_error_holds_for_prompts_and_not_for_images():
    """Intra-class correlation .3, 20 prompts of 10 images in two halves, no true difference."""
    generator = np.random.default_rng(11)
    prompts, images, audits = 20, 10, 300
    shared = generator.standard_normal((audits, prompts, 1)) * np.sqrt(0.3)
    values = shared + generator.standard_normal((audits, prompts, images)) * np.sqrt(0.7)
    by_prompt = permutation_tests(values.mean(axis=2), prompts // 2, draws=2000)
    by_image = permutation_tests(values.reshape(audits, -1), prompts * images // 2, draws=1000)
    assert 0.02 <= (by_prompt.p_values <= 0.05).mean() <= 0.08
    assert (by_image.p_values <= 0.05).mean() > 0.15
