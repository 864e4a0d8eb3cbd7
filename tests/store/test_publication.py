"""The published copy: the store as it stood, replaced whole, read while it is replaced."""

import duckdb
import pytest

from mcas_assets.errors import BadInput, StoreError
from mcas_assets.store import facts, ledger, publication

READER = """
import sys
from pathlib import Path
from mcas_assets.store import Store
from mcas_assets.store.publication import query
store, reads = Store(Path(sys.argv[1])), 0
print("reading", flush=True)
while not (store.home / "stop").exists():
    rows = query(store, "select count(*) as n, count(distinct version) as versions from scores")
    query(store, "select max(version) from materialisations")
    assert rows.item(0, "n") == 2 and rows.item(0, "versions") == 1, rows
    reads += 1
print(reads)
"""


def test_the_copy_answers_as_the_store_does(store, scores, materialisation, images):
    with store.open() as con:
        first = ledger.record(con, materialisation, {"scores": scores})
        ledger.record(con, materialisation, {"scores": scores.with_columns(mcas=scores["mcas"] * 2)})
        facts.append_images(con, images)
        facts.register_system(con, "s@1", "s", {})
    assert publication.publish(store) == store.published
    assert publication.query(store, "select max(mcas) as m from scores")["m"].to_list() == [0.4]
    assert publication.query(store, f"select max(mcas) as m from scores_as_of({first})")["m"].to_list() == [0.2]
    assert publication.query(store, "select count(*) as n from image_facts")["n"].to_list() == [3]
    assert sorted(file.name for file in store.home.iterdir()) == ["published.duckdb", "store.duckdb"]


def test_a_reader_in_a_loop_never_errs_during_twenty_publications(store, scores, materialisation, start):
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
    publication.publish(store)
    reader = start(READER, store.home)
    assert reader.stdout.readline() == "reading\n"
    for _ in range(20):
        with store.open() as con:
            ledger.record(con, materialisation, {"scores": scores})
        publication.publish(store)
    (store.home / "stop").touch()
    out, err = reader.communicate(timeout=30)
    assert reader.returncode == 0, err
    assert int(out) > 0


def test_a_reader_holds_the_former_copy_through_a_publication(store):
    publication.publish(store)
    with duckdb.connect(str(store.published), read_only=True) as reader:
        publication.publish(store)
        assert reader.execute("select count(*) from scores").fetchall() == [(0,)]


def test_a_publication_that_fails_leaves_the_former_copy(store, monkeypatch):
    publication.publish(store)
    before = store.published.read_bytes()

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publication, "sync_file", fail)
    with pytest.raises(StoreError, match="the disk is full"):
        publication.publish(store)
    assert store.published.read_bytes() == before
    assert sorted(file.name for file in store.home.iterdir()) == ["published.duckdb", "store.duckdb"]


def test_a_log_left_by_a_writer_of_the_former_copy_does_not_spoil_the_new_one(store):
    publication.publish(store)
    store.published.with_name("published.duckdb.wal").write_bytes(b"left over")
    publication.publish(store)
    assert publication.query(store, "select 1 as one")["one"].to_list() == [1]


def test_a_query_before_the_first_publication_says_what_to_do(store):
    with pytest.raises(StoreError, match="nothing is published yet"):
        publication.query(store, "select 1")


def test_a_wrong_or_writing_statement_is_bad_input(store):
    publication.publish(store)
    writing = [
        "drop table systems",
        "create table a (b integer)",
        "insert into systems select * from systems",
    ]
    for sql in ["selec 1", "select nothing from scores", "from nowhere", "", "--", *writing]:
        with pytest.raises(BadInput) as caught:
            publication.query(store, sql)
        assert not isinstance(caught.value, StoreError), sql


def test_a_python_variable_is_no_table(store):
    scores_frame = [1]  # noqa: F841
    publication.publish(store)
    with pytest.raises(BadInput, match="scores_frame"):
        publication.query(store, "from scores_frame")


def test_every_question_has_a_name_and_the_schema_is_none():
    found = publication.questions()
    assert "where-is-the-bias" in found
    assert "schema" not in found
