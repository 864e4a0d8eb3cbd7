"""Tones as facts: kept under the picture and its reader, once."""

import duckdb
import pytest

from mcas_assets.store import tones


def test_tones_are_kept_by_reader_and_the_first_stands(store):
    with store.open() as con:
        assert tones.append_tones(con, "r@1", {"p": 3, "q": 0}) == 2
        assert tones.append_tones(con, "r@1", {"p": 9, "s": 10}) == 1
        assert tones.append_tones(con, "r@2", {"p": 4}) == 1
        assert tones.read_tones(con, "r@1", ["p", "q", "s", "t"]) == {"p": 3, "q": 0, "s": 10}
        assert tones.read_tones(con, "r@2", ["p", "q"]) == {"p": 4}
        assert tones.read_tones(con, "r@1", []) == {}


def test_a_number_that_is_no_tone_is_not_kept_nor_is_what_came_with_it(store):
    with store.open() as con:
        with pytest.raises(duckdb.ConstraintException):
            tones.append_tones(con, "r@1", {"p": 3, "q": 11})
        assert tones.read_tones(con, "r@1", ["p", "q"]) == {}
