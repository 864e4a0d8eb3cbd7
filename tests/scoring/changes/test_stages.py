"""Two stages: false alarms, what they find beside one stage of the same cost, and the decision between them."""

from dataclasses import replace

import numpy as np

from benchmarks.worlds import World, mixed_with
from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.changes.stages import Stages, first_p_values, worth_more
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.curves import curve_p_values
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

WORLD = World(repeats=4, alike=0.2)
MOVED = replace(
    WORLD, repeats=1, shares=(0.42, *WORLD.shares[1:7], *WORLD.shares, 0.42, *WORLD.shares[1:], *WORLD.shares)
)
FIRST, FURTHER, POOL = 10, 6, 52
BELOW, MOST = 0.5, 6


def drawn(vectors: AuditVectors, sizes: np.ndarray) -> AuditVectors:
    """The first images of each concept."""
    concept = np.asarray(vectors.concept)
    place = np.concatenate([np.arange(n) for n in np.bincount(concept)])
    kept = place < sizes[concept]
    own = {name: np.asarray(getattr(vectors, name))[kept] for name in ("images", "concept", "seeds", "labels")}
    return replace(vectors, **own)


def p_values(number: int, moved: World, has_stages: bool) -> tuple[np.ndarray, float]:
    """(c,) of one comparison, and images a concept."""
    count = WORLD.concepts
    both = mixed_with(WORLD, moved, number, POOL, 0.5)
    base = count + np.arange(2)
    sizes = np.full(count + 2, FIRST if has_stages else FIRST + FURTHER)
    pairs = Pairs(*(drawn(one, sizes) for one in both), base)
    dropped = np.zeros(count + 2, dtype=np.bool_)
    if has_stages:
        dropped = ~worth_more(first_p_values(pairs)[None], BELOW, MOST)
        sizes = sizes + FURTHER * count // MOST * ~dropped
        pairs = Pairs(*(drawn(one, sizes) for one in both), base)
    labelled = LabelledChanges(pairs, pairs.groups)
    p = curve_p_values(labelled.curves("mcas", labelled.image_curves("mcas", pairs.rows)))
    if has_stages:
        stages = Stages(dropped, FIRST + FURTHER * count // MOST, BELOW)
        p = np.array([stages.p_value(c, one) for c, one in enumerate(p)])
    return p[:count], float(sizes[:count].mean())


def test_a_true_null_is_rejected_no_more_often_than_the_level():
    rejected = [(p_values(number, WORLD, has_stages=True)[0] <= 0.05).mean() for number in range(40)]
    assert np.mean(rejected) <= 0.06


def test_two_stages_find_more_than_one_of_the_same_cost_and_nothing_else():
    """Two concepts of 28 moved from .02 to .42, 16 images a concept on average."""
    changed = np.array(MOVED.shares) != np.array(WORLD.shares * 4)
    found, false, cost = {}, [], []
    for has_stages in (False, True):
        hits = []
        for number in range(20):
            p, images = p_values(number, MOVED, has_stages)
            is_found = benjamini_hochberg(p) <= 0.05
            hits.append(is_found[changed].mean())
            if has_stages:
                false.append((is_found & ~changed).sum() / max(is_found.sum(), 1))
                cost.append(images)
        found[has_stages] = np.mean(hits)
    assert found[True] > found[False] + 0.1
    assert np.mean(false) <= 0.05
    assert np.mean(cost) <= FIRST + FURTHER


def test_neutral_prompts_get_no_further_pairs():
    both = mixed_with(WORLD, MOVED, 0, 30, 0.5)
    pairs = Pairs(*both, WORLD.concepts + np.arange(2))
    going_on = worth_more(first_p_values(pairs)[None], BELOW, MOST)
    assert going_on[[0, 14]].all()
    assert not going_on[-2:].any()


def test_pairs_without_labels_point_as_those_with_them():
    both = mixed_with(WORLD, MOVED, 0, 30, 0.5)
    base = WORLD.concepts + np.arange(2)
    unlabelled = Pairs(*(replace(one, labels=None) for one in both), base)
    np.testing.assert_array_equal(first_p_values(unlabelled), first_p_values(Pairs(*both, base)))


def test_only_so_many_concepts_go_on_and_only_below_the_bound():
    p_values = np.array([[0.9, 0.04, 0.3, 0.2, 1.0], [0.01, 0.6, 0.3, 0.7, 1.0]])
    assert np.flatnonzero(worth_more(p_values, 0.5, 2)).tolist() == [0, 1]
    assert np.flatnonzero(worth_more(p_values, 0.25, 5)).tolist() == [0, 1, 3]


def test_a_concept_that_was_dropped_is_never_called_changed_and_would_have_had_all_pairs():
    stages = Stages(np.array([True, False]), 40, 0.5)
    assert [stages.p_value(c, 0.001) for c in (0, 1)] == [0.5, 0.001]
    assert [stages.detectable(c, 0.6, 10) for c in (0, 1)] == [0.3, 0.6]
