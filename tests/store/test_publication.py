"""The published copy: the store as it stood, replaced whole, read while it is replaced."""

import dataclasses

import duckdb
import polars as pl
import pytest

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.store import facts, files, ledger, publication
from mcas_assets.store.database import Store

READER = """
import sys
from pathlib import Path
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
store, newest, reads = Store(Path(sys.argv[1])), 0, 0
LOOK = (
    "select max(version) as newest, count(*) as ledger, sum(n_rows) as stated, (select count(*) from image_facts) as images,"
    " (select count(*) from scores_history) as written, (select count(distinct version) from scores_history) as versions,"
    " (select count(*) from scores) as rows, (select list(distinct version) from scores) as shown from materialisations"
)
print("reading", flush=True)
while not (store.home / "stop").exists():
    seen = query(store, LOOK).row(0, named=True)
    assert seen["ledger"] == seen["versions"] == seen["images"] and seen["stated"] == seen["written"], seen
    assert seen["shown"] == [seen["newest"]] and seen["rows"] == 2 and seen["newest"] >= newest, seen
    newest, reads = seen["newest"], reads + 1
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


@pytest.mark.parametrize("publications", [15, pytest.param(100, marks=pytest.mark.long)])
def test_a_reader_in_a_loop_sees_neither_error_nor_torn_state_during_publications(
    store, scores, materialisation, images, start, publications
):
    def write(n: int) -> None:
        with store.open() as con:
            ledger.record(con, materialisation, {"scores": scores})
            facts.append_images(con, images.head(1).with_columns(pl.lit(f"i{n}").alias("image_id")))
        publication.publish(store)

    write(0)
    reader = start(READER, store.home)
    assert reader.stdout.readline() == "reading\n"
    for n in range(1, publications + 1):
        write(n)
    (store.home / "stop").touch()
    out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    assert int(out) > 1


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


def test_the_published_version_is_that_of_the_ledger_as_it_was_published(store, scores, materialisation):
    assert publication.published_version(store) == 0
    publication.publish(store)
    assert publication.published_version(store) == 0
    with store.open() as con:
        version = ledger.record(con, materialisation, {"scores": scores})
    assert publication.published_version(store) == 0
    publication.publish(store)
    assert publication.published_version(store) == version


def test_what_is_published_of_an_audit_is_found_by_its_version(store, scores, materialisation):
    images = pl.DataFrame({
        "audit": "gender", "image_id": ["i", "i", "j", "k"], "system_version": "s@1", "prompt_id": "p", "prompt": "a nurse",
        "role": "concept", "replicate": 0, "outcome": ["ok", "ok", "ok", "timeout"], "width": 1, "height": 1, "seed": 1,
    })  # fmt: skip
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
        ledger.record(con, dataclasses.replace(materialisation, asset="images"), {"images": images})
    publication.publish(store)
    assert publication.count_outcomes(store, "gender", "s@1") == [("ok", 2), ("timeout", 1)]
    assert publication.published_rows(store, "scores", "gender", "s@1")["concept"].to_list() == ["nurse", "engineer"]
    assert publication.published_rows(store, "scores", "gender", "it's").is_empty()


def test_every_question_has_a_name_and_the_schema_is_none():
    found = publication.questions()
    assert "where-is-the-bias" in found
    assert "schema" not in found


def test_a_copy_is_behind_until_what_is_new_in_the_store_is_published(store, scores, materialisation):
    assert publication.is_behind(store)
    publication.publish(store)
    assert not publication.is_behind(store)
    with store.open() as con:
        ledger.record(con, materialisation, {"scores": scores})
    assert publication.is_behind(store)
    publication.publish(store)
    assert not publication.is_behind(store)
    with duckdb.connect(str(store.published)) as con:
        con.execute("update store_schema set digest = 'of another schema'")
    assert publication.is_behind(store)


# A home that was used is never begun anew in silence


def filled(store, scores, materialisation, runs: int = 1) -> None:
    for n in range(runs):
        with store.open() as con:
            ledger.record(con, dataclasses.replace(materialisation, run_id=f"run-{n}"), {"scores": scores})
    publication.publish(store)


def test_a_store_that_is_missing_beside_a_published_copy_is_refused_and_its_remedy_works(
    store, scores, materialisation
):
    filled(store, scores, materialisation)
    store.path.unlink()
    before = store.published.read_bytes()
    for attempt in (publication.publish, publication.is_behind):
        with pytest.raises(StoreError, match=r"missing from a home that was used \(published.duckdb\).*mcas repair"):
            attempt(store)
    assert not store.path.exists()
    assert store.published.read_bytes() == before
    assert publication.rebuild(store) is None
    with store.open() as con:
        assert con.execute("select count(*) from scores").fetchall() == [(2,)]
        assert ledger.record(con, materialisation, {"scores": scores}) > 1, "the ledger goes on counting"
    publication.publish(store)
    assert publication.published_version(store) > 1


def test_a_store_that_is_missing_beside_images_is_refused(store):
    files.write_image(store.home, b"an image", ".png")
    with pytest.raises(StoreError, match=r"a home that was used \(images\).*from a backup"), store.open():
        pass
    assert not store.path.exists()
    with pytest.raises(StoreError, match="no published copy"):
        publication.rebuild(store)


def test_an_empty_folder_of_images_is_no_used_home(store):
    (store.home / "images" / ".tmp").mkdir(parents=True)
    with store.open() as con:
        assert con.execute("select count(*) from materialisations").fetchall() == [(0,)]


@pytest.mark.parametrize("runs", [0, 1, 3])
def test_another_store_never_replaces_what_is_published(store, scores, materialisation, tmp_path, runs):
    """An older one, an empty one, or one of another home that has as many versions."""
    filled(store, scores, materialisation, runs=2)
    other = Store(tmp_path / "other")
    for n in range(runs):
        with other.open() as con:
            ledger.record(con, dataclasses.replace(materialisation, run_id=f"other-{n}"), {"scores": scores})
    if not runs:
        with other.open():
            pass
    other.path.replace(store.path)
    with pytest.raises(StoreError, match=r"holds version 2.*mcas repair --from-published"):
        publication.publish(store)
    assert publication.published_version(store) == 2
    former = publication.rebuild(store)
    assert former is not None
    assert former.exists()
    publication.publish(store)
    assert publication.published_version(store) == 2


def test_told_by_moving_the_copy_away_the_store_is_published_as_it_is(store, scores, materialisation):
    filled(store, scores, materialisation)
    store.path.unlink()
    store.published.rename(store.home / "kept.duckdb")
    publication.publish(store)
    assert publication.published_version(store) == 0


def test_a_damaged_copy_is_replaced_and_is_no_store(store, scores, materialisation):
    filled(store, scores, materialisation)
    store.published.write_bytes(b"damaged" * 4000)
    with pytest.raises(StoreError, match="not a DuckDB file"):
        publication.rebuild(store)
    assert store.path.exists()
    publication.publish(store)
    assert publication.published_version(store) == 1
