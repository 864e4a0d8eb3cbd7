"""The audits in `data/audits`: that each asks what it says it asks."""

import json
import re
from pathlib import Path

import pytest

from mcas_assets.core.paths import audits_folder
from mcas_assets.declare.audit import list_audits, load_audit, wordings_of
from mcas_assets.embedders.find import find_embedder, load_embedders
from mcas_assets.estimate.cost import Estimate, estimate
from mcas_assets.measure.reading import require_read
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system

SHIPPED = [
    "phantom",
    "phantom-wordings",
    "phantom-harder",
    "gender",
    "skin-tone",
    "age",
    "activities-events-objects",
    "languages",
]
PEOPLE = r"\b(person|people|m[ae]n|wom[ae]n|boy|girl|child|he|she|his|her|someone|somebody)\b"


def planned_of(name: str, home: Path) -> Estimate:
    planned = estimate(load_audit(name), find_system("phantom-stereotyped"), Store(home))
    assert isinstance(planned, Estimate)
    return planned


@pytest.mark.parametrize("name", SHIPPED)
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
    assert [neutral.prompt for neutral in audit.neutral if neutral.baseline] == ["an image of a person"]
    assert "non-binary-person" in {neutral.name for neutral in audit.neutral if not neutral.baseline}


def test_every_file_in_the_audits_folder_is_an_audit():
    assert {load_audit(name).audit for name in list_audits()} == {path.stem for path in audits_folder().iterdir()}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_audit_can_be_planned(name, tmp_path):
    planned = planned_of(name, tmp_path)
    assert planned.declared >= 400
    assert set(load_audit(name).embedders) <= set(load_embedders())


def test_the_zero_point_of_every_audit_of_real_systems_has_about_as_many_images_as_makes_it_surest(tmp_path):
    for name in ("gender", "skin-tone", "age", "activities-events-objects", "languages"):
        zero = planned_of(name, tmp_path).zero_point
        assert 0.95 < zero.images / zero.sharpest < 1.05, name


def test_activities_events_and_objects_name_nobody_and_no_place():
    audit = load_audit("activities-events-objects")
    assert {concept.category for concept in audit.concepts} == {"activities", "events", "objects"}
    places = [text.rpartition(" ")[2] for group in audit.axes["place"].groups for text in group.texts]
    for prompt in [
        *(prompt for one in audit.concepts for prompt in one.prompts),
        *(one.prompt for one in audit.neutral),
    ]:
        assert not re.search(PEOPLE, prompt), prompt
        assert not any(place in prompt for place in places), prompt


def test_there_are_audits_of_more_than_two_groups():
    assert [group.name for group in load_audit("age").axes["age"].groups] == [
        "child",
        "young-adult",
        "middle-aged",
        "older-adult",
    ]
    assert len(load_audit("activities-events-objects").axes["place"].groups) == 6


def test_the_audit_of_languages_asks_the_same_in_each_and_shows_embedders_one_text():
    audit = load_audit("languages")
    of: dict[str, set[str]] = {}
    for concept in audit.concepts:
        of.setdefault(str(concept.text), set()).add(str(concept.language))
    assert len(of) == 8
    assert set(map(frozenset, of.values())) == {frozenset({"en", "de", "es", "fr", "zh-Hans"})}
    assert {(one.text, one.language) for one in audit.neutral} == {
        ("an image of a person", language) for language in ("en", "de", "es", "fr", "zh-Hans")
    }
    assert len({prompt for concept in audit.concepts for prompt in concept.prompts}) == 40


@pytest.mark.parametrize("name", ["age", "activities-events-objects", "languages"])
def test_an_embedder_with_the_usual_77_tokens_reads_every_text_of_the_new_audits_and_tells_them_apart(name, tmp_path):
    model = {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {"context_length": 77}}  # the tokenizer is open_clip's own
    (tmp_path / "clip").mkdir()
    (tmp_path / "clip" / "open_clip_config.json").write_text(json.dumps({"model_cfg": model}))
    declared = tmp_path / "embedders.yaml"
    declared.write_text(json.dumps({"embedders": {"clip": {"kind": "open_clip", "folder": "clip"}}}))
    assert require_read(load_audit(name), find_system("phantom-harder"), [find_embedder("clip", declared)]) == []


@pytest.mark.parametrize("name", ["gender", "skin-tone", "age", "activities-events-objects", "languages"])
def test_audits_of_real_systems_have_a_panel_of_three_whose_revisions_data_and_licences_are_told(name):
    entries = [load_embedders()[embedder] for embedder in load_audit(name).embedders]
    assert len(entries) == 3
    assert all(re.fullmatch(r"[0-9a-f]{40}", entry.revision) and entry.parameters for entry in entries)
    assert {entry.licence for entry in entries} == {"MIT", "Apache-2.0"}
    trained = [re.search(r"Trained by (\w+) on", " ".join(entry.description.split())) for entry in entries]
    assert {found and found[1] for found in trained} == {"OpenAI", "LAION", "Google"}


def test_an_audit_is_asked_by_one_embedder_of_its_panel_alone():
    audit = load_audit("gender").with_embedders(["openai-vit-b-32"])
    assert audit.embedders == ("openai-vit-b-32",)
    assert audit.concepts == load_audit("gender").concepts
