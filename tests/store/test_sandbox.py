"""Questions to the published copy: one statement that reads, within bounds; every way out of it that was tried is shut."""

import signal
import time

import duckdb
import pytest

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.store import ledger, publication
from mcas_assets.store.sandbox import Limits, ask, require_reading

SLOW = "select count(*) from range(1000000) a, range(1000000) b where a.range + b.range = 7"


@pytest.fixture
def published(store, scores, materialisation):
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
    publication.publish(store)
    return store


def content(store) -> tuple:
    with store.open() as con:
        return tuple(con.execute("select count(*), (select count(*) from scores) from materialisations").fetchall())


ATTACKS = [
    "attach '{home}/store.duckdb' as s (read_write); delete from s.scores_history",
    "attach '{home}/store.duckdb' as s",
    "copy scores to '{home}/out.csv'",
    "copy (select 1) to '{home}/out.parquet'",
    "explain analyze copy scores to '{home}/out.csv'",
    "export database '{home}/out'",
    "select * from read_text('/proc/self/environ')",
    "select * from read_blob('{home}/store.duckdb')",
    "select * from read_csv('{home}/secret.txt')",
    "from '{home}/secret.txt'",
    "from glob('{home}/*')",
    "from sniff_csv('{home}/secret.txt')",
    "from query('from read_text(''{home}/secret.txt'')')",
    "explain analyze select * from read_text('{home}/secret.txt')",
    "from enable_logging(storage = 'file', storage_path = '{home}/out')",
    "install httpfs",
    "load httpfs",
    "pragma database_list",
    "pragma enable_profiling = 'json'",
    "set memory_limit = '1TB'",
    "set enable_external_access = true",
    "reset lock_configuration",
    "call enable_logging()",
    "checkpoint",
    "vacuum",
    "begin",
    "use memory",
    "create table memory.main.a (b integer)",
    "create secret (type s3)",
    "prepare a as select 1",
    "select 1; select 2",
    "delete from scores_history",
    "update scores_history set mcas = 0",
    "drop view scores",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_but_reading_the_copy_is_possible(published, attack):
    (published.home / "secret.txt").write_text("a secret")
    files, before = sorted(published.home.iterdir()), content(published)
    with pytest.raises(BadInput) as refused:
        publication.query(published, attack.format(home=published.home))
    assert not isinstance(refused.value, StoreError)
    assert "a secret" not in str(refused.value)
    assert sorted(published.home.iterdir()) == files
    assert content(published) == before


@pytest.mark.parametrize("setting", ["enable_external_access", "autoload_known_extensions"])
def test_even_a_statement_that_got_through_could_open_no_file(published, monkeypatch, setting):
    """The two guards stand alone: the parser's kind of statement, and DuckDB's own settings."""
    monkeypatch.setattr("mcas_assets.store.sandbox.require_reading", lambda sql: None)
    assert publication.query(published, f"select current_setting('{setting}') as s")["s"].to_list() == [False]
    for attack in (f"set {setting} = true", f"attach '{published.path}' as s", "copy scores to 'out.csv'"):
        with pytest.raises(BadInput, match=r"configuration|disabled|file system"):
            publication.query(published, attack)


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as a", "from scores", "with a as (select 1) from a", "values (1)", "table scores", "show tables", "select 1;",
        "describe scores", "summarize scores", "explain select 1", "-- a comment\nselect ';' as a -- ;",
    ],
)  # fmt: skip
def test_what_reads_is_answered(published, sql):
    assert len(publication.query(published, sql)) > 0


def test_no_statement_and_several_are_told_apart():
    with pytest.raises(BadInput, match="asks nothing"):
        require_reading("-- nothing")
    with pytest.raises(BadInput, match="it is 2 statements"):
        require_reading("select 1; select 2")
    with pytest.raises(duckdb.ParserException):
        require_reading("selec 1")


def test_a_question_is_ended_after_its_time(published):
    with pytest.raises(BadInput, match=r"longer than 0\.2 seconds.*--seconds"):
        publication.query(published, SLOW, limits=Limits(seconds=0.2))


@pytest.mark.parametrize(
    "sql", ["select range, range::varchar from range(100000000000)", "select list(range) from range(1000000000)"]
)
def test_a_question_is_ended_at_its_memory(published, sql):
    with pytest.raises(BadInput, match=r"64 MiB.*--memory"):
        publication.query(published, sql, limits=Limits(memory=64))
    assert not list(published.home.glob("*.tmp"))


@pytest.mark.parametrize(("keys", "flag"), [({"seconds": 0}, "--seconds"), ({"seconds": float("nan")}, "--seconds"),
                                            ({"memory": 0}, "--memory")])  # fmt: skip
def test_a_limit_that_is_none_is_refused(keys, flag):
    with pytest.raises(BadInput, match=flag):
        Limits(**keys)


def test_a_type_that_no_table_holds_is_named_with_its_remedy(published):
    with pytest.raises(BadInput, match=r"a INTERVAL.*Cast it"):
        publication.query(published, "select interval 1 month as a")
    assert publication.query(published, "select (interval 1 month)::varchar as a").item() == "1 month"


def test_a_copy_with_a_quote_in_its_name_can_be_asked(tmp_path):
    file = tmp_path / "it's.duckdb"
    with duckdb.connect(str(file)) as con:
        con.execute("create table a as select 7 as b")
    assert ask(file, "select b from a", None, Limits()).item() == 7


ASKS = """
import os, sys
os.environ["MCAS_HOME"], sys.argv = sys.argv[1], ["mcas", "sql", sys.argv[2]]
from mcas_assets.cli.app import main
print("begun", flush=True)
main()
"""


def test_an_interrupt_ends_a_question_with_the_sentence(published, start):
    asking = start(ASKS, published.home, SLOW)
    assert asking.stdout.readline() == "begun\n"
    time.sleep(2)  # by now it is within DuckDB, which itself would go on for hours
    asking.send_signal(signal.SIGINT)
    _, err = asking.communicate(timeout=5)
    assert (asking.returncode, err) == (130, "interrupted; the same command goes on from here\n")
