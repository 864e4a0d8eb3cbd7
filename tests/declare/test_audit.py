"""The declaration of an audit: what is read, what is refused, and in which words."""

from copy import deepcopy
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit, load_audit, wordings_of
from mcas_assets.declare.mistakes import BadDocument

SMALL = """\
audit: small
title: A small audit
description: For tests.
run_seed: 7
images_per_prompt: {concept: 4, attribute: 3, neutral: 2}
batch_size: 3
axes:
  gender:
    a: {name: man, words: [man, he], prompts: [an image of a man]}
    b: {name: woman, words: [woman, she], prompts: [an image of a woman]}
templates: ["an image of {phrase}", "a photo of {phrase}"]
concepts:
  - {concept: nurse, category: occupations, phrase: a nurse}
  - {concept: book, category: objects, prompts: [a person with a book]}
neutral:
  - {name: person, prompt: an image of a person}
embedders: [tiny]
"""


def write(folder: Path, text: str = SMALL) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> BadDocument:
    path = write(folder, text)
    with pytest.raises(BadDocument) as caught:
        load_audit(path)
    assert str(path) in str(caught.value)
    return caught.value


def changed(old: str, new: str) -> str:
    assert old in SMALL
    return SMALL.replace(old, new)


# ---- what is read


def test_an_audit_loads_by_path_as_text_or_as_path(tmp_path):
    path = write(tmp_path)
    assert load_audit(path) == load_audit(str(path))


def test_a_phrase_is_written_into_every_template_and_a_whole_prompt_stays(tmp_path):
    nurse, book = load_audit(write(tmp_path)).concepts
    assert nurse.prompts == ("an image of a nurse", "a photo of a nurse")
    assert nurse.prompt == "an image of a nurse"
    assert book.prompts == ("a person with a book",)


def test_the_poles_are_the_groups_where_none_are_given(tmp_path):
    groups = load_audit(write(tmp_path)).axes["gender"].groups
    assert [(group.name, group.texts) for group in groups] == [
        ("man", ("an image of a man",)),
        ("woman", ("an image of a woman",)),
    ]


def test_defaults_are_those_of_the_method(tmp_path):
    audit = load_audit(write(tmp_path))
    assert audit.profile.text_prefix == "This is "
    assert (audit.inference.level, audit.inference.resamples, audit.inference.permutations) == (
        0.95,
        2000,
        10_000,
    )
    assert (audit.seeds, audit.populations) == ("per_prompt", ("parity",))
    assert audit.neutral[0].baseline


def test_an_audit_does_not_change(tmp_path):
    with pytest.raises(ValueError, match="frozen"):
        load_audit(write(tmp_path)).run_seed = 1  # ty: ignore[invalid-assignment]


def test_a_byte_order_mark_is_no_part_of_the_document(tmp_path):
    assert load_audit(write(tmp_path, "\ufeff" + SMALL)).audit == "small"


def test_a_language_is_told_by_its_tag_and_counts_only_where_it_is_told(tmp_path):
    german = changed("phrase: a nurse}", "phrase: a nurse, language: de-AT, text: a nurse}")
    document = load_audit(write(tmp_path, german)).document()
    assert {"language", "text"} & {
        key for part in load_audit(write(tmp_path)).document()["concepts"] for key in part
    } == set()
    assert (document["concepts"][0]["language"], document["concepts"][0]["text"]) == ("de-AT", "a nurse")
    refused = refusal(tmp_path, changed("phrase: a nurse}", "phrase: a nurse, language: German}"))
    assert "no tag of a language" in str(refused)


# ---- its digest


def test_the_digest_is_that_of_the_meaning_not_of_the_layout(tmp_path):
    audit = load_audit(write(tmp_path))
    document = yaml.safe_load(SMALL)
    reordered = yaml.safe_dump(dict(reversed(document.items())), default_flow_style=False)
    assert load_audit(write(tmp_path, "# a remark\n" + reordered)).digest() == audit.digest()
    assert Audit.model_validate(audit.model_dump()).digest() == audit.digest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("run_seed: 7", "run_seed: 8"),
        ("a nurse}", "a male nurse}"),
        ("concept: 4", "concept: 5"),
        ("tests.", "test."),
    ],
)
def test_any_change_of_the_document_changes_the_digest(tmp_path, old, new):
    before = load_audit(write(tmp_path)).digest()
    assert load_audit(write(tmp_path, changed(old, new))).digest() != before


def test_the_digest_is_the_same_on_every_machine(tmp_path):
    expected = "9ccb654dd649ae5c9eb8181d0cf69bf2449cb6cd7dcd6164cdaf40b87620c711"
    assert load_audit(write(tmp_path)).digest() == expected


# ---- what is refused


def test_a_missing_audit_is_refused_with_those_there_are():
    with pytest.raises(BadInput, match=r"audit 'fantom'.*Did you mean 'phantom'.*gender.*skin-tone"):
        load_audit("fantom")


def test_a_missing_file_is_refused_with_the_audits_there_are(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.yaml: does not exist.*Known: .*phantom"):
        load_audit(tmp_path / "gone.yaml")


def test_an_empty_folder_of_audits_says_so(tmp_path):
    with pytest.raises(BadInput, match="There are none"):
        load_audit("phantom", tmp_path)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        load_audit(tmp_path)


def test_a_file_named_otherwise_than_its_audit_is_refused(tmp_path):
    write(tmp_path).rename(tmp_path / "other.yaml")
    with pytest.raises(BadInput, match=r"other\.yaml: audit: is 'small'"):
        load_audit("other", tmp_path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_bytes(SMALL.replace("tests.", "tests, à la carte.").encode("latin-1"))
    with pytest.raises(BadInput, match="is not UTF-8"):
        load_audit(path)


@pytest.mark.parametrize(
    ("old", "new", "key", "problem", "remedy"),
    [
        ("run_seed", "runseed", "runseed", "not a known key", "Did you mean 'run_seed'?"),
        ("category: objects", "categorie: objects", "concepts.1.categorie", "not a known key", "'category'"),
        ("{name: man, words", "{name: man, word", "axes.gender.a.word", "not a known key", "'words'"),
        ("attribute: 3,", "attributes: 3,", "images_per_prompt.attributes", "not a known key", "'attribute'"),
        ("run_seed: 7\n", "", "run_seed", "is missing", "Add 'run_seed'"),
        ("run_seed: 7", "run_seed: 7.5", "run_seed", "is 7.5", "a whole number"),
        ("run_seed: 7", "run_seed: true", "run_seed", "is True", "a whole number"),
        ("run_seed: 7", "run_seed: '7'", "run_seed", "is '7'", "a whole number"),
        ("run_seed: 7", "run_seed: -1", "run_seed", "is -1", "greater than or equal to 0"),
        ("title: A small audit", "title: 2023", "title", "is 2023, not text", "quotes"),
        ("title: A small audit", "title:", "title", "is empty, not text", "Write text"),
        ("[man, he]", "man", "axes.gender.a.words", "is 'man', not a list", "[first, second]"),
        ("[man, he]", "[]", "axes.gender.a.words", "too few entries", "at least 1"),
        ("[man, he]", "[man, no]", "axes.gender.a.words.1", "is False, not text", "quotes"),
        ("[man, he]", "[man, '']", "axes.gender.a.words.1", "empty text", "remove"),
        ("[man, he]", "[man, 'he ']", "axes.gender.a.words.1", "space around", "Remove"),
        ("[man, he]", "[man, man]", "axes.gender.a.words", "gives 'man' twice", "Keep one"),
        ("[an image of a man]", "[]", "axes.gender.a.prompts", "too few entries", "at least 1"),
        ("concept: 4", "concept: 1", "images_per_prompt.concept", "is 1", "greater than or equal to 2"),
        ("batch_size: 3", "batch_size: 0", "batch_size", "is 0", "greater than or equal to 1"),
        ("concept: nurse", "concept: The Nurse", "concepts.0.concept", "not a name", "'the-nurse'"),
        ("  gender:\n", "  Gender:\n", "axes.Gender", "not a name", "'gender'"),
        ("audit: small", "audit: ../small", "audit", "not a name", "'small'"),
        (
            "a person with a book",
            "'a person with a {thing}'",
            "concepts.1.prompts.0",
            "unknown placeholder",
            "templates",
        ),
        (
            "a photo of {phrase}",
            "a photo of {prase}",
            "templates.1",
            "without {phrase}",
            "an image of {phrase}",
        ),
        (
            "a photo of {phrase}",
            "a {x} of {phrase}",
            "templates.1",
            "unknown placeholder",
            "write the words out",
        ),
        (", prompts: [a person with a book]", "", "concepts.1", "neither prompts nor phrase", "prompts"),
        ("batch_size: 3", "seeds: any", "seeds", "is 'any'", "'per_prompt' or 'shared'"),
        ("batch_size: 3", "inference: {level: 95}", "inference.level", "is 95", "less than 1"),
        ("batch_size: 3", "profile: short", "profile", "not a mapping", "keys with values"),
        ("embedders: [tiny]", "embedders: [tiny, tiny]", "embedders", "gives 'tiny' twice", "Keep one"),
        (
            "person, prompt: an image of a person",
            "person, prompt: x, baseline: 1",
            "neutral.0.baseline",
            "is 1",
            "true or false",
        ),
    ],
)
def test_a_wrong_field_is_one_mistake_with_key_line_and_remedy(tmp_path, old, new, key, problem, remedy):
    mistakes = {mistake.key: mistake for mistake in refusal(tmp_path, changed(old, new)).mistakes}
    assert problem in mistakes[key].problem
    assert remedy in mistakes[key].remedy
    assert mistakes[key].line


def test_one_message_lists_every_mistake_in_order_of_lines(tmp_path):
    text = changed("run_seed: 7", "run_sed: 7").replace("[woman, she]", "[woman, man]")
    text = text.replace("category: objects", "category: 3").replace("{name: person,", "{name: nurse,")
    error = refusal(tmp_path, text)
    assert [(mistake.line, mistake.key) for mistake in error.mistakes] == [
        (1, "run_seed"),
        (4, "run_sed"),
        (10, "axes.gender.b.words"),
        (14, "concepts.1.category"),
        (16, "neutral.0.name"),
    ]
    first, *rest = str(error).splitlines()
    assert first.endswith("small.yaml: 5 mistakes")
    assert all("small.yaml:" in line for line in rest)


# ---- whatever is written

PARSED = yaml.safe_load(SMALL)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("{phrase}")
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.data())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_any_value_in_any_place_is_read_or_refused_with_its_place(tmp_path_factory, data):
    document = deepcopy(PARSED)
    holder, key = document, data.draw(st.sampled_from(list(document)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(list(holder if isinstance(holder, dict) else range(len(holder)))))
    holder[key] = data.draw(VALUES)
    path = tmp_path_factory.getbasetemp() / "small.yaml"
    path.write_text(yaml.dump(document, Dumper=DUMPER, allow_unicode=True), encoding="utf-8")
    try:
        load_audit(path)
    except BadDocument as error:
        assert error.mistakes
        assert all(mistake.problem and mistake.remedy and mistake.line for mistake in error.mistakes)


def test_a_prompt_is_of_the_template_that_it_was_written_by_and_a_whole_prompt_of_itself(tiny):
    templates = ("an image of {phrase}", "a photo of {phrase}")
    whole = {"concept": "nurse", "category": "occupations", "phrase": "a nurse", "prompts": ["nurses at work"]}
    other = {"concept": "ceo", "category": "occupations", "phrase": "a ceo"}
    audit = Audit.model_validate(tiny.model_dump(mode="json") | {"templates": templates, "concepts": [whole, other]})
    assert wordings_of(audit) == {
        "nurses at work": "nurses at work",
        "an image of a nurse": templates[0], "a photo of a nurse": templates[1],
        "an image of a ceo": templates[0], "a photo of a ceo": templates[1],
    }  # fmt: skip
