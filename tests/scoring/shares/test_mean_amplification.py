"""The mean of directional amplification: by hand, unbiased at the border, and held by its interval."""

import numpy as np
import pytest

from benchmarks.coverage_direction import LABELLERS, SHARES, coverage
from mcas_assets.scoring.shares.amplification import associations, directional_amplification
from mcas_assets.scoring.shares.mean_amplification import Answers, MeanAmplification, mean_amplification

RIGHT = np.array([[30, 0, 0], [0, 30, 0]])
TWO = np.array([[0.9, 0.1], [0.2, 0.8]])


def answers(*counts: tuple[int, ...], is_shared: bool = False) -> Answers:
    group = [np.repeat(np.arange(len(one)), one) for one in counts]
    concept = np.repeat(np.arange(len(counts)), [len(one) for one in group])
    seed = np.concatenate([np.arange(len(one)) for one in group]) if is_shared else np.arange(len(concept))
    return Answers(np.concatenate(group), concept, seed)


def found(*args, **options) -> MeanAmplification:
    result = mean_amplification(*args, **options)
    assert not isinstance(result, str), result
    return result


@pytest.mark.parametrize("confusion", [None, RIGHT])
def test_with_right_labels_it_is_the_mean_of_the_concepts_own_parts(confusion):
    shares = [[0.95, 0.05], [0.4, 0.6]]
    result = found(answers((19, 1), (8, 12)), associations(TWO), TWO, np.ones(2), confusion=confusion)
    assert result.value == pytest.approx(directional_amplification(shares, TWO).value)
    assert result.low < result.value < result.high


def test_three_groups_are_two_thirds_of_the_share_of_those_associated():
    references = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])
    result = found(answers((12, 4, 4), (2, 8, 10)), associations(references), references, np.ones(2))
    shares = [[0.6, 0.2, 0.2], [0.1, 0.4, 0.5]]
    assert result.value == pytest.approx(directional_amplification(shares, references).value)


def test_a_large_concept_counts_for_more():
    counts, chosen = answers((20, 0), (4, 16)), associations(TWO)
    assert found(counts, chosen, TWO, np.array([3.0, 1.0])).value == pytest.approx(0.75 * 0.1)


def test_the_variance_is_that_of_proportions_where_no_seed_is_shared():
    result = found(answers((15, 5), (4, 16)), associations(TWO), TWO, np.ones(2))
    variance = (0.75 * 0.25 / 19 + 0.2 * 0.8 / 19) / 4
    assert (result.high - result.value) / variance**0.5 == pytest.approx(2.02, abs=0.01)  # t at 39 degrees
    assert (result.n_images, result.n_effective) == (40, 40.0)


def test_images_that_share_seeds_and_err_alike_are_worth_fewer():
    """Each seed shows both concepts strengthened, or neither."""
    group = np.array([0, 0, 1, 1, 1, 1, 0, 0])
    concept, seed = np.array([0] * 4 + [1] * 4), np.array([0, 1, 2, 3] * 2)
    result = found(Answers(group, concept, seed), associations(TWO), TWO, np.ones(2))
    assert result.n_effective == pytest.approx(4.0)


def test_a_corrected_mean_is_of_shares_that_are_not_cut():
    """A first group that is read right in four fifths of images and was read in all of them has a share of 1.25."""
    confusion = np.array([[80, 20, 0], [0, 100, 0]])
    result = found(answers((20, 0), (0, 20)), associations(TWO), TWO, np.ones(2), confusion=confusion)
    assert result.value == pytest.approx(((1.25 - 0.9) + (1.0 - 0.8)) / 2)


def test_what_cannot_be_corrected_or_counted_has_a_reason():
    chosen = associations(TWO)
    few = mean_amplification(answers((1, 0), (4, 4)), chosen, TWO, np.ones(2))
    blind = mean_amplification(answers((4, 4), (4, 4)), chosen, TWO, np.ones(2), confusion=[[5, 5, 0], [5, 5, 0]])
    assert (few, blind) == (
        "fewer than 2 images of a concept were counted",
        "the labels do not tell the groups apart",
    )


@pytest.mark.parametrize("is_shared", [False, True])
def test_the_interval_holds_the_truth_where_most_shares_lie_at_the_border(is_shared):
    """Of 300 audits; an average of shares cut to [0, 1] held it in 82 to 86 of 100."""
    rates = np.array(LABELLERS["errs and abstains by group"])
    held, error = coverage(SHARES["mostly at 0 or 1"], rates, 16, is_shared, 300)
    assert 0.91 <= held <= 0.99
    assert abs(error) < 0.015
