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
    corrected = corrected_shares(1e7 * shares @ confusion, 1e7 * confusion)
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
        np.testing.assert_allclose(getattr(one, field)[order], getattr(other, field), atol=1e-9)


@pytest.mark.parametrize(
    ("answers", "confusion", "reason"),
    [
        ([0, 0], [[9, 1], [1, 9]], "no image was labelled"),
        ([5, 5], [[9, 1], [0, 0]], "no image of known group 1"),
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
    """30 images, 32 known ones a group, errors of 8 and 12 %: nominal 95 %, at least 93 % held."""
    generator = np.random.default_rng(int(share * 100))
    rates = np.array([[0.92, 0.08], [0.12, 0.88]])
    covered = 0
    for _ in range(300):
        answers = generator.multinomial(30, np.array([share, 1 - share]) @ rates)
        known = np.stack([generator.multinomial(32, row) for row in rates])
        corrected = corrected_shares(answers, known)
        covered += bool(corrected.low[0] - 1e-9 <= share <= corrected.high[0] + 1e-9)
    assert covered / 300 >= 0.93


def test_intervals_of_three_groups_with_abstention_cover():
    generator = np.random.default_rng(7)
    rates = np.array([[0.8, 0.1, 0.02, 0.08], [0.05, 0.8, 0.1, 0.05], [0.01, 0.09, 0.85, 0.05]])
    shares = np.array([0.2, 0.5, 0.3])
    covered = np.zeros(3)
    for _ in range(300):
        known = np.stack([generator.multinomial(40, row) for row in rates])
        corrected = corrected_shares(generator.multinomial(60, shares @ rates), known)
        covered += (corrected.low <= shares) & (shares <= corrected.high)
    assert (covered / 300 >= 0.93).all()
    assert (covered / 300 <= 0.985).all()
