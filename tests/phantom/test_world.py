"""The drawn world as data: what is planted, what is said of it, and who is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcas_assets.core.paths import populations_folder
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.populations import load_population
from mcas_assets.phantom.draw import POSES
from mcas_assets.phantom.pictograms import LOOKS
from mcas_assets.phantom.world import (
    ALL,
    CONCEPTS,
    FIGURE_WORDS,
    TONE_WORDS,
    WORLDS,
    Planted,
    captions,
    describe,
    quota,
    word_captions,
)
from tools.phantom.card import population_csv
from tools.phantom.measure import TEMPLATE

shares = st.floats(0, 1)


def planted(world: str) -> np.ndarray:
    return np.array([WORLDS[world].planted[concept.slug] for concept in CONCEPTS])


def test_there_are_enough_concepts_in_the_four_categories():
    assert len(CONCEPTS) >= 24
    assert {concept.category for concept in CONCEPTS} == {"occupations", "sports", "objects", "scenes"}
    assert len({concept.slug for concept in ALL}) == len(ALL)


def test_every_world_plants_every_concept_and_every_concept_has_a_look():
    slugs = {concept.slug for concept in ALL}
    assert set(LOOKS) == slugs
    for world in WORLDS.values():
        assert set(world.planted) == slugs
        assert all(0 < share < 1 for planted_shares in world.planted.values() for share in planted_shares)


@pytest.mark.parametrize("world", ["stereotyped", "updated"])
def test_figure_and_tone_are_planted_without_correlation_and_over_the_whole_range(world):
    woman, dark = planted(world).T
    assert abs(np.corrcoef(woman, dark)[0, 1]) < 0.3
    assert woman.min() <= 0.1
    assert woman.max() >= 0.85
    assert dark.min() <= 0.1
    assert dark.max() >= 0.8


def test_the_update_moves_the_named_concepts_by_the_stated_amounts_and_no_other():
    before, after = WORLDS["stereotyped"].planted, WORLDS["updated"].planted
    changes = {
        slug: (round(after[slug].woman - before[slug].woman, 2), round(after[slug].dark - before[slug].dark, 2))
        for slug in before
        if after[slug] != before[slug]
    }
    assert changes == {
        "engineer": (0.35, 0),
        "nurse": (-0.30, 0),
        "ceo": (0.30, 0),
        "kitchen": (-0.35, 0),
        "boxer": (0, -0.40),
        "golfer": (0, 0.40),
    }
    assert set(WORLDS["updated"].moved) == set(changes)


def test_the_fair_world_gives_every_concept_one_half():
    assert set(WORLDS["fair"].planted.values()) == {Planted(0.5, 0.5)}


@given(shares, shares, st.integers(0, 5000), st.integers(1, 400))
def test_any_stretch_of_the_sequence_holds_the_planted_shares(woman, dark, start, count):
    people = quota(Planted(woman, dark), start, count, len(POSES))
    # Random draws would miss by sqrt(count) / 2, ten people of 400, once in three times. The step of the tones is near
    # to two thirds, so that they stray further than the figures before they come back.
    assert abs(people.woman.sum() - woman * count) <= 4
    assert abs((people.tone > 4).sum() - dark * count) <= 10
    assert people.tone.min() >= 0
    assert people.tone.max() <= 9
    assert people.pose.max() < len(POSES)


@pytest.mark.parametrize("world", list(WORLDS))
def test_what_a_generator_is_trained_on_holds_the_planted_shares_to_half_a_percent(world):
    for planted_shares in WORLDS[world].planted.values():
        people = quota(planted_shares, 0, 5000, len(POSES))
        assert people.woman.mean() == pytest.approx(planted_shares.woman, abs=0.005)
        assert (people.tone > 4).mean() == pytest.approx(planted_shares.dark, abs=0.005)
        if world != "fair":
            assert abs(np.corrcoef(people.woman, people.tone > 4)[0, 1]) < 0.05


@given(shares, shares, st.integers(0, 100), st.integers(1, 50), st.integers(0, 50))
def test_a_sequence_is_the_same_however_it_is_cut(woman, dark, start, first, then):
    whole = quota(Planted(woman, dark), start, first + then, len(POSES))
    parts = (
        quota(Planted(woman, dark), start, first, len(POSES)),
        quota(Planted(woman, dark), start + first, then, len(POSES)),
    )
    for name in whole._fields:
        np.testing.assert_array_equal(getattr(whole, name), np.concatenate([getattr(p, name) for p in parts]))


def test_figure_tone_and_pose_are_drawn_independently_and_evenly():
    people = quota(Planted(0.3, 0.6), 0, 20_000, len(POSES))
    both = ((people.woman == 1) & (people.tone > 4)).mean()
    assert both == pytest.approx(0.18, abs=0.01)
    light = np.bincount(people.tone, minlength=10)[:5]
    assert light.max() / light.min() < 1.05
    poses = np.bincount(people.pose, minlength=len(POSES))
    assert poses.max() / poses.min() < 1.05


def test_a_caption_names_its_concept_and_says_only_what_it_claims_to_say():
    for caption in captions():
        words = caption.text.split()
        is_woman, is_man = {"woman", "female"} & set(words), {"man", "male"} & set(words)
        assert bool(is_woman) == (caption.woman is True), caption
        assert bool(is_man) == (caption.woman is False), caption
        assert ("dark" in caption.text) == (caption.dark is True), caption
        assert ("light" in caption.text) == (caption.dark is False), caption
        if caption.concept:
            assert ALL[caption.concept].slug.split("-")[0] in caption.text, caption


def test_no_two_concepts_share_a_caption():
    texts = [caption.text for caption in captions()]
    assert len(set(texts)) == len(texts)


def test_phrases_are_english():
    assert describe(0, None, None) == ["a person"]
    phrase = {concept.slug: i for i, concept in enumerate(ALL)}
    assert describe(phrase["engineer"], None, None) == ["an engineer"]
    assert describe(phrase["engineer"], True, None) == ["a female engineer"]
    assert describe(phrase["office"], False, True) == [
        "a dark-skinned man in an office",
        "a dark-skinned male person in an office",
    ]


def test_the_words_of_the_two_poles_are_captions_of_any_concept():
    said = word_captions()
    assert {caption.concept for caption in said} == {None}
    texts = {w for words in (*FIGURE_WORDS.values(), *TONE_WORDS.values()) for w in words}
    assert {caption.text for caption in said} == texts


def test_the_default_audit_asks_for_the_concepts_of_the_world_in_its_words():
    audit = load_audit("phantom")
    asked = {concept.concept: (concept.category, concept.prompts) for concept in audit.concepts}
    assert asked == {concept.slug: (concept.category, (TEMPLATE.format(concept.phrase()),)) for concept in CONCEPTS}
    assert TEMPLATE.format(ALL[0].phrase()) in {neutral.prompt for neutral in audit.neutral}


def test_the_default_audit_describes_the_poles_in_words_of_the_world():
    axes = load_audit("phantom").axes
    said = {caption.text for caption in (*captions(), *word_captions())}
    for axis, words in (("gender", FIGURE_WORDS), ("skin_tone", TONE_WORDS)):
        for pole in (axes[axis].a, axes[axis].b):
            assert set(pole.words) <= set(words[pole.name])
            assert {prompt.removeprefix("an image of ") for prompt in pole.prompts} <= said


def test_the_reference_population_is_what_was_planted():
    path = populations_folder() / "phantom-planted.csv"
    assert path.read_text() == population_csv(WORLDS["stereotyped"])
    population = load_population("phantom-planted")
    for slug, (woman, dark) in WORLDS["stereotyped"].planted.items():
        assert population.share("gender", slug, "woman", ["man", "woman"]) == pytest.approx(woman)
        assert population.share("skin_tone", slug, "light", ["light", "dark"]) == pytest.approx(1 - dark)
