"""What a store keeps that nothing stands on any more, and dropping it: former versions, and images that only those used.

A version of the ledger is kept if it is among the newest of its asset, partition and audit, or younger than asked, or read by
one that is kept, however far back. An image is dropped only if a version that goes lists it and none that stays does; so
those of canaries, calibrations and second stages stay. Its vectors and tones go with it. Every request that was paid for
(attempt_facts) stays, whatever becomes of its image: budgets are counted from them.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.drafts import sync_file, sync_folder
from mcas_assets.core.errors import StoreError
from mcas_assets.store.database import Store, framed, transaction
from mcas_assets.store.engine import copy_database
from mcas_assets.store.faults import explain
from mcas_assets.store.files import discard, remove_images
from mcas_assets.store.image_place import objects_of
from mcas_assets.store.schema import HISTORY, versioned_tables


@dataclass(frozen=True)
class Superfluous:
    """What may go.

    Attributes:
        versions: Of the ledger.
        runs: Ids of runs of which every version goes.
        images: Ids of images.
        files: Image files that no stored image has, or none that stays; relative to the home. In a bucket, which is not listed,
            only those of `images`.
        size: Bytes of those files.
    """

    versions: frozenset[int]
    runs: frozenset[str]
    images: frozenset[str]
    files: tuple[str, ...]
    size: int


def superfluous(store: Store, keep: int, days: float | None, now: datetime | None = None) -> Superfluous:
    """Find what may go. Nothing is changed.

    Args:
        store: Of the home.
        keep: Versions to keep of each asset, partition and audit, 1 or more.
        days: Keep younger ones too; None keeps by number alone.
        now: The time, UTC.

    Raises:
        StoreError: The store cannot be opened.
    """
    now = now or datetime.now(UTC)
    with store.open() as con:
        ledger = con.sql(
            "select version, asset, partition, audit, run_id, input_versions, created_at from materialisations"
        ).pl()
        kept = _kept(ledger, keep, None if days is None else now - timedelta(days=days))
        gone = frozenset(ledger["version"]) - kept
        runs = frozenset(ledger.filter(pl.col("version").is_in(list(gone)))["run_id"]) - frozenset(
            ledger.filter(pl.col("version").is_in(list(kept)))["run_id"]
        )
        with framed(con, _versions(gone)) as going:
            listed = f"select image_id from images_history where version {{}} in (select version from {going})"
            rows = con.execute(f"{listed.format('')} except {listed.format('not')}").fetchall()
        images = frozenset(image for (image,) in rows)
        stored = _files(con)
    staying = {path for image, path, _ in stored if image not in images}
    if objects_of(store.home) is None:
        there = (file.relative_to(store.home).as_posix() for file in (store.home / "images").glob("[!.]*/*"))
        sizes = {path: (store.home / path).stat().st_size for path in there if path not in staying}
    else:
        sizes = {path: size or 0 for _, path, size in stored if path not in staying}
    return Superfluous(gone, runs, images, tuple(sorted(sizes)), sum(sizes.values()))


def drop(store: Store, what: Superfluous) -> None:
    """Drop it, in one transaction, then the files, then the room in the store. The caller holds the lock of the home.

    Killed at any point, what is left is found again: files without rows are superfluous by themselves. In a bucket, which is
    not listed, such objects stay; they are used again if their image is drawn again.

    Raises:
        StoreError: The store cannot be written; the store of objects refuses or does not answer.
    """
    with (
        store.open() as con,
        framed(con, _versions(what.versions)) as going,
        framed(con, _texts(what.images)) as images,
        transaction(con),
    ):
        for table in versioned_tables(con):
            con.execute(f"delete from {table}{HISTORY} where version in (select version from {going})")
        con.execute(f"delete from quality_results where version in (select version from {going})")
        con.execute(f"delete from materialisations where version in (select version from {going})")
        con.execute(f"delete from image_facts where image_id in (select text from {images})")
        shown = "select sha256 from image_facts where sha256 is not null"
        for table in ("tone_facts", "mark_facts", "label_facts"):
            con.execute(f"delete from {table} where sha256 not in ({shown})")
        con.execute("delete from file_facts where path not in (select path from image_facts where path is not null)")
        for table in _vector_tables(con):
            con.execute(f"delete from {table} where kind = 'image' and content not in ({shown})")
    remove_images(store.home, what.files)
    _compact(store)


def _kept(ledger: pl.DataFrame, keep: int, since: datetime | None) -> frozenset[int]:
    newest = ledger.with_columns(
        rank=pl.col("version").rank("ordinal", descending=True).over("asset", "partition", "audit")
    )
    wanted = pl.col("rank") <= keep
    wanted = wanted if since is None else wanted | (pl.col("created_at") >= since)
    reads = dict(zip(ledger["version"], ledger["input_versions"], strict=True))
    kept, waiting = set(), list(newest.filter(wanted)["version"])
    while waiting:
        version = waiting.pop()
        if version in kept:
            continue
        kept.add(version)
        read = json.loads(reads[version]).values()
        waiting += [number for one in read if str(one).isdecimal() and (number := int(one)) in reads]
    return frozenset(kept)


def _files(con: DuckDBPyConnection) -> list[tuple[str, str, int | None]]:
    return con.execute("select image_id, path, bytes from image_facts where path is not null").fetchall()


def _vector_tables(con: DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "select table_name from duckdb_tables() where database_name = current_database()"
        " and starts_with(table_name, 'embedding_facts_')"
    ).fetchall()
    return [name for (name,) in rows]


def _versions(versions: Collection[int]) -> pl.DataFrame:
    return pl.DataFrame({"version": sorted(versions)}, schema={"version": pl.Int64})


def _texts(texts: Collection[str]) -> pl.DataFrame:
    return pl.DataFrame({"text": sorted(texts)}, schema={"text": pl.String})


def _compact(store: Store) -> None:
    """Write the store anew without the room of what was dropped, and put it in its place while it is held."""
    draft = store.home / f".store-{uuid4().hex}.tmp"
    try:
        with store.open() as con:
            con.execute("checkpoint")
            copy_database(con, draft)
            sync_file(draft)
            draft.replace(store.path)  # others wait for the lock, and then find this file
            sync_folder(store.home)
    except OSError as error:
        raise explain(store.path, error) or StoreError(
            store.path, f"it cannot be written anew ({error.strerror})", "Give this user the right to write there."
        ) from error
    finally:
        discard(draft)
        discard(Path(f"{draft}.wal"))
