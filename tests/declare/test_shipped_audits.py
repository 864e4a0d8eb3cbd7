"""The audits in `data/audits`: that each asks what it says it asks."""

import pytest

from mcas_assets.core.paths import audits_folder
from mcas_assets.declare.audit import list_audits, load_audit, wordings_of


@pytest.mark.parametrize("name", ["phantom", "phantom-wordings", "phantom-harder", "gender", "skin-tone"])
def test_every_shipped_audit_loads_by_its_name(name):
    assert load_audit(name).audit == name
    assert name in list_audits()


def test_the_phantom_audit_covers_the_four_categories_and_two_axes():
    audit = load_audit("phantom")
    assert len(audit.concepts) >= 24
    assert {concept.category for concept in audit.concepts} == {"occupations", "sports", "objects", "scenes"}
    assert set(audit.axes) == {"gender", "skin_tone"}
    assert {pole.name for axis in audit.axes.values() for pole in (axis.a, axis.b)} == {
        "man",
        "woman",
        "light",
        "dark",
    }


def test_the_audit_of_wordings_asks_for_each_concept_in_five_templates_that_all_share():
    audit = load_audit("phantom-wordings")
    assert len(audit.templates) == 5
    assert {len(concept.prompts) for concept in audit.concepts} == {5}
    assert set(wordings_of(audit).values()) == set(audit.templates)
    assert audit.axes == load_audit("phantom").axes


@pytest.mark.parametrize("name", ["phantom", "phantom-wordings", "skin-tone"])
def test_the_groups_of_skin_tone_span_all_ten_monk_tones(name):
    groups = load_audit(name).axes["skin_tone"].groups
    assert sorted(tone for group in groups for tone in group.monk_tones) == list(range(1, 11))


def test_skin_tone_is_asked_over_the_same_concepts_as_gender():
    assert load_audit("skin-tone").concepts == load_audit("gender").concepts


def test_the_gender_audit_follows_the_published_protocol():
    audit = load_audit("gender")
    gender = audit.axes["gender"]
    assert sorted(gender.a.words) == sorted(
        ["he", "him", "his", "man", "male", "boy", "father", "son", "husband", "brother"]
    )
    assert sorted(gender.b.words) == sorted(
        ["she", "her", "hers", "woman", "female", "girl", "mother", "daughter", "wife", "sister"]
    )
    assert (len(gender.a.prompts), len(gender.b.prompts)) == (4, 4)
    assert (audit.images_per_prompt.attribute, audit.images_per_prompt.concept) == (8, 30)
    assert audit.embedders == ("openai-vit-b-32",)
    assert [neutral.prompt for neutral in audit.neutral if neutral.baseline] == ["an image of a person"]
    assert "non-binary-person" in {neutral.name for neutral in audit.neutral if not neutral.baseline}


def test_every_file_in_the_audits_folder_is_an_audit():
    assert {load_audit(name).audit for name in list_audits()} == {path.stem for path in audits_folder().iterdir()}
