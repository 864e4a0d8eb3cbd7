"""Do the intervals that users get hold the truth as often as they say?

Measured is the share of 95 % intervals of `bootstrap_concepts` that hold the true score, seeds fixed, 300 resamples where
a report uses 2,000. Most tests ask for ITAAS, whose score is a mean of values per image, so that the values can be
drawn from a distribution whose mean is 0; each concept of the simulated audit is one trial, independent of the others.
"""

import numpy as np
import pytest

from mcas_assets.scoring.mcas.concept_bootstrap import bootstrap_concepts, columns_of
from tests.scoring.oracles import ITAAS, intervals_of_means

RESAMPLES = 300
TRIALS = 350
"""One standard error of a coverage of 95 % is then .012."""
FEW = 150
"""Enough where the coverage is far from 95 %."""


def coverage(values, *labels, **options):
    """Share of the concepts whose interval of ITAAS holds 0."""
    intervals = intervals_of_means(values, *labels, resamples=RESAMPLES, **options)
    return np.mean((intervals.low[:, ITAAS] <= 0) & (intervals.high[:, ITAAS] >= 0))


@pytest.mark.parametrize("n", [8, 20])
def test_normal_values_of_one_prompt_are_covered(n):
    values = 0.1 * np.random.default_rng(n).standard_normal((TRIALS, n))
    assert 0.93 <= coverage(values) <= 0.975


def test_values_with_a_long_tail_are_covered_somewhat_less():
    """The exponential distribution at 20 images: .92 to .94."""
    values = 0.05 * (np.random.default_rng(20).exponential(size=(TRIALS, 20)) - 1)
    assert 0.91 <= coverage(values) <= 0.95


def two_groups(share, n):
    """Values of images that show one of two groups, 0.1 apart, with little spread within a group."""
    generator = np.random.default_rng(4)
    values = 0.1 * ((generator.random((TRIALS, n)) < share) - share)
    return values + 0.01 * generator.standard_normal(values.shape)


def test_values_of_two_groups_are_not_covered_where_one_is_rare_and_images_are_few():
    """What a bootstrap cannot know: at a share of .1 the rare group is unseen in 43 % of sets of 8 images."""
    assert 0.65 <= coverage(two_groups(0.1, 8)) <= 0.78
    assert 0.90 <= coverage(two_groups(0.1, 30)) <= 0.97


def test_percentiles_of_8_images_are_covered_and_without_the_correction_for_few_images_they_are_not():
    values = 0.1 * np.random.default_rng(8).standard_normal((TRIALS, 8))
    intervals = intervals_of_means(values, resamples=RESAMPLES, method="percentile")
    assert 0.93 <= np.mean((intervals.low[:, ITAAS] <= 0) & (intervals.high[:, ITAAS] >= 0)) <= 0.975
    low, high = np.quantile(intervals.replicates[:, ITAAS], [0.025, 0.975], axis=1)
    assert np.mean((low <= 0) & (high >= 0)) < 0.92


def crossed(of_wordings, of_seeds, wordings, seeds):
    """Values of every wording with every seed, with effects of both, and the labels of both; no concept shares a label."""
    generator = np.random.default_rng(5)
    effects = (
        of_wordings * generator.standard_normal((TRIALS, wordings, 1))
        + of_seeds * generator.standard_normal((TRIALS, 1, seeds))
        + generator.standard_normal((TRIALS, wordings, seeds))
    )
    concept = np.arange(TRIALS)[:, None]
    wording, seed = np.indices((wordings, seeds)).reshape(2, -1)
    return 0.05 * effects.reshape(TRIALS, -1), concept * seeds + seed, concept * wordings + wording


ALIKE = np.sqrt(0.3 / 0.7)  # an intra-class correlation of .3


def test_images_that_share_a_seed_are_covered_where_images_taken_for_independent_are_not():
    values, seeds, _ = crossed(0, ALIKE, 6, 12)
    assert 0.93 <= coverage(values, seeds) <= 0.975
    assert coverage(values[:FEW]) < 0.85


def test_the_mean_over_wordings_is_covered_where_wordings_are_drawn():
    values, seeds, wordings = crossed(ALIKE, 0, 12, 6)
    assert 0.93 <= coverage(values, seeds, wordings) <= 0.975
    assert coverage(values[:FEW], seeds[:FEW]) < 0.85


@pytest.mark.parametrize("wordings", [3, 8])
def test_wordings_crossed_with_seeds_are_covered(wordings):
    """The pigeonhole bootstrap is cautious, so above the level is no fault."""
    assert coverage(*crossed(0.4, 0.4, wordings, 10)) >= 0.93


def test_all_scores_of_an_audit_are_covered(audit):
    """Raw and adjusted scores of 4 concepts, 20 images each and 12 attribute images a pole, against 40,000 of each."""
    truth = columns_of(audit(10**6, images=40_000, attributes=40_000).scores().components)
    names = [0, 1, 2, 4, 5]  # TTAS has no interval
    raw, adjusted = [], []
    for k in range(200):
        intervals = bootstrap_concepts(audit(k), [1], resamples=RESAMPLES, seed=k)
        raw.append((intervals.low <= truth) & (truth <= intervals.high))
        target = truth - truth[1]
        adjusted.append((intervals.adjusted_low <= target) & (target <= intervals.adjusted_high))
    for kind, rows in (("raw", np.mean(raw, axis=0)), ("adjusted", np.mean(adjusted, axis=0)[[0, 2, 3]])):
        assert 0.93 <= rows[:, names].mean() <= 0.97, kind
        assert rows[:, names].min() >= 0.89, kind  # each of 200 audits alone: 0.95 less four binomial errors
