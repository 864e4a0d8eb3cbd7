"""Shares of perceived groups, and everything that is not one of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.mcas.association import unit
from mcas_assets.scoring.shares.representation import (
    ABSTAIN,
    group_labels,
    missing_bounds,
    representation,
    wilson_interval,
)

GROUPS = [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])]


def test_an_image_belongs_to_the_nearest_group_and_an_unclear_one_to_none():
    labelled = group_labels(unit([[1.0, 0.1], [0.1, 1.0], [1.0, 1.0]]), GROUPS)
    assert labelled.labels.tolist() == [0, 1, ABSTAIN]
    np.testing.assert_allclose(labelled.probabilities.sum(axis=1), 1.0)
    np.testing.assert_allclose(labelled.probabilities[2], 0.5)


def test_the_softmax_is_that_of_the_cosines():
    image = unit([[0.8, 0.5]])
    logit = 10 * (image[0, 0] - image[0, 1])
    labelled = group_labels(image, GROUPS, scale=10)
    assert labelled.probabilities[0, 0] == pytest.approx(1 / (1 + np.exp(-logit)))


def test_several_texts_of_a_group_are_averaged_and_scaled_again():
    texts = [unit([[1.0, 0.2], [1.0, -0.2]]), np.array([[0.0, 1.0]])]
    one, other = group_labels([[1.0, 0.0]], texts), group_labels([[1.0, 0.0]], GROUPS)
    np.testing.assert_allclose(one.probabilities, other.probabilities)


def test_groups_without_texts_are_refused():
    with pytest.raises(ValueError, match="group 1 has no texts"):
        group_labels([[1.0, 0.0]], [GROUPS[0], np.empty((0, 2))])


def test_every_image_requested_is_accounted_for():
    shares = representation([0, 0, 0, 1, ABSTAIN], 3, {"refused_prompt": 2, "failed": 1})
    assert [g.count for g in shares.groups] == [3, 1, 0]
    assert [g.share for g in shares.groups] == [0.75, 0.25, 0.0]
    assert (shares.n_counted, shares.n_abstained, shares.n_requested) == (4, 1, 8)
    assert [(g.worst, g.best) for g in shares.groups] == [(3 / 8, 7 / 8), (1 / 8, 5 / 8), (0.0, 4 / 8)]


def test_images_that_all_failed_are_no_bias_but_no_share():
    shares = representation([], 2, {"blanked": 5})
    assert shares.groups[0].share is None
    assert shares.groups[0].reason == "no image shows a declared group"
    assert (shares.groups[0].worst, shares.groups[0].best) == (0.0, 1.0)


def test_a_label_that_is_no_group_is_refused():
    with pytest.raises(ValueError, match="labels must be"):
        representation([0, 2], 2)


@given(count=st.integers(0, 40), more=st.integers(0, 40))
@settings(deadline=None, max_examples=60)
def test_wilson_agrees_with_scipy(count, more):
    from scipy.stats import binomtest

    n = count + more
    if n == 0:
        return
    theirs = binomtest(count, n).proportion_ci(method="wilson")
    assert wilson_interval(count, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.02, 0.2, 0.5, 0.98])
def test_wilson_covers_on_average_over_sizes(p):
    """One size has jumps, as any interval of a count; the mean over sizes is near the level and not below 93 %."""
    from scipy.stats import binom

    covered = []
    for n in range(10, 60):
        ends = np.array([wilson_interval(k, n) for k in range(n + 1)])
        covered.append(binom.pmf(np.arange(n + 1), n, p)[(ends[:, 0] <= p) & (p <= ends[:, 1])].sum())
    assert np.mean(covered) >= 0.93


def test_bounds_close_when_nothing_is_missing():
    assert missing_bounds(3, 10, 0) == (0.3, 0.3)
    assert missing_bounds(3, 10, 10) == (0.15, 0.65)
    with pytest.raises(ValueError, match="cannot bound"):
        missing_bounds(0, 0, 0)
