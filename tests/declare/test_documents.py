"""Reading declarations: what YAML may hold, and that all that is wrong is said at once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, model_validator

from mcas_assets.declare.documents import MAX_DEPTH, Slug, Text, load_document, parse_yaml
from mcas_assets.declare.mistakes import BadDocument, Mistake, fault


class Leg(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Slug
    length: int


class Chair(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: Text
    legs: tuple[Leg, ...]
    colours: dict[Slug, Text] = {}
    maker: Leg | None = None


CHAIR = """\
title: A chair
legs:
  - {name: left, length: 3}
  - {name: right, length: 3}
colours:
  seat: red
"""


def refusal(folder: Path, text: str) -> BadDocument:
    path = folder / "chair.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadDocument) as caught:
        load_document(path, Chair, lambda raw: ())
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "is empty"),
        ("# nothing\n", None, "is empty"),
        ("- a\n- b\n", 1, "is not a mapping"),
        ("just words\n", 1, "is not a mapping"),
        ("title: [a, b\nlegs: 1\n", 2, "is not valid YAML"),
        ("legs: []\ntitle: A: B\n", 2, "is not valid YAML"),
        ("legs: []\n\ttitle: x\n", 2, "is not valid YAML"),
        ("legs: []\ntitle: a\x07b\n", 2, "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "is not valid YAML"),
        ("[" * 100_000, None, f"is nested more than {MAX_DEPTH} deep"),
    ],
)
def test_what_is_no_yaml_mapping_is_one_mistake_with_its_line(tmp_path, text, line, said):
    (mistake,) = refusal(tmp_path, text).mistakes
    assert said in mistake.problem
    assert mistake.line == line


@pytest.mark.parametrize(
    ("old", "new", "key", "line", "problem"),
    [
        ("title: A chair", "title: A chair\ntitle: B", "title", 2, "is given twice (first in line 1)"),
        ("length: 3}\n  -", "length: 3, length: 4}\n  -", "legs.0.length", 3, "is given twice"),
        ("seat: red", "seat: &r red\n  back: *r", "colours.back", 7, "uses a YAML alias"),
        ("length: 3}\ncol", "length: !!int three}\ncol", "legs.1.length", 4, "cannot be read as int"),
        ("A chair", "!!python/name:os.system x", "title", 1, "cannot be read as"),
        ("seat: red", "no: red", "colours", 6, "has the key no, which is not text"),
        ("seat: red", "[seat]: red", "colours", 6, "which is not text"),
        ("title: A", "<<: {a: 1}\ntitle: A", "<<", 1, "is not a known key"),
    ],
)
def test_what_could_mislead_a_reader_of_yaml_is_refused(tmp_path, old, new, key, line, problem):
    assert old in CHAIR
    (mistake,) = refusal(tmp_path, CHAIR.replace(old, new)).mistakes
    assert (mistake.key, mistake.line) == (key, line)
    assert problem in mistake.problem


@pytest.mark.parametrize(
    ("text", "value"),
    [("2023-04-26", "2023-04-26"), ("7", 7), ("0.5", 0.5), ("true", True), ("~", None), ("'7'", "7")],
)
def test_plain_values_are_read_as_yaml_says_but_a_date_stays_text(text, value):
    assert parse_yaml(f"key: {text}").value == {"key": value}


def test_an_unknown_key_is_compared_with_the_keys_of_its_own_place(tmp_path):
    text = CHAIR.replace("length: 3}\ncol", "lenght: 3}\ncol") + "maker: {nam: x, length: 1}\n"
    remedies = {mistake.key: mistake.remedy for mistake in refusal(tmp_path, text).mistakes}
    assert remedies["legs.1.lenght"] == "Did you mean 'length'? Known: length, name"
    assert remedies["maker.nam"] == "Did you mean 'name'? Known: length, name"


def test_one_mistake_is_one_line_of_file_line_key_problem_and_remedy(tmp_path):
    error = refusal(tmp_path, CHAIR.replace("A chair", "3"))
    assert str(error) == f"{tmp_path / 'chair.yaml'}:1: title: is 3, not text. Put it in quotes"
    assert (error.key, error.problem, error.remedy) == ("title", "is 3, not text", "Put it in quotes")


def test_several_mistakes_are_one_message_in_order_of_lines(tmp_path):
    text = CHAIR.replace("title: A chair\n", "").replace("length: 3", "length: x") + "  Back: ''\nx: 1\n"
    error = refusal(tmp_path, text)
    assert [(mistake.line, mistake.key) for mistake in error.mistakes] == [
        (1, "title"),
        (2, "legs.0.length"),
        (3, "legs.1.length"),
        (6, "colours.Back"),
        (6, "colours.Back"),
        (7, "x"),
    ]
    first, *rest = str(error).splitlines()
    assert first.endswith("chair.yaml: 6 mistakes")
    assert all("chair.yaml:" in line for line in rest)


def test_contradictions_are_told_beside_the_mistakes_of_single_fields(tmp_path):
    path = tmp_path / "chair.yaml"
    path.write_text(CHAIR.replace("length: 3}\ncol", "length: x}\ncol"), encoding="utf-8")
    with pytest.raises(BadDocument) as caught:
        load_document(path, Chair, lambda raw: [Mistake(("colours", "back"), "is missing", "Add it")])
    assert [(mistake.line, mistake.key) for mistake in caught.value.mistakes] == [
        (4, "legs.1.length"),
        (5, "colours.back"),
    ]


def test_a_mistake_of_writing_is_not_followed_by_one_of_type(tmp_path):
    error = refusal(tmp_path, CHAIR.replace("A chair", "!!int three"))
    assert [mistake.problem for mistake in error.mistakes] == ["cannot be read as int"]


def test_a_fault_of_the_whole_is_told_where_nothing_else_is(tmp_path):
    class Empty(Chair):
        @model_validator(mode="after")
        def _never(self):
            raise fault("is no chair", "Write a chair")

    path = tmp_path / "chair.yaml"
    path.write_text(CHAIR, encoding="utf-8")
    with pytest.raises(BadDocument, match=r"chair\.yaml:1: is no chair\. Write a chair"):
        load_document(path, Empty, lambda raw: ())


def test_a_long_key_is_its_own_key():
    one, two = "x" * 100 + "1", "x" * 100 + "2"
    assert parse_yaml(f"{one}: 1\n{two}: 2\n").value == {one: 1, two: 2}


@given(st.text(alphabet=st.sampled_from("ab:- \n\t[]{}&*!|>'\"#%@`0\x00\ud7ff"), max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_is_read_or_refused(text):
    parsed = parse_yaml(text)
    assert all(mistake.problem and mistake.remedy for mistake in parsed.mistakes)
