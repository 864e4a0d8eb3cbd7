"""What the terminal says of populations: against which shares differ, and where the choice decides."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from mcas_assets.views.populations import population_lines

ROW = {
    "axis": "gender", "labels": "zero-shot", "embedder": "phantom-balanced", "category": "occupations", "is_corrected": True,
}  # fmt: skip
PARITY = {"population": "parity", "locale": "any"}
TOWN = {"population": "town", "locale": "XA", "year": 2023}


def rows(*ones: dict) -> pl.DataFrame:
    return pl.DataFrame([ROW | one for one in ones], schema=frame_schema("amplification"))


def test_a_line_says_against_which_populations_shares_differ_and_for_which_concepts_the_choice_decides(tiny):
    (line,) = population_lines(tiny, rows(
        PARITY | {"concept": "nurse", "group_name": "woman", "verdict": "over-represented", "depends_on_population": True},
        TOWN | {"concept": "nurse", "group_name": "woman", "verdict": "not shown", "depends_on_population": True},
        PARITY | {"concept": "ceo", "group_name": "woman", "verdict": "under-represented", "depends_on_population": False},
        TOWN | {"concept": "ceo", "group_name": "woman", "verdict": "under-represented", "depends_on_population": False},
        PARITY | {"concept": "person", "category": "neutral", "group_name": "woman", "verdict": "over-represented"},
    ))  # fmt: skip
    assert line == (
        "gender: a group is shown more or less than by parity (any) in 2 of 2 concepts; than by town (XA, 2023) in 1 of 2 "
        "concepts. Which population one takes decides it for 1: nurse. All: mcas sql against-which-population"
    )


def test_nothing_is_said_where_no_verdict_was_reached(tiny):
    assert population_lines(tiny, rows(PARITY | {"concept": "nurse", "group_name": "woman"})) == []
