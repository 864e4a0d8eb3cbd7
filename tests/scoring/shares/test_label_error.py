"""Correction for label error: exact where the errors are known, and intervals that cover where they are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.shares.label_error import corrected_shares


def test_rogan_and_gladen_by_hand():
    """Sensitivity .9, specificity .8, 55 of 100 answers: (.55 + .8 - 1) / (.9 + .8 - 1) = .5."""
    corrected = corrected_shares([55, 45], [[90, 10], [20, 80]])
    np.testing.assert_allclose(corrected.shares, [0.5, 0.5], atol=1e-12)
    assert corrected.low[0] < 0.5 < corrected.high[0]


@given(st.lists(st.floats(0.02, 1), min_size=3, max_size=3))
@settings(deadline=None, max_examples=40)
def test_the_true_shares_come_back_when_the_errors_are_known(weights):
    shares = np.array(weights) / np.sum(weights)
    confusion = np.array([[0.8, 0.1, 0.05, 0.05], [0.1, 0.7, 0.1, 0.1], [0.0, 0.1, 0.85, 0.05]])
    corrected = corrected_shares(1e7 * shares @ confusion[:, :3], 1e7 * confusion)
    np.testing.assert_allclose(corrected.shares, shares, atol=5e-3)
    assert corrected.shares.sum() == pytest.approx(1.0)


def test_perfect_labels_change_nothing():
    np.testing.assert_allclose(corrected_shares([3, 7], [[50, 0], [0, 50]]).shares, [0.3, 0.7])


def test_fewer_answers_than_the_errors_alone_explain_give_zero_and_not_less():
    corrected = corrected_shares([1, 99], [[90, 10], [20, 80]])
    np.testing.assert_allclose(corrected.shares, [0.0, 1.0], atol=1e-6)
    assert corrected.low[0] == pytest.approx(0.0, abs=1e-6)


def test_relabelled_groups_give_the_same_shares():
    confusion = np.array([[40, 3, 1], [2, 30, 5], [0, 4, 25]])
    answers, order = np.array([20, 15, 30]), [2, 0, 1]
    one = corrected_shares(answers, confusion)
    other = corrected_shares(answers[order], confusion[np.ix_(order, order)])
    for field in ("shares", "low", "high"):
        drawn = 0.0 if field == "shares" else 0.02  # the ends are quantiles of draws
        np.testing.assert_allclose(getattr(one, field)[order], getattr(other, field), atol=1e-9 + drawn)


@pytest.mark.parametrize(
    ("answers", "confusion", "reason"),
    [
        ([0, 0], [[9, 1], [1, 9]], "no image was labelled"),
        ([5, 5], [[9, 1], [0, 0]], "no image of known group 1"),
        ([5, 5], [[9, 1, 0], [0, 0, 10]], "no image of known group 1 was labelled"),
        ([5, 5], [[5, 5], [5, 5]], "the labels do not tell the groups apart"),
    ],
)
def test_shares_that_cannot_be_corrected_say_why(answers, confusion, reason):
    corrected = corrected_shares(answers, confusion)
    assert corrected.reason == reason
    assert np.isnan(corrected.shares).all()


def test_a_known_sample_that_is_small_widens_the_interval():
    small = corrected_shares([60, 40], [[9, 1], [2, 8]])
    large = corrected_shares([60, 40], [[900, 100], [200, 800]])
    assert small.high[0] - small.low[0] > 1.5 * (large.high[0] - large.low[0])


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5, 0.97])
def test_intervals_cover_with_both_sources_of_error(share):
    """30 images, 32 known ones a group, errors of 8 and 12 %: at least 93 % held, less what chance takes of 500 (2 points)."""
    generator = np.random.default_rng(int(share * 100))
    rates = np.array([[0.92, 0.08], [0.12, 0.88]])
    covered = 0
    for _ in range(500):
        answers = generator.multinomial(30, np.array([share, 1 - share]) @ rates)
        known = np.stack([generator.multinomial(32, row) for row in rates])
        corrected = corrected_shares(answers, known)
        covered += bool(corrected.low[0] - 1e-9 <= share <= corrected.high[0] + 1e-9)
    assert covered / 500 >= 0.91


def test_a_group_that_is_read_worse_is_put_right_by_hand():
    """Of 40 light portraits 12 are unreadable, of 40 dark ones none: 14 light and 10 dark are 14 / .7 to 10, two thirds."""
    uneven = [[28, 0, 12], [0, 40, 0]]
    corrected = corrected_shares([14, 10], uneven)
    np.testing.assert_allclose(corrected.shares, [2 / 3, 1 / 3])
    assert corrected.low[0] < 14 / 24 < corrected.high[0]
    np.testing.assert_allclose(corrected_shares([14, 10], [[28, 0], [0, 40]]).shares, [14 / 24, 10 / 24])


@given(st.integers(0, 200), st.integers(1, 30))
@settings(deadline=None, max_examples=20)
def test_abstention_that_is_alike_in_all_groups_moves_no_share(n_unclear, n_first):
    table = np.array([[60, 10, 0], [10, 60, 0]])
    alike = table + np.array([0, 0, n_unclear])
    answers = [n_first, 31 - n_first]
    np.testing.assert_allclose(
        corrected_shares(answers, alike).shares, corrected_shares(answers, table).shares, atol=1e-9
    )


def test_nothing_of_a_group_keeps_the_end_at_nothing():
    corrected = corrected_shares([0, 20], [[30, 1, 1], [0, 32, 0]])
    assert (corrected.shares[0], corrected.low[0]) == (0.0, 0.0)
    assert 0.05 < corrected.high[0] < 0.3


def test_shares_of_one_seed_and_matrix_come_again():
    first, again = (corrected_shares([4, 9], [[30, 1, 1], [2, 28, 2]]) for _ in range(2))
    np.testing.assert_array_equal(first.low, again.low)
    other = corrected_shares([4, 9], [[30, 1, 1], [2, 28, 2]], seed=1)
    np.testing.assert_allclose(first.low, other.low, atol=0.03)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_intervals_cover_where_abstention_differs_by_group(share):
    """Light portraits are unreadable in 30 %, dark ones never: 30 images, 32 known ones a group."""
    generator = np.random.default_rng(int(share * 100))
    rates = np.array([[0.68, 0.02, 0.3], [0.02, 0.98, 0.0]])
    covered = 0
    for _ in range(400):
        answers = generator.multinomial(30, np.array([share, 1 - share]) @ rates)[:2]
        known = np.stack([generator.multinomial(32, row) for row in rates])
        corrected = corrected_shares(answers, known)
        covered += bool(corrected.low[0] <= share <= corrected.high[0])
    assert 0.91 <= covered / 400 <= 0.98


def test_intervals_of_three_groups_with_abstention_cover():
    generator = np.random.default_rng(7)
    rates = np.array([[0.8, 0.1, 0.02, 0.08], [0.05, 0.8, 0.1, 0.05], [0.01, 0.09, 0.85, 0.05]])
    shares = np.array([0.2, 0.5, 0.3])
    covered = np.zeros(3)
    for _ in range(300):
        known = np.stack([generator.multinomial(40, row) for row in rates])
        corrected = corrected_shares(generator.multinomial(60, shares @ rates)[:3], known)
        covered += (corrected.low <= shares) & (shares <= corrected.high)
    assert (covered / 300 >= 0.93).all()
    assert (covered / 300 <= 0.985).all()
