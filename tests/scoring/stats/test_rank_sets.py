"""Sets of ranks: by hand, and how often all of them hold."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.rank_sets import normal_ranks, pairwise_alpha, rank_sets


def test_a_number_ranks_below_what_is_surely_larger_and_above_what_is_surely_smaller():
    apart = np.array([[0.0, -1.0, 0.5], [-3.0, 0.0, 0.2], [-3.0, -2.0, 0.0]])  # the third is surely the smallest
    ranks = rank_sets(np.array([3.0, 2.0, 0.0]), apart)
    assert ranks.rank.tolist() == [1, 2, 3]
    assert ranks.low.tolist() == [1, 1, 3]
    assert ranks.high.tolist() == [2, 2, 3]


def test_equal_numbers_share_a_rank_and_cannot_be_told_apart():
    ranks = normal_ranks(np.array([1.0, 1.0, -1.0]), np.full(3, 1e-3), 0.95)
    assert ranks.rank.tolist() == [1, 1, 3]
    assert (ranks.high - ranks.low).tolist() == [1, 1, 0]


@pytest.mark.parametrize("values", [[], [2.0]])
def test_one_number_has_rank_1_and_none_has_none(values):
    ranks = normal_ranks(np.array(values), np.ones(len(values)), 0.95)
    assert ranks.rank.tolist() == ranks.low.tolist() == ranks.high.tolist() == [1] * len(values)


@pytest.mark.parametrize(
    "truth", [np.zeros(8), np.arange(8.0), np.repeat([0.0, 4.0], 4)], ids=["ties", "apart", "halves"]
)
def test_all_sets_hold_together_in_95_of_100_draws(truth):
    generator, holds = np.random.default_rng(4), []
    first = 1 + (truth[None] > truth[:, None]).sum(axis=1)
    last = len(truth) - (truth[None] < truth[:, None]).sum(axis=1)
    for _ in range(2000):
        ranks = normal_ranks(truth + generator.standard_normal(len(truth)), np.ones(len(truth)), 0.95)
        # Of numbers that are equal each may have any of their places, and a set must hold all of these.
        holds.append(((ranks.low <= first) & (ranks.high >= last)).all())
    assert np.mean(holds) >= 0.94


def test_the_intervals_share_the_level_among_all_pairs():
    assert pairwise_alpha(2, 0.95) == pytest.approx(0.05)
    assert pairwise_alpha(29, 0.95) == pytest.approx(0.05 / 406)
