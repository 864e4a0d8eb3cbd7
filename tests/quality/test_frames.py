"""Columns that say in true and false, or in words, what rules would pass over."""

import polars as pl
import pytest

from mcas_assets.quality.frames import MISSING, are_within, has_nan, inside, or_missing, total, unexplained

NAN = float("nan")


def column(expression: pl.Expr, **columns: list) -> list:
    return pl.DataFrame(columns).select(expression).to_series().to_list()


def test_a_null_is_unexplained_where_nothing_says_why():
    values, reasons = [1.0, None, None], [None, "no image", None]
    assert column(unexplained("value", "reason"), value=values, reason=reasons) == [False, False, True]


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.5, 0.0, 1.0, True),
        (0.0, 0.0, 1.0, True),
        (1.0 + 1e-12, 0.0, 1.0, True),
        (1.1, 0.0, 1.0, False),
        (-0.1, 0.0, 1.0, False),
        (0.5, None, 1.0, False),
        (0.5, 0.0, None, False),
        (None, 0.0, 1.0, None),
        (None, None, None, None),
    ],
)
def test_a_value_lies_inside_its_ends_up_to_rounding_and_not_without_them(value, low, high, expected):
    rows = pl.DataFrame({"v": [value], "l": [low], "h": [high]}, schema=dict.fromkeys("vlh", pl.Float64))
    assert rows.select(inside("v", "l", "h")).item() is expected


def test_what_is_missing_is_spelled_out():
    assert column(or_missing("axis"), axis=["gender", None]) == ["gender", MISSING]
    assert column(or_missing("number"), number=[1, None]) == ["1", MISSING]


def test_a_nan_is_found_in_any_column_and_a_null_is_none():
    rows = pl.DataFrame(
        {"a": [1.0, NAN, None, 1.0], "n": [1, 2, 3, 4], "b": [None, 1.0, None, NAN], "word": ["NaN"] * 4}
    )
    assert rows.select(has_nan(rows)).to_series().to_list() == [False, True, False, True]
    words = rows.select("word", "n")
    assert words.with_columns(has_nan=has_nan(words))["has_nan"].to_list() == [False] * 4


def test_a_total_is_null_where_a_part_is():
    rows = pl.DataFrame({"group": ["x", "x", "y", "y"], "share": [0.3, 0.7, 0.5, None]})
    assert rows.select(total("share").over("group")).to_series().to_list() == [1.0, 1.0, None, None]


def test_values_are_within_bounds_if_all_that_there_are_do():
    low, high = [0.0, -0.1, None, None, NAN], [1.0, 1.0, 0.5, None, 0.5]
    assert column(are_within(["low", "high"], 0, 1), low=low, high=high) == [True, False, True, True, False]
