"""Frames in the four formats."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mcas_assets.views.frames import write

FRAME = pl.DataFrame({"concept": ["nurse", "[ceo]"], "mcas": [-0.25, None], "tags": [["a"], []]})


def test_a_table_shows_every_value_and_counts_rows(capsys):
    write(FRAME, "table")
    shown = capsys.readouterr().out
    assert "nurse" in shown
    assert "[ceo]" in shown
    assert "-0.2500" in shown
    assert "2 rows" in shown


def test_a_pipe_gets_every_row_in_the_width_that_columns_says(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    write(pl.DataFrame({"row": range(100), "text": ["word " * 20] * 99 + ["end"]}), "table")
    lines = capsys.readouterr().out.splitlines()
    assert "100 rows" in lines
    assert max(map(len, lines)) <= 60


def test_csv_can_be_read_back_and_nested_values_are_json(capsys):
    write(FRAME, "csv")
    back = pl.read_csv(io.StringIO(capsys.readouterr().out))
    assert back["concept"].to_list() == ["nurse", "[ceo]"]
    assert [json.loads(text) for text in back["tags"]] == [["a"], []]


def test_json_is_a_list_of_rows_with_nulls(capsys):
    write(FRAME, "json")
    assert json.loads(capsys.readouterr().out) == [
        {"concept": "nurse", "mcas": -0.25, "tags": ["a"]}, {"concept": "[ceo]", "mcas": None, "tags": []}
    ]  # fmt: skip


def test_parquet_keeps_types(tmp_path: Path):
    write(FRAME, "parquet", tmp_path / "out.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), FRAME)


def test_a_file_is_written_where_asked(tmp_path: Path, capsys):
    write(FRAME, "csv", tmp_path / "out.csv")
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out.csv").read_text().startswith("concept,mcas,tags\n")


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="xml"):
        write(FRAME, "xml")
