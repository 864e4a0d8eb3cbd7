"""A frame in the width of a terminal."""

from datetime import UTC, datetime

import polars as pl
import pytest
from rich.console import Console

from mcas_assets.views.fit import captured

SCORES = pl.DataFrame({
    "audit": ["gender"] * 4, "axis": ["gender", "gender", "tone", "tone"], "concept": ["nurse", "ceo", "nurse", "ceo"],
    "adjusted": [-0.25, 0.125, 0.0, None], "adjusted_q_value": [0.00001, 0.5, 1.0, None], "n_images": [16] * 4,
    "interval_note": [None] * 4, "estimand": ["these prompts", "these prompts", "a population of prompts", None],
})  # fmt: skip


def printed(frame: pl.DataFrame, width: int = 80, rows: int = 0, whole: bool = False) -> str:
    return captured(frame, Console(width=width), rows, whole)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_no_value_is_cut(width):
    text = printed(SCORES, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert text.count("nurse") == 2


def test_what_is_the_same_in_all_rows_is_said_once(capsys):
    text = printed(SCORES, 200)
    assert "in all 4 rows: audit gender; n_images 16" in text
    assert "without a value: interval_note" in text


def test_columns_for_which_there_is_no_room_are_named_with_what_prints_them():
    text = printed(SCORES, 46)
    assert "no room for: estimand (--whole prints them, as --format csv" in text.replace("\n", " ")


def test_a_folded_column_gets_the_room_that_is_left():
    paths = pl.DataFrame({"n": [1, 2], "path": ["a" * 60, "b" * 60]})
    assert "a" * 60 in printed(paths, 80)
    assert len(printed(paths, 60).splitlines()) == len(printed(paths, 80).splitlines()) + 2


def test_what_would_make_rows_of_many_lines_is_left_out_unless_asked_for_and_what_follows_it_is_not():
    frame = pl.DataFrame({"concept": ["nurse", "ceo"], "sample": ["x " * 200, "y " * 200], "n_images": [16, 8]})
    text = printed(frame, 200)
    assert "no room for: sample" in text
    assert "16" in text
    assert printed(frame, 200, whole=True).count("x ") > 150


def test_the_first_line_of_each_cell_stands_beside_those_of_its_row():
    names = pl.DataFrame({"name": ["gender", "tone"], "title": ["the published protocol of " * 3, "short"]})
    (line,) = (line for line in printed(names, 60).splitlines() if "gender" in line)
    assert "the published" in line


def test_whole_rows_stand_upright_where_their_columns_do_not_fit_beside_each_other():
    whole = printed(SCORES, 64, rows=3, whole=True)
    assert "estimand          a population of prompts\n" in whole
    assert "the first 3 of 4 rows" in whole
    assert "in all" not in whole


def test_where_there_is_no_room_the_axis_becomes_a_heading_over_its_rows():
    lines = [line.strip() for line in printed(SCORES, 46).splitlines()]
    gender, tone = lines.index("gender"), lines.index("tone")
    assert gender < next(i for i, line in enumerate(lines) if "-0.2500" in line) < tone
    assert "axis" in printed(SCORES, 200)


def test_rows_beyond_the_limit_are_counted_and_the_way_to_them_is_named():
    text = printed(SCORES, rows=3)
    assert "the first 3 of 4 rows; --rows 0 prints all" in text
    assert text.count("nurse") + text.count("ceo") == 3


def test_one_row_stands_upright():
    lines = printed(SCORES.head(1), 40).splitlines()
    assert [line.split() for line in lines[:3]] == [["audit", "gender"], ["axis", "gender"], ["concept", "nurse"]]


def test_no_row_says_which_columns_there_would_be():
    assert printed(SCORES.clear()).startswith("0 rows of audit, axis, concept")


def test_a_number_that_is_not_0_is_not_printed_as_0_and_a_moment_ends_at_its_second():
    frame = pl.DataFrame({"q": [0.00001, 0.0], "at": [datetime(2026, 11, 29, 1, 2, 3, 4, UTC)] * 2})
    text = printed(frame)
    assert "1e-05" in text
    assert "0.0000" in text
    assert "at 2026-11-29 01:02:03\n" in text


def test_nested_values_are_printed_as_they_are():
    assert "['a']" in printed(pl.DataFrame({"n": [1, 2], "tags": [["a"], []], "of": [{"x": 1}, {"x": 2}]}))


def test_markup_in_a_cell_is_text():
    assert "[/b] [red]x" in printed(pl.DataFrame({"concept": ["[/b] [red]x", "b"]}))
