"""Shares against reference populations, with direction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.shares.amplification import amplification, directional_amplification


def test_points_and_log_odds_by_hand():
    result = amplification(0.8, 0.5, low=0.6, high=0.9)
    assert result.difference == pytest.approx(0.3)
    assert (result.low, result.high) == pytest.approx((0.1, 0.4))
    assert result.log_odds == pytest.approx(np.log(4))
    assert result.ratio == pytest.approx(1.6)
    assert result.is_erased is False


def test_direction_is_kept():
    assert amplification(0.2, 0.5).difference == pytest.approx(-0.3)
    assert amplification(0.2, 0.5).log_odds == pytest.approx(-np.log(4))


def test_a_share_of_nothing_has_log_odds_only_with_its_images():
    assert amplification(0.0, 0.3).log_odds is None
    assert amplification(0.0, 0.3).reason == "the share is 0"
    assert amplification(0.0, 0.3, n=20).log_odds == pytest.approx(np.log(0.5 / 20.5) - np.log(0.3 / 0.7))
    assert amplification(0.3, 1.0, n=20).reason == "the reference share is 1"


def test_a_minority_that_exists_and_is_not_shown_is_erased():
    assert amplification(0.0, 0.4, high=0.05).is_erased is True
    assert amplification(0.0, 0.4, high=0.2).is_erased is False
    assert amplification(0.0, 0.0, high=0.01).is_erased is False
    assert amplification(0.0, 0.4).is_erased is None
    assert amplification(0.3, 0.0).ratio is None


def test_directional_amplification_by_hand():
    """Nurse .9 women and engineer .2 in the population; shown 1.0 and .1: both associations are made stronger by .1."""
    result = directional_amplification([[1.0, 0.0], [0.1, 0.9]], [[0.9, 0.1], [0.2, 0.8]])
    assert result.value == pytest.approx(0.1)
    np.testing.assert_allclose(result.per_concept, [0.1, 0.1])


def test_undoing_an_association_is_negative():
    assert directional_amplification([[0.5, 0.5]] * 2, [[0.9, 0.1], [0.2, 0.8]]).value == pytest.approx(-0.35)


@given(st.integers(0, 1000))
@settings(deadline=None, max_examples=25)
def test_groups_can_be_renamed_and_the_reference_itself_amplifies_nothing(seed):
    generator = np.random.default_rng(seed)
    shares, references = generator.dirichlet(np.ones(3), (2, 5))
    one = directional_amplification(shares, references)
    other = directional_amplification(shares[:, ::-1], references[:, ::-1])
    assert one.value == pytest.approx(other.value)
    assert directional_amplification(references, references).value == pytest.approx(0.0)


def test_sizes_of_concepts_decide_what_counts_as_associated():
    """The second concept's half is more of the first group than the population holds, or less, by the sizes."""
    references = [[0.6, 0.4], [0.5, 0.5], [0.2, 0.8]]
    shares = [[0.6, 0.4], [0.7, 0.3], [0.2, 0.8]]
    assert directional_amplification(shares, references).per_concept[1] == pytest.approx(0.2)
    assert directional_amplification(shares, references, weights=[100, 1, 1]).per_concept[1] == pytest.approx(-0.2)


def test_parity_associates_nothing_and_says_so():
    result = directional_amplification([[0.9, 0.1]] * 2, [[0.5, 0.5]] * 2)
    assert (result.value, result.reason) == (None, "the population associates no concept with a group")


def test_what_is_no_share_is_refused():
    with pytest.raises(ValueError, match="share must be in"):
        amplification(1.2, 0.5)
    with pytest.raises(ValueError, match="alike"):
        directional_amplification([[1.0, 0.0]], [[0.5, 0.25, 0.25]])


def test_log_odds_have_the_ends_of_the_interval_and_none_where_an_end_has_no_logit():
    found = amplification(0.8, 0.5, low=0.6, high=0.9)
    ends = (found.log_odds_low, found.log_odds, found.log_odds_high)
    assert ends == pytest.approx((np.log(1.5), np.log(4), np.log(9)))
    assert amplification(0.0, 0.5, low=0.0, high=0.2, n=16).log_odds_low is None
