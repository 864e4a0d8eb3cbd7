"""Two stages: false alarms, what they find beside one stage of the same cost, and the decision between them."""

from dataclasses import replace

import numpy as np

from benchmarks.worlds import World, mixed_with
from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.changes.stages import Stages, first_weight, worth_more
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.curves import curve_p_values
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

WORLD = World(repeats=4, alike=0.2)
MOVED = replace(
    WORLD, repeats=1, shares=(0.42, *WORLD.shares[1:7], *WORLD.shares, 0.42, *WORLD.shares[1:], *WORLD.shares)
)
FIRST, FURTHER, POOL = 10, 6, 52


def drawn(vectors: AuditVectors, sizes: np.ndarray) -> tuple[AuditVectors, np.ndarray]:
    """The first images of each concept, and the place of each among those of its concept."""
    concept = np.asarray(vectors.concept)
    place = np.concatenate([np.arange(n) for n in np.bincount(concept)])
    kept = place < sizes[concept]
    own = {name: np.asarray(getattr(vectors, name))[kept] for name in ("images", "concept", "seeds", "labels")}
    return replace(vectors, **own), place[kept]


def p_values(number: int, moved: World, has_stages: bool) -> tuple[np.ndarray, float]:
    """(c,) of one comparison, and images a concept."""
    count = WORLD.concepts
    both = mixed_with(WORLD, moved, number, POOL, 0.5)
    base = count + np.arange(2)
    sizes = np.full(count + 2, FIRST if has_stages else FIRST + FURTHER)
    pairs = Pairs(*(drawn(one, sizes)[0] for one in both), base)
    if has_stages:
        going_on = worth_more(pairs, 0.2)
        each = min(FURTHER * count // max(int(going_on.sum()), 1), POOL - FIRST)
        sizes = sizes + each * going_on
    old, place = drawn(both[0], sizes)
    pairs = Pairs(old, drawn(both[1], sizes)[0], base)
    labelled = LabelledChanges(pairs, pairs.groups)
    is_further = (place >= FIRST) & (np.asarray(old.concept) < count)
    stages = Stages(is_further, first_weight(FIRST, FURTHER), 0.2)
    of_images = stages.image_curves(labelled, "mcas") if has_stages else labelled.image_curves("mcas", pairs.rows)
    p = curve_p_values(labelled.curves("mcas", of_images))
    if has_stages:
        p, _ = stages.settled(labelled, p, p)
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


def test_neutral_prompts_and_concepts_without_labels_get_no_further_pairs():
    both = mixed_with(WORLD, MOVED, 0, 30, 0.5)
    pairs = Pairs(*both, WORLD.concepts + np.arange(2))
    going_on = worth_more(pairs, 0.2)
    assert going_on[[0, 14]].all()
    assert not going_on[-2:].any()
    assert not worth_more(Pairs(*(replace(one, labels=None) for one in both), pairs.base), 0.2).any()
