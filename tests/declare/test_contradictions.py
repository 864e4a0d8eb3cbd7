"""Parts of an audit that contradict each other, each of them being fine by itself."""

import pytest

from mcas_assets.declare.audit import Audit, load_audit
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
GROUPS_THAT_SHARE_A_TONE = """
    groups:
      - {name: x, texts: [a], monk_tones: [1, 2]}
      - {name: y, texts: [b], monk_tones: [2]}
templates"""


@pytest.mark.parametrize(
    ("old", "new", "key", "problem"),
    [
        ("concept: book", "concept: nurse", "concepts.1.concept", "is 'nurse', as at concepts.0 already"),
        (
            "a person with a book",
            "a photo of a nurse",
            "concepts.1.prompts",
            "is a prompt of concept 'nurse' too",
        ),
        ("[woman, she]", "[woman, he]", "axes.gender.b.words", "'he' stands in both poles"),
        ("[an image of a woman]", "[an image of a man]", "axes.gender.b.prompts", "stands in both poles"),
        ("{name: woman,", "{name: man,", "axes.gender.b.name", "the name of the other pole"),
        ("category: objects", "category: neutral", "concepts.1.category", "kept for the neutral prompts"),
        ("{name: person,", "{name: book,", "neutral.0.name", "a concept too"),
        ("image of a person}", "image of a person, baseline: false}", "neutral", "has no baseline"),
        ("phrase: a nurse", "prompts: [a nurse]", "templates", "is used by no concept"),
        (
            'templates: ["an image of {phrase}", "a photo of {phrase}"]',
            "",
            "concepts.0.phrase",
            "has no template",
        ),
        (
            "\ntemplates",
            "\n    groups: [{name: man, texts: [a man]}]\ntemplates",
            "axes.gender.groups",
            "single group",
        ),
        (
            "\ntemplates",
            GROUPS_THAT_SHARE_A_TONE,
            "axes.gender.groups.1.monk_tones",
            "2 stands in an earlier group too",
        ),
        (
            "\ntemplates",
            GROUPS_THAT_SHARE_A_TONE.replace(", monk_tones: [2]", ""),
            "axes.gender.groups.1.monk_tones",
            "is missing, though other groups have tones",
        ),
        (
            "\nembedders",
            "\n  - {name: person, prompt: a photo of someone}\nembedders",
            "neutral.1.name",
            "is 'person', as at neutral.0 already",
        ),
    ],
)
def test_parts_that_contradict_each_other_are_refused(tmp_path, old, new, key, problem):
    assert old in SMALL
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace(old, new), encoding="utf-8")
    with pytest.raises(BadDocument) as caught:
        load_audit(path)
    (mistake,) = caught.value.mistakes
    assert mistake.key == key
    assert problem in mistake.problem
    assert mistake.line


def test_a_contradiction_is_refused_also_where_an_audit_is_made_in_code(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    document = load_audit(path).model_dump()
    document["concepts"][1]["concept"] = "nurse"
    with pytest.raises(ValueError, match=r"concepts\.1\.concept: is 'nurse'"):
        Audit.model_validate(document)
