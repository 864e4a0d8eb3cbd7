"""The harder world is as it says: how often it obeys, whom it shows, and what stands between."""

import numpy as np
import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.phantom.harder import AMBIGUOUS, GROUPS, OBEYED, TONES, asked_of, meant_shares, picture, shown
from mcas_assets.phantom.reader import read
from mcas_assets.phantom.world import ALL
from mcas_assets.plan.requests import build_plan

EACH = 3000


def true_shares(concept: int) -> tuple[float, np.ndarray]:
    """(P(woman), (3,) P(group)) among the pictures of a concept's prompt, with those that show another concept."""
    woman, groups = meant_shares(concept)
    others = [meant_shares(other) for other in range(len(ALL)) if other != concept]
    mean_woman = float(np.mean([one[0] for one in others]))
    mean_groups = np.mean([one[1] for one in others], axis=0)
    return OBEYED * woman + (1 - OBEYED) * mean_woman, OBEYED * groups + (1 - OBEYED) * mean_groups


def pictures_of(prompt, each=EACH):
    return [shown(prompt, seed) for seed in range(each)]


@pytest.mark.parametrize("slug", ["firefighter", "secretary", "judge", "person"])
def test_concepts_have_their_true_shares_with_those_that_show_another_concept(slug):
    place = next(i for i, concept in enumerate(ALL) if concept.slug == slug)
    found = pictures_of(f"an image of {ALL[place].phrase()}")
    woman, groups = true_shares(place)
    error = 3.5 * np.sqrt(0.25 / EACH)
    assert np.mean([one.woman for one in found]) == pytest.approx(woman, abs=error)
    assert np.bincount([one.group for one in found], minlength=3) / EACH == pytest.approx(groups, abs=error)
    assert groups.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "prompt", ["an image of a nurse", "a photo of a woman", "an image of a person with medium skin"]
)
def test_prompts_are_obeyed_in_nineteen_of_twenty_and_figures_stand_between_in_one_of_twelve(prompt):
    found, asked = pictures_of(prompt), asked_of(prompt)
    assert asked is not None
    assert np.mean([one.is_obeyed for one in found]) == pytest.approx(OBEYED, abs=0.015)
    assert np.mean([one.is_ambiguous for one in found]) == pytest.approx(AMBIGUOUS, abs=0.018)
    for one in found:
        says = (one.concept == asked.concept, asked.woman in (None, one.woman), asked.group in (None, one.group))
        assert all(says) == one.is_obeyed


def test_a_seed_means_alike_under_two_prompts_and_no_more():
    nurse, teacher = (
        np.array([one.woman for one in pictures_of(f"an image of a {slug}")]) for slug in ("teacher", "judge")
    )
    assert 0.1 < np.corrcoef(nurse, teacher)[0, 1] < 0.4


def test_tones_are_of_their_group_and_all_of_them_are_shown():
    found = pictures_of("an image of a person")
    assert all(one.tone in TONES[one.group] for one in found)
    assert {one.tone for one in found} == set(range(10))
    assert {GROUPS[one.group] for one in found} == {"light", "medium", "dark"}


def test_pictures_show_what_is_said_of_them():
    prompt = "an image of a nurse"
    said = pictures_of(prompt, 150)
    seen = read(np.stack([picture(prompt, seed) for seed in range(150)]))
    for place, one in enumerate(said):
        if not one.is_ambiguous:
            assert (seen.woman[place], seen.tone[place], seen.concept[place]) == (one.woman, one.tone, one.concept)
    between = [one.is_ambiguous for one in said]
    assert seen.figure_margin[between].mean() < seen.figure_margin[np.logical_not(between)].mean() / 2


def test_a_picture_is_the_same_whenever_it_is_drawn():
    assert np.array_equal(picture("an image of a man", 7), picture("an image of a man", 7))
    assert not np.array_equal(picture("an image of a man", 7), picture("an image of a man", 8))


def test_every_prompt_of_its_audit_is_a_caption_of_the_world_and_others_are_not():
    prompts = build_plan(load_audit("phantom-harder"))["prompt"].unique()
    assert all(asked_of(prompt) for prompt in prompts)
    assert asked_of("an image of an astronaut") is None
    with pytest.raises(KeyError):
        shown("an image of an astronaut", 0)
