"""The store as a file: made whole, locked by one, recognised, and never half-written."""

import hashlib
import sqlite3
from pathlib import Path

import duckdb
import polars as pl
import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.store import schema
from mcas_assets.store.database import Store, framed, transaction

HOLD = """
import sys, time
from pathlib import Path
from mcas_assets.store.database import Store
with Store(Path(sys.argv[1])).open():
    print("open", flush=True)
    time.sleep(float(sys.argv[2]))
"""

DIE_WHILE_CREATING = """
import os, signal, sys
from pathlib import Path
from mcas_assets.store.database import Store
from mcas_assets.store import schema
create = schema.create
def create_and_die(con):
    create(con)
    os.kill(os.getpid(), signal.SIGKILL)
schema.create = create_and_die
with Store(Path(sys.argv[1])).open():
    pass
"""


def count(store: Store, table: str) -> int:
    with store.open() as con:
        return con.execute(f"select count(*) from {table}").fetchall()[0][0]


def test_the_first_open_makes_the_store_and_leaves_nothing_else(store):
    with store.open() as con:
        assert con.execute("select version from store_schema").fetchall() == [(schema.SCHEMA_VERSION,)]
    assert [file.name for file in store.home.iterdir()] == ["store.duckdb"]


def test_times_are_utc_whatever_the_machine_says(store, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with store.open() as con:
        assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]


def test_a_kill_while_the_store_is_made_leaves_no_store_and_the_next_open_makes_it(store, start):
    process = start(DIE_WHILE_CREATING, store.home)
    process.wait(30)
    assert process.returncode == -9
    assert not store.path.exists()
    assert count(store, "materialisations") == 0


def test_a_store_made_by_another_process_in_the_meantime_is_kept(store, monkeypatch):
    create = schema.create

    def create_second(con):
        monkeypatch.setattr(schema, "create", create)
        with store.open() as other:
            other.execute("insert into systems (system_version, system, identity) values ('s@1', 's', '{}')")
        create(con)

    monkeypatch.setattr(schema, "create", create_second)
    assert count(store, "systems") == 1


def test_a_locked_store_names_the_process_that_holds_it_and_its_command(store, start):
    process = start(HOLD, store.home, 30)
    assert process.stdout.readline() == "open\n"
    with pytest.raises(StoreError) as caught, store.open():
        pass
    assert f"process {process.pid} (" in caught.value.problem
    assert "python" in caught.value.problem
    assert "published copy" in caught.value.remedy


def test_a_lock_that_is_let_go_in_time_is_waited_for(tmp_path, start):
    store = Store(tmp_path, wait=20)
    process = start(HOLD, store.home, 0.5)
    assert process.stdout.readline() == "open\n"
    assert count(store, "materialisations") == 0


def test_an_error_in_the_body_rolls_back_and_lets_go_of_the_file(store, start):
    def write_and_fail():
        with store.open() as con, transaction(con):
            con.execute("insert into systems (system_version, system, identity) values ('s@1', 's', '{}')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    process = start(HOLD, store.home, 0)
    assert process.stdout.readline() == "open\n"
    process.wait(30)
    assert count(store, "systems") == 0


def test_two_connections_of_one_process_see_the_same_store(store):
    with store.open() as one, store.open() as two:
        with transaction(one):
            one.execute("insert into systems (system_version, system, identity) values ('s@1', 's', '{}')")
        assert two.execute("select count(*) from systems").fetchall() == [(1,)]


def test_a_newer_schema_is_refused_and_untouched(store):
    with store.open() as con:
        con.execute("update store_schema set version = ?", [schema.SCHEMA_VERSION + 1])
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match=f"schema version {schema.SCHEMA_VERSION + 1}, newer"), store.open():
        pass
    assert store.path.read_bytes() == before


def test_an_older_schema_is_brought_up_to_date_without_losing_rows(store):
    with store.open() as con:
        con.execute(
            "insert into quality_results by name"
            " select 'r' run_id, 'a' asset, '' as partition, 'g' audit, 'x' rule,"
            " true success, 'pass' status, 'critical' severity"
        )
        con.execute("alter table quality_results drop column sample")
        con.execute("drop view components; drop view components_latest; drop macro table components_as_of")
        con.execute("drop table components_history")
        con.execute("update store_schema set version = 0")
    with store.open() as con:
        assert con.execute("select rule, sample from quality_results").fetchall() == [("x", None)]
        assert con.execute("select count(*) from components_as_of(1)").fetchall() == [(0,)]
        assert con.execute("select version from store_schema").fetchall() == [(schema.SCHEMA_VERSION,)]


def test_columns_of_an_older_store_get_the_names_that_they_have_now_with_their_rows(store):
    with store.open() as con:
        con.execute(
            "insert into quality_results by name select 'r' run_id, 'a' asset, '' as partition, 'g' audit, 'x' rule,"
            " false success, 'fail' status, 'critical' severity"
        )
        con.execute(
            "insert into policy_results_history by name select 1 as version, 'p' policy, 'lean' requirement,"
            " 'at most 1' condition, 'association' kind, 's' system, 's@1' system_version, 'g' audit, 'failed' status,"
            " false is_blocking"
        )
        con.execute("alter table quality_results rename status to outcome")
        for name, former in (("status", "verdict"), ("requirement", "rule"), ("condition", "requirement")):
            con.execute(f"alter table policy_results_history rename {name} to {former}")
        con.execute("update store_schema set version = 4")
    for _ in range(2):
        with store.open() as con:
            assert con.execute("select rule, status from quality_results").fetchall() == [("x", "fail")]
            rows = con.execute("select requirement, condition, status from policy_results_history").fetchall()
            assert rows == [("lean", "at most 1", "failed")]
            assert con.execute("select count(status) from policy_results_as_of(1)").fetchall() == [(0,)]


def test_columns_that_may_be_null_by_now_are_allowed_to_be_in_an_older_store(store):
    with store.open() as con:
        con.execute(
            "insert into image_facts by name select 'i' image_id, 's@1' system_version, 'p' prompt, 1 seed, 'ok' outcome"
        )
        con.execute("alter table image_facts alter column seed set not null")
        con.execute("update store_schema set version = 2")
    with store.open() as con:
        con.execute(
            "insert into image_facts by name select 'j' image_id, 's@1' system_version, 'p' prompt, 'ok' outcome"
        )
        assert con.execute("select image_id, seed from image_facts order by 1").fetchall() == [("i", 1), ("j", None)]
        with pytest.raises(duckdb.ConstraintException):
            con.execute("insert into image_facts by name select 'k' image_id, 's@1' system_version, 'ok' outcome")


@pytest.mark.parametrize("content", [b"", b"hello", b"hello world" * 1000], ids=["empty", "short", "long"])
def test_a_file_that_is_not_duckdb_is_refused_and_untouched(store, content):
    store.home.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(StoreError, match="it is not a DuckDB file"), store.open():
        pass
    assert store.path.read_bytes() == content


def test_an_sqlite_file_is_refused_without_a_look_at_the_network(store):
    store.home.mkdir()
    with sqlite3.connect(store.path) as con:
        con.execute("create table a (b)")
    con.close()
    with pytest.raises(StoreError, match="it is not a DuckDB file"), store.open():
        pass


def test_a_folder_in_place_of_the_store_is_refused(store):
    store.path.mkdir(parents=True)
    with pytest.raises(StoreError, match="it is not a DuckDB file"), store.open():
        pass


def test_a_duckdb_file_of_someone_else_is_refused_and_untouched(store):
    store.home.mkdir()
    with duckdb.connect(str(store.path)) as con:
        con.execute("create table mine (a integer)")
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match="not a store of MCAS Assets"), store.open():
        pass
    assert store.path.read_bytes() == before


def test_a_damaged_store_says_so(store):
    with store.open():
        pass
    damaged = bytearray(store.path.read_bytes())
    damaged[8192 * 2 :] = b"\xff" * (len(damaged) - 8192 * 2)
    store.path.write_bytes(damaged)
    with pytest.raises(StoreError, match="damaged"), store.open():
        pass


def test_a_home_that_is_a_file_is_refused(tmp_path: Path):
    home = tmp_path / "home"
    home.write_text("a file")
    with pytest.raises(StoreError, match="not a folder"), Store(home).open():
        pass


def test_a_store_that_another_text_of_the_schema_made_is_brought_up_to_date_and_says_by_which(
    store, monkeypatch, tmp_path
):
    count(store, "systems")
    text = schema.schema_text() + "create table if not exists weather_history (version bigint not null, sky varchar);\n"
    (tmp_path / "schema.sql").write_text(text)
    monkeypatch.setattr(schema, "SCHEMA_FILE", tmp_path / "schema.sql")
    assert count(store, "weather_latest") == 0
    with store.open() as con:
        rows = con.execute("select version, digest from store_schema").fetchall()
    assert rows == [(schema.SCHEMA_VERSION, hashlib.sha256(text.encode()).hexdigest())]


def test_a_frame_has_a_name_in_sql_only_while_it_is_used(store):
    with store.open() as con:
        with framed(con, pl.DataFrame({"a": [1]})) as name:
            assert con.execute(f"select a from {name}").fetchall() == [(1,)]
        with pytest.raises(duckdb.CatalogException):
            con.execute(f"select a from {name}")
