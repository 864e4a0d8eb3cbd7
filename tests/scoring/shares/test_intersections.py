"""Shares of two axes at once: by hand, small cells, and how often their intervals hold."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.intersections import LEAST_IMAGES, cell_shares
from mcas_assets.scoring.shares.representation import wilson_interval


def test_shares_and_ratios_of_cells_are_their_counts_by_the_whole_and_by_the_largest():
    cells = np.repeat([0, 1, 2, 3], [40, 20, 10, 30])
    found = cell_shares(cells, 4, np.arange(100))
    assert found.share.tolist() == [0.4, 0.2, 0.1, 0.3]
    assert found.ratio.tolist() == pytest.approx([1.0, 0.5, 0.25, 0.75])
    assert (found.low[1], found.high[1]) == pytest.approx(wilson_interval(20, 100))
    away = np.exp(1.959964 * np.sqrt(1 / 20 + 1 / 40))
    assert (found.ratio_low[1], found.ratio_high[1]) == pytest.approx((0.5 / away, 0.5 * away))
    assert np.isnan(found.ratio_low[0])


def test_a_cell_of_few_images_has_no_share_but_a_largest_one():
    found = cell_shares(np.repeat([0, 1], [60, LEAST_IMAGES - 1]), 3, np.arange(64))
    assert np.isnan(found.share[1:]).all()
    assert np.isnan(found.ratio[1:]).all()
    assert 0 < found.high[2] < found.high[1] < 0.2
    assert found.reasons == (None, "fewer than 5 images of this cell", "fewer than 5 images of this cell")


def test_a_cell_below_two_in_a_hundred_has_a_share_and_no_ratio():
    found = cell_shares(np.repeat([0, 1], [490, 8]), 2, np.arange(498))
    assert found.share[1] == pytest.approx(8 / 498)
    assert np.isnan(found.ratio[1])
    assert found.ratio_reasons[1] == "less than 2% of the images"


def test_without_images_there_is_a_reason():
    found = cell_shares(np.zeros(0, np.int64), 4, np.zeros(0, np.int64))
    assert np.isnan(found.share).all()
    assert set(found.reasons) == set(found.ratio_reasons) == {"no image is counted on both axes"}


def test_images_that_share_all_of_their_seeds_are_worth_those_of_one_concept():
    once = np.random.default_rng(2).integers(0, 4, 40)
    found = cell_shares(np.tile(once, 10), 4, np.tile(np.arange(40), 10))
    assert found.n_effective == pytest.approx(np.full(4, 39))


@pytest.mark.parametrize("alike", [0.0, 0.6])
def test_intervals_of_cells_hold_in_95_of_100_draws_also_where_concepts_share_seeds(alike):
    generator, truth, held = np.random.default_rng(3), np.array([0.45, 0.3, 0.15, 0.1]), []
    for _ in range(600):
        own, common = generator.random((20, 24)), generator.random(24)
        drawn = np.where(generator.random((20, 24)) < alike, common, own).ravel()
        cells = np.searchsorted(truth.cumsum()[:-1], drawn)
        found = cell_shares(cells, 4, np.tile(np.arange(24), 20))
        held.append((found.low <= truth) & (truth <= found.high))
    assert 0.92 <= np.mean(held) <= 0.98
