"""The DuckDB instance that a process opens its stores with."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from mcas_assets.store import engine
from mcas_assets.store.database import Store

OPENS = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('select count(*) from materialisations')"

FORKED = """
import gc, os, sys
from pathlib import Path
from mcas_assets.store import engine
from mcas_assets.store.database import Store

def forked():
    child = os.fork()
    if child == 0:
        gc.collect()  # an instance that nobody holds would wait for threads that are not here
        os._exit(0 if engine._engine is None and len(engine._of_parents) == 1 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

with Store(Path(sys.argv[1])).open() as con:
    con.execute("create temp table busy as select range as a from range(1000)")
    if sys.argv[2] == "at work":
        sys.exit(forked())
sys.exit(forked())
"""


def opens_elsewhere(path: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", OPENS, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "Could not set lock" in done.stderr, done.stderr
    return done.returncode == 0


def test_a_store_is_another_process_s_once_the_last_connection_to_it_is_closed(store):
    with store.open():
        with store.open():
            pass
        assert not opens_elsewhere(store.path)
    assert opens_elsewhere(store.path)


def test_two_stores_are_open_side_by_side_and_each_connection_reads_its_own(tmp_path):
    first, second = Store(tmp_path / "first"), Store(tmp_path / "it's second")
    with first.open() as one, second.open() as other:
        one.execute("create table mine as select 1 as a")
        other.execute("create table mine as select 2 as a")
        assert one.execute("from mine").fetchall() == [(1,)]
        assert other.execute("from mine").fetchall() == [(2,)]


def test_a_transaction_that_is_open_when_the_block_ends_is_rolled_back(store):
    with store.open() as con:
        con.execute("create table mine (a integer)")
        con.execute("begin")
        con.execute("insert into mine values (1)")
    with store.open() as con:
        assert con.execute("from mine").fetchall() == []


def test_threads_write_to_one_store_and_nothing_is_lost(store):
    with store.open() as con:
        con.execute("create table mine (a integer)")

    def write(number: int) -> None:
        with store.open() as con:
            con.execute("insert into mine values (?)", [number])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(60)))
    with store.open() as con:
        assert con.execute("select count(*), sum(a) from mine").fetchall() == [(60, sum(range(60)))]


def test_an_instance_that_duckdb_gives_up_is_replaced_when_nobody_uses_it_any_more(store):
    with store.open() as con:
        before = engine._engine
        with pytest.raises(duckdb.FatalException), store.open():
            raise duckdb.FatalException("FATAL Error: the log cannot be written")
        assert engine._engine is before  # or the file would be open twice
        con.execute("create table mine as select 1 as a")
    assert engine._engine is None
    with store.open() as con:
        assert con.execute("from mine").fetchall() == [(1,)]


def test_what_is_spilled_lies_beside_the_store(store):
    with store.open() as con:
        ((folder,),) = con.execute("select current_setting('temp_directory')").fetchall()
    assert Path(folder) == Path(f"{store.path.resolve()}.tmp")


@pytest.mark.parametrize("parent", ["at work", "idle"])
def test_a_forked_process_has_an_instance_of_its_own_and_leaves_its_parent_s_alone(tmp_path, parent):
    done = subprocess.run([sys.executable, "-c", FORKED, str(tmp_path), parent], timeout=120, check=False)
    assert done.returncode == 0


# A copy of a store -----------------------------------------------------------------------------------------------------


def content(file: Path) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as con:
        return con.execute("from embedders order by all").fetchall()


def filled(store: Store, count: int) -> None:
    with store.open() as con:
        con.execute(
            "insert into embedders (embedder, name, dim, identity) select i, 'e', 8, '{}' from range(?) t(i)", [count]
        )


@pytest.fixture
def by_rows(monkeypatch) -> list[Path]:
    """The files that are copied row by row."""
    copied, real = [], engine.copy_database

    def counted(con, file):
        copied.append(file)
        real(con, file)

    monkeypatch.setattr(engine, "copy_database", counted)
    return copied


def test_a_copy_is_by_bytes_and_is_a_store_like_the_first(store, tmp_path, by_rows):
    filled(store, 3000)
    with store.open() as con:
        engine.copy_whole(con, store.path, tmp_path / "copy.duckdb")
        assert con.execute("select count(*) from embedders").fetchall() == [(3000,)]
    assert content(tmp_path / "copy.duckdb") == content(store.path)
    assert by_rows == []


def test_the_lock_is_held_while_a_store_is_copied_and_after(store, tmp_path, start):
    filled(store, 10)
    with store.open() as con:
        engine.copy_whole(con, store.path, tmp_path / "copy.duckdb")
        other = start("import duckdb, sys\nduckdb.connect(sys.argv[1])", store.path)
        assert "Conflicting lock" in other.communicate(timeout=60)[1]


@pytest.mark.parametrize("fault", ["written meanwhile", "no process", "torn"])
def test_what_cannot_be_copied_by_bytes_is_copied_by_rows(fault, store, tmp_path, by_rows, monkeypatch):
    filled(store, 3000)
    real, copy = engine.subprocess.run, tmp_path / "copy.duckdb"

    def run(command, **options):
        done = real(["/nowhere"] if fault == "no process" else command, **options)
        if fault == "written meanwhile":
            os.utime(store.path, ns=(1, 1))
        if fault == "torn":
            with copy.open("r+b") as file:
                file.seek(3 * 4096)
                file.write(b"\xa5" * 262144)
        return done

    monkeypatch.setattr(engine.subprocess, "run", run)
    with store.open() as con:
        engine.copy_whole(con, store.path, copy)
    assert by_rows == [copy]
    assert content(copy) == content(store.path)


def test_a_store_with_a_transaction_under_way_is_copied_without_it(store, tmp_path):
    filled(store, 10)
    with store.open() as con, store.open() as other:
        other.execute("begin")
        other.execute("delete from embedders")
        engine.copy_whole(con, store.path, tmp_path / "copy.duckdb")
        other.execute("rollback")
    assert len(content(tmp_path / "copy.duckdb")) == 10
