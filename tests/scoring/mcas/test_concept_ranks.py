"""Ranks of concepts: sets that hold where labels explain the values, and what there is where they cannot."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds import World
from mcas_assets.scoring.mcas.concept_ranks import concept_ranks

FAR = World(repeats=1, shares=(0.02, 0.5, 0.98), is_plain=True)
EQUAL = World(repeats=2, shares=(0.5, 0.5, 0.5), is_plain=True)


def test_concepts_far_apart_are_told_apart_with_many_images():
    ranks = concept_ranks(FAR.audit(1, 64), range(3))
    assert not isinstance(ranks, str)
    assert ranks.rank.tolist() == ranks.low.tolist() == ranks.high.tolist() == [3, 2, 1]


@pytest.mark.parametrize("images", [8, 16])
def test_equal_concepts_are_held_to_be_equal_in_95_of_100_audits(images):
    sets = [concept_ranks(EQUAL.audit(number, images), range(6)) for number in range(150)]
    assert np.mean([(one.low == 1).all() and (one.high == 6).all() for one in sets if not isinstance(one, str)]) >= 0.93


def test_without_labels_the_variance_by_seed_is_what_there_is():
    ranks = concept_ranks(replace(FAR.audit(1, 64), labels=None), range(3))
    assert not isinstance(ranks, str)
    assert ranks.low.tolist() == ranks.high.tolist() == [3, 2, 1]


def test_few_wordings_leave_less_told_apart_than_many_images_of_one():
    vectors = FAR.audit(1, 64)
    in_turn = np.asarray(vectors.seeds) % 3
    ranks = concept_ranks(replace(vectors, wordings=in_turn), range(3))
    assert not isinstance(ranks, str)
    assert (ranks.low <= ranks.rank).all()
    assert (ranks.rank <= ranks.high).all()


def test_too_few_concepts_or_images_have_no_ranks():
    assert concept_ranks(FAR.audit(1, 8), [0]) == "fewer than 2 concepts"
    assert concept_ranks(FAR.audit(1, 1), range(3)) == "fewer than 2 images of a concept or of a pole"
