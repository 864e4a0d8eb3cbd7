"""Scores in other universes: the declared one is the score, the others are what an audit with that choice would give."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.mcas.multiverse import ALL, FIRST_HALF, SECOND_HALF, shared_wordings, universes
from tests.scoring.mcas.test_wordings import alone, world

BASELINES = {"none": [], "second": [1]}


def found(vectors, **choices: str) -> np.ndarray:
    chosen = {"wording": ALL, "words": ALL, "attribute_prompts": ALL, "baseline": "none"} | choices
    (one,) = [
        one
        for one in universes(vectors, BASELINES)
        if all(getattr(one, name) == value for name, value in chosen.items())
    ]
    return one.values


@pytest.fixture(scope="module")
def vectors():
    return replace(world(), a_prompts=np.array([3, 3, 3, 7, 7, 7]), b_prompts=np.array([1, 1, 2, 2, 5, 5]))


def test_the_universe_as_declared_is_the_score(vectors):
    mcas = vectors.scores().mcas
    np.testing.assert_allclose(found(vectors), mcas)
    np.testing.assert_allclose(found(vectors, baseline="second"), mcas - mcas[1])


def test_a_template_alone_gives_the_score_of_an_audit_in_that_template(vectors):
    assert shared_wordings(vectors) == [0, 1, 2]
    np.testing.assert_allclose(found(vectors, wording="1"), alone(vectors, 1).scores().mcas)


def test_half_of_the_words_or_of_the_attribute_prompts_gives_the_score_of_that_half(vectors):
    first = replace(vectors, a_words=np.asarray(vectors.a_words)[:2], b_words=np.asarray(vectors.b_words)[:2])
    np.testing.assert_allclose(found(vectors, words=FIRST_HALF), first.scores().mcas)
    last = replace(
        vectors, a_images=np.asarray(vectors.a_images)[3:], b_images=np.asarray(vectors.b_images)[4:],
        a_prompts=None, b_prompts=None,
    )  # fmt: skip
    np.testing.assert_allclose(found(vectors, attribute_prompts=SECOND_HALF), last.scores().mcas)


def test_there_is_a_universe_for_each_combination(vectors):
    assert len(list(universes(vectors, BASELINES))) == 4 * 3 * 3 * 2


def test_one_wording_and_one_word_a_pole_leave_no_choice():
    vectors = replace(alone(world(), 0), a_words=np.eye(8)[:1], b_words=np.eye(8)[1:2])
    assert [one.words for one in universes(vectors, {"none": []})] == [ALL] * 3
