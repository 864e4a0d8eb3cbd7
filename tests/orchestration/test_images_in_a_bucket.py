"""An audit whose images lie in a bucket: its tables are those of a home on a disk, and whatever reads images finds them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mcas_assets.export.dataset import write_dataset
from mcas_assets.export.tables import read
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import Reader
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import files
from mcas_assets.store.backup import back_up, restore
from mcas_assets.store.database import Store
from mcas_assets.store.image_place import settle_images
from mcas_assets.store.pruning import drop, superfluous
from mcas_assets.store.reading import Published
from mcas_assets.store.soundness import Finding, examine
from mcas_assets.systems.find import find_system

TABLES = ("images", "embeddings", "scores", "components", "representation", "image_labels", "refusals")


def rows(store: Store, table: str) -> pl.DataFrame:
    with store.open() as con:
        return con.sql(f"select * exclude (version) from {table}_history").pl().sort(pl.all())


def images(store: Store) -> list[tuple[str, str]]:
    with store.open() as con:
        return con.execute("select sha256, path from image_facts where path is not null order by path").fetchall()


@pytest.mark.long
def test_an_audit_in_a_bucket_is_that_of_a_disk(audited, tiny, home_in_a_bucket, bucket):
    store = Store(home_in_a_bucket)
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(tiny, find_system("phantom-stereotyped"), Workplace(home=store.home), instance)
    assert ran.system_version == audited.ran.system_version
    for table in TABLES:
        assert rows(store, table).equals(rows(audited.store, table)), table
    assert [f"images/{name}" for name in bucket.names()] == [path for _, path in images(audited.store)]
    assert not (store.home / "images").exists()


@pytest.fixture
def moved(audited, bucket, tmp_path, monkeypatch) -> Iterator[Store]:
    """The home of an audit, its images moved to a bucket as the remedy of a home that has images says."""
    home = Path(shutil.copytree(audited.home, tmp_path / "moved"))
    for file in (home / "images").glob("[!.]*/*"):
        bucket.write(f"{file.parent.name}/{file.name}", file.read_bytes())
    (home / "images").rename(tmp_path / "put-away")
    monkeypatch.setenv("MCAS_IMAGES", bucket.address)
    settle_images(home)
    monkeypatch.delenv("MCAS_IMAGES")
    bucket.server.requests.clear()
    yield Store(home)
    assert not (home / "images").exists()


def test_pages_and_a_handed_over_data_set_read_through_it(moved, audited, tiny, tmp_path):
    reader = Reader(Published(moved))
    measured = read(reader, tiny.audit, audited.ran.system_version)
    handed = write_dataset(reader, measured, tmp_path / "set")
    here = Pictures(audited.home)
    for sha256, path in images(audited.store)[:5]:
        kept = kept_of(sha256, path)
        assert Pictures(moved.home).original(kept) == here.original(kept)
        assert Pictures(moved.home).small(kept, 64) == here.small(kept, 64)
    some = tuple(kept_of(*one) for one in images(audited.store)[:20])
    assert Pictures(moved.home).average(some) == here.average(some)
    assert sum(1 for file in handed.folder.rglob("*.png")) == len(images(audited.store))


def found(store: Store, *, deep: bool = False) -> Finding:
    return next(one for one in examine(store, deep=deep) if one.part == "images")


def test_the_doctor_holds_objects_against_what_was_kept_and_never_takes_silence_for_loss(moved, bucket):
    assert found(moved, deep=True) == Finding("images", f"42 images by size, 42 of them by digest, at {bucket.address}")
    bucket.fail("HEAD", 1000)
    silent = found(moved)
    assert silent.is_unsound
    assert "not looked at" in silent.text
    assert "Run the same command again" in silent.remedy
    bucket.server.faults.clear()
    _, path = images(moved)[0]
    bucket.delete(path.removeprefix("images/"))
    assert f"1 are missing or not as they were made, the first {path}" in found(moved).text


def test_what_is_pruned_goes_from_the_bucket_and_nothing_else(moved, bucket):
    with moved.open() as con:
        con.execute("insert into image_facts (image_id, system_version, prompt, outcome, sha256, path, bytes)"
                    " values ('gone', 's@1', 'p', 'ok', 'ab', 'images/ab/ab.png', 7)")  # fmt: skip
        con.execute("insert into images_history (version, image_id, audit, system_version, prompt_id, prompt, role, replicate,"
                    " seed, outcome) values (999, 'gone', 'a', 's@1', 'p', 'p', 'concept', 0, 0, 'ok')")  # fmt: skip
        con.execute("insert into materialisations (version, asset, partition, audit, run_id, code_version, data_version,"
                    " input_versions, packages, tables, n_rows)"
                    " select 999 + i, 'images', 's@1', 'a', 'r', '1', 'd' || i, '{}', '{}',"
                    " ['images'], 0 from range(2) t(i)")  # fmt: skip
    bucket.write("ab/ab.png", b"a file.")
    bucket.write("cd/nobody-knows.png", b"an orphan")
    what = superfluous(moved, 1, None)
    assert (what.files, what.size) == (("images/ab/ab.png",), 7)
    drop(moved, what)
    assert set(bucket.names()) == {path.removeprefix("images/") for _, path in images(moved)} | {"cd/nobody-knows.png"}
    assert len(images(moved)) == 42


def test_a_copy_of_the_home_finds_its_images_in_the_bucket(moved, tmp_path):
    back_up(moved, tmp_path / "copy.tar")
    restore(tmp_path / "copy.tar", tmp_path / "restored")
    settle_images(tmp_path / "restored")
    for sha256, path in images(moved)[:3]:
        assert files.read_image(tmp_path / "restored", path, sha256)
