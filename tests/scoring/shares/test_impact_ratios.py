"""Impact ratios: by hand, what is left out, and how often their intervals hold."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.impact_ratios import four_fifths, given_ratios, shown_ratios


def test_a_ratio_is_a_rate_by_the_highest_rate():
    found = shown_ratios(np.array([60, 30, 10]))
    assert found.rate == pytest.approx([0.6, 0.3, 0.1])
    assert found.ratio == pytest.approx([1, 0.5, 1 / 6])
    away = np.exp(1.959964 * np.sqrt(1 / 30 + 1 / 60))
    assert (found.low[1], found.high[1]) == pytest.approx((0.5 / away, 0.5 * away))
    assert np.isnan(found.low[0])


def test_the_ratio_of_what_is_given_is_that_of_separate_samples():
    found = given_ratios(np.array([90, 45]), np.array([100, 100]))
    assert found.ratio == pytest.approx([1, 0.5])
    away = np.exp(1.959964 * np.sqrt(0.1 / 90 + 0.55 / 45))
    assert (found.low[1], found.high[1]) == pytest.approx((0.5 / away, 0.5 * away))


def test_a_group_below_two_in_a_hundred_is_left_out_with_its_rate_and_the_reason():
    found = shown_ratios(np.array([99, 1]))
    assert found.rate[1] == 0.01
    assert np.isnan(found.ratio[1])
    assert found.reasons == (None, "less than 2% of the images")


def test_without_images_and_where_all_was_refused_there_is_a_reason():
    assert set(shown_ratios(np.array([0, 0])).reasons) == {"no image is counted for a group"}
    assert set(given_ratios(np.array([0, 0]), np.array([0, 0])).reasons) == {"no request was decided"}
    refused = given_ratios(np.array([0, 0]), np.array([5, 5]))
    assert set(refused.reasons) == {"every request was refused"}
    assert refused.rate.tolist() == [0, 0]


def test_a_group_that_is_always_refused_has_a_ratio_of_0():
    found = given_ratios(np.array([10, 0]), np.array([10, 10]))
    assert found.ratio.tolist() == [1, 0]
    assert four_fifths(found.ratio[1], found.low[1], found.high[1]) == "below"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [((0.5, 0.3, 0.7), "below"), ((0.7, 0.4, 1.1), "not shown"), ((0.9, 0.82, 1.0), "not below"),
     ((1.0, np.nan, np.nan), "not below"), ((np.nan, np.nan, np.nan), "not judged")],
)  # fmt: skip
def test_four_fifths_is_told_by_the_whole_interval(numbers, said):
    assert four_fifths(*numbers) == said


def test_intervals_hold_in_95_of_100_draws():
    generator, held = np.random.default_rng(4), []
    for _ in range(2000):
        shown = shown_ratios(generator.multinomial(120, [0.6, 0.4]))
        held.append((shown.low[1] <= 2 / 3 <= shown.high[1]) if shown.rate[0] >= shown.rate[1] else True)
        given = given_ratios(generator.binomial(80, [0.9, 0.6]), np.array([80, 80]))
        held.append(given.low[1] <= 2 / 3 <= given.high[1])
    assert 0.93 <= np.mean(held) <= 0.97
