"""Changes that rest on labels: coverage in worlds whose truth is known, and what the minimum detectable change promises."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds import WORD, World, mixed_with
from mcas_assets.scoring.changes.comparison import compare_changes
from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.stats.curves import curve_ends

WORLD = World(shares=(0.1, 0.25, 0.5, 0.75))
MOVED = replace(WORLD, shares=(0.3, 0.25, 0.3, 0.75))


def change_of(world: World, moved: World) -> np.ndarray:
    return (moved.share() - world.share()) * world._fixed()[0] * (world.gap + 2 * WORD)


@pytest.mark.parametrize("images", [16, 30])
def test_every_share_is_covered_whether_it_moved_or_not(images):
    """80 audits of 4 concepts a share: 320 intervals a cell, one standard error .012; they are correlated by seed."""
    truth, held = change_of(WORLD, MOVED), []
    for number in range(80):
        pairs = Pairs(*mixed_with(WORLD, MOVED, number, images, 0.6), WORLD.concepts + np.arange(2))
        labelled = LabelledChanges(pairs, pairs.groups)
        low, high = curve_ends(labelled.curves("mcas", labelled.image_curves("mcas", pairs.rows)), 0.95)
        held.append(((low <= truth) & (truth <= high))[: WORLD.concepts])
    cells = np.reshape(held, (-1, 4)).mean(axis=0)
    assert ((cells >= 0.9) & (cells <= 0.995)).all()
    assert 0.93 <= cells.mean() <= 0.985


def test_a_change_of_three_groups_is_covered_at_few_pairs_and_rests_on_labels():
    """The share of the third group moves with that of the first, which takes it from both others."""
    before, after = replace(WORLD, third=0.4), replace(MOVED, third=0.4)
    truth, held = (after.truth() - before.truth()).sum(axis=1), []
    for number in range(60):
        versions = mixed_with(before, after, number, 8, 0.6)
        pairs = Pairs(*versions, WORLD.concepts + np.arange(2))
        labelled = LabelledChanges(pairs, pairs.groups)
        assert not labelled.is_two
        assert labelled.why_not() == (None,) * len(pairs.rows)
        low, high = curve_ends(labelled.curves("mcas", labelled.image_curves("mcas", pairs.rows)), 0.95)
        held.append(((low <= truth) & (truth <= high))[: WORLD.concepts])
    assert 0.93 <= np.mean(held) <= 0.99


def test_the_verdict_is_of_mcas_over_the_concepts_and_names_its_method():
    before, after = mixed_with(WORLD, MOVED, 1, 60, 0.6)
    neutral = (WORLD.concepts, WORLD.concepts + 1)
    found = compare_changes(before, after, neutral, resamples=50)["mcas"]
    assert {one.method for one in found} == {"mover"}
    assert [one.verdict for one in found[-2:]] == ["not judged"] * 2
    assert {one.verdict for one in found[0:16:4]} == {"changed"}
    assert "changed" not in {one.verdict for k in (1, 3) for one in found[k:16:4]}
    without = compare_changes(replace(before, labels=None), after, neutral, resamples=50)["mcas"]
    assert {one.method for one in without} == {"bootstrap"}
    assert "no labels of groups" in str(without[0].note)
    np.testing.assert_allclose([one.difference for one in without], [one.difference for one in found], rtol=0, atol=0)


def test_labels_that_fail_hand_over_to_the_bootstrap():
    blind = replace(WORLD, unclear=0.6)
    found = compare_changes(*mixed_with(blind, blind, 1, 20, 0.6), resamples=50)["mcas"]
    assert {one.method for one in found} == {"bootstrap"}
    assert "no clear group" in str(found[0].note)
