"""The ledger: rows and their provenance come together, and no version is lost."""

import dataclasses
import re

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from mcas_assets.core.errors import StoreError
from mcas_assets.store import ledger


def test_a_version_is_read_back_as_it_was_written(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores})
        found = ledger.read_table(con, "scores", version)
    assert_frame_equal(found.select(scores.columns), scores, check_dtypes=False)
    assert "version" not in found.columns


def test_the_ledger_row_says_what_went_in(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores, "components": pl.DataFrame()})
        row = ledger.latest(con, "scores", "s@1", "gender")
    assert row is not None
    assert (row.version, row.n_rows, row.tables) == (version, 2, ("components", "scores"))
    assert (row.input_versions, row.packages) == ({"embeddings": 3}, {"torch": "2.15.0"})
    assert row.created_at.utcoffset().total_seconds() == 0  # ty: ignore[missing-union-attribute]
    for name in (
        "asset",
        "partition",
        "audit",
        "run_id",
        "code_version",
        "data_version",
        "git_commit",
        "git_dirty",
    ):
        assert getattr(row, name) == getattr(materialisation, name)


def test_what_was_never_made_has_no_latest(store):
    with store.open() as con:
        assert ledger.latest(con, "scores", "s@1", "gender") is None


def test_the_view_shows_the_newest_of_each_partition_and_the_macro_any_earlier_state(store, scores, materialisation):
    other = dataclasses.replace(materialisation, partition="s@2")
    with store.open() as con:
        first = ledger.record(con, materialisation, {"scores": scores})
        second = ledger.record(con, other, {"scores": scores.with_columns(system_version=pl.lit("s@2"))})
        third = ledger.record(con, materialisation, {"scores": scores.with_columns(mcas=pl.lit(0.5))})
        for name in ("scores", "scores_latest", f"scores_as_of({third})"):
            rows = con.execute(f"select version, count(*), max(mcas) from {name} group by all order by all").fetchall()
            assert rows == [(second, 2, 0.2), (third, 2, 0.5)], name
        assert ledger.read_as_of(con, "scores", second)["version"].unique().sort().to_list() == [
            first,
            second,
        ]
        assert ledger.read_as_of(con, "scores", first - 1).is_empty()
        read = con.sql("select * exclude (standing, standing_reason) from scores").pl()
        assert_frame_equal(ledger.read_as_of(con, "scores"), read)


def test_a_newer_version_without_rows_empties_the_view(store, scores, materialisation):
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
        ledger.record(con, materialisation, {"scores": scores.clear()})
        assert con.execute("select count(*) from scores").fetchall() == [(0,)]


def test_a_version_that_leaves_a_table_out_does_not_empty_it(store, scores, materialisation):
    parts = pl.DataFrame(
        {
            "system": "s",
            "system_version": "s@1",
            "audit": "gender",
            "axis": "gender",
            "embedder": "e@1",
            "concept": "nurse",
            "component": "iias",
            "value": 0.1,
        }
    )
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores, "components": parts})
        ledger.record(con, materialisation, {"scores": scores})
        assert con.execute("select count(*) from components").fetchall() == [(1,)]


def test_rows_that_do_not_fit_leave_no_trace(store, scores, materialisation):
    with store.open() as con:
        with pytest.raises(duckdb.Error):
            ledger.record(con, materialisation, {"scores": scores, "components": scores.rename({"mcas": "novel"})})
        assert con.execute("select count(*) from materialisations").fetchall() == [(0,)]
        assert con.execute("select count(*) from scores_history").fetchall() == [(0,)]
        assert ledger.record(con, materialisation, {"scores": scores}) > 0


def test_the_order_of_columns_does_not_matter(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores.select(reversed(scores.columns))})
        found = ledger.read_table(con, "scores", version)
    assert_frame_equal(found.select(scores.columns), scores, check_dtypes=False)


def test_a_table_that_is_not_versioned_is_refused_with_the_remedy(store, scores, materialisation):
    with store.open() as con, pytest.raises(ValueError, match=r"add <name>_history to sql/schema\.sql"):
        ledger.record(con, materialisation, {"score": scores})


def test_a_version_of_another_table_is_not_read(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores})
        with pytest.raises(StoreError, match=f"version {version} of images"):
            ledger.read_table(con, "images", version)


def test_rows_are_those_of_one_audit_and_version_without_the_ledger_s_number(store, scores, materialisation):
    other = dataclasses.replace(materialisation, partition="s@2")
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
        ledger.record(con, other, {"scores": scores.with_columns(system_version=pl.lit("s@2"))})
        rows = ledger.rows_of(con, "scores", "gender", "s@2")
    assert rows["system_version"].to_list() == ["s@2"] * 2
    assert "version" not in rows.columns


def test_partitions_come_in_the_order_of_their_first_materialisation(store, scores, materialisation):
    with store.open() as con:
        for partition in ("s@2", "s@1", "s@2"):
            ledger.record(con, dataclasses.replace(materialisation, partition=partition), {"scores": scores})
        ledger.record(con, dataclasses.replace(materialisation, asset="images", partition="s@3"), {})
        assert ledger.partitions(con, "scores", "gender") == ["s@2", "s@1"]
        assert ledger.partitions(con, "scores", "another") == []


def test_a_digest_is_that_of_the_version_and_none_of_an_unknown_one(store, scores, materialisation):
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores})
        assert ledger.data_version(con, version) == "abc"
        assert ledger.data_version(con, version + 1) is None


def test_the_environment_names_package_versions_and_the_commit():
    environment = ledger.environment()
    assert environment.packages["duckdb"] == duckdb.__version__
    assert environment.git_commit is None or re.fullmatch("[0-9a-f]{40}", environment.git_commit)
