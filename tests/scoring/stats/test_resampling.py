"""Draws: seeded, bit-stable, and as many and as even as they say."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.resampling import (
    bit_stream,
    every_partition,
    partition_masks,
    random_integers,
    strata_of,
    stratum_counts,
    unit_counts,
)


def test_draws_are_pinned():
    """A change of these numbers changes every published interval: bump the code version of the scores."""
    assert random_integers(bit_stream(1, "pin"), 10, (8,)).tolist() == [2, 0, 1, 8, 6, 0, 0, 2]


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="must be 0 or more"):
        bit_stream(-1, "pin")


def test_counts_draw_as_many_as_there_are():
    counts = stratum_counts(7, 1000, bit_stream(0, "test"))
    assert (counts.sum(axis=1) == 7).all()
    assert counts.mean() == 1.0
    assert counts.var() == pytest.approx(6 / 7, rel=0.05)
    assert (stratum_counts(1, 9, bit_stream(0, "test")) == 1).all()


def test_strata_are_drawn_apart():
    strata = np.array([0, 1, 0, 1, 1])
    counts = unit_counts(strata, 200, 0, "test")
    assert (counts[:, strata == 0].sum(axis=1) == 2).all()
    assert (counts[:, strata == 1].sum(axis=1) == 3).all()


def test_units_that_meet_in_a_group_share_a_stratum():
    assert strata_of(np.array([0, 1, 1, 2, 3]), np.array([0, 0, 1, 1, 2])).tolist() == [0, 0, 0, 1]
    assert strata_of(np.arange(4), np.array([0, 0, 1, 1])).tolist() == [0, 0, 1, 1]


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
