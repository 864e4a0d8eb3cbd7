"""What is told without Great Expectations is what it would answer, and whatever is not plain is left to it."""

import polars as pl
import pytest

from mcas_assets.quality.adapter import answered
from mcas_assets.quality.expectations import EXPECTED_ROWS, Condition, among, between, equal, ordered, present, suite
from mcas_assets.quality.screen import held, screened
from tests.quality.test_expectations import EACH, ROWS, WHOLE

CONDITIONS = {name: condition for kinds in (WHOLE, EACH) for name, (condition, _) in kinds.items()}

LEFT = {"among: numbers", "among: where"}  # polars looks for no whole number among others


def told(frame: pl.DataFrame, condition: Condition):
    return held(screened(frame), condition, {EXPECTED_ROWS: len(frame)})


@pytest.mark.parametrize("name", EACH)
def test_a_kind_is_told_to_hold_exactly_of_rows_none_of_which_breaks_it(name):
    condition, breaking = EACH[name]
    rest = ROWS.filter(~pl.col("row").is_in(list(breaking)), pl.col("word").is_not_null())
    assert (told(rest, condition) is None) == (name in LEFT)
    assert (told(ROWS, condition) is None) == (bool(breaking) or name in LEFT)


@pytest.mark.parametrize("left", ["abcde", "abcd", "ab", "cd", "bde", "e", "aab"])
def test_figures_are_those_of_great_expectations_whichever_rows_there_are(left):
    frame = pl.concat([ROWS.filter(row=row) for row in left])
    facts = {EXPECTED_ROWS: len(frame)}
    rules = suite("weather", CONDITIONS)
    compared = 0
    for rule, answer in zip(rules, answered(frame, "weather", rules, ["row"], facts), strict=True):
        found = told(frame, rule.condition)
        if found is not None:
            seen = (found.checked, found.unexpected, found.observed)
            assert (answer.success, (answer.checked, answer.unexpected, answer.observed)) == (True, seen), rule.name
            compared += 1
    assert compared >= 5


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (present("wind"), "a column that is not there"),
        (among("word", (1, 2)), "words beside numbers"),
        (between("word", 0, 1), "words that have no order among numbers"),
        (ordered("number", "word"), "columns of two types"),
        (equal("number", "word"), "columns of two types"),
        (present("row", where=lambda column: column("wind") == 1), "rows that a missing column would tell apart"),
        (present("row", where=lambda column: column("word") != "no"), "rows of which nothing tells whether they count"),
    ],
)
def test_what_is_not_plain_is_left_to_great_expectations(condition, why):
    assert told(ROWS, condition) is None, why


def test_nothing_is_told_of_an_empty_frame():
    assert told(ROWS.clear(), present("row")) is None
