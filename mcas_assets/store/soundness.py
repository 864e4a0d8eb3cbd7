"""Whether a home is sound: the store, the published copy, the images against their digests, Dagster's databases.

Nothing is written, and nothing is made that is not there. What is found is a `Finding`; what is unsound says what to do.
"""

import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import BadInput, ImageLost, StoreError
from mcas_assets.core.overlap import ahead
from mcas_assets.core.paths import history_url
from mcas_assets.store import schema
from mcas_assets.store.database import Store, connect, faults_told
from mcas_assets.store.files import read_image, readers
from mcas_assets.store.files import stamps as stamps_of
from mcas_assets.store.image_facts import image_files
from mcas_assets.store.image_place import objects_of
from mcas_assets.store.sqlite_files import history_files, problem_of

SAMPLE = 200
"""Images whose bytes are read and held against their digests where not all are."""

_LOCKED = "the store is in use by"
_DAMAGED = ("it is not a DuckDB file", "the file is damaged")


@dataclass(frozen=True)
class Finding:
    """What was found of one part.

    Attributes:
        part: Of the home.
        text: What was found, in words.
        remedy: What to do about it; empty where there is nothing to do.
        is_unsound: Whether it must be mended before what the home says can be relied on.
    """

    part: str
    text: str
    remedy: str = ""
    is_unsound: bool = False


def examine(store: Store, *, deep: bool = False) -> Iterator[Finding]:
    """Everything that is found of the files of a home.

    Args:
        store: Of the home.
        deep: Read every row, every image and every page; else sizes of all images, and the bytes of a sample.
    """
    yield from _of_store(store, deep)
    yield _of_published(store, deep)
    yield from _of_images(store, deep)
    yield from _of_history(store.home / "dagster", deep)


def _of_store(store: Store, deep: bool) -> Iterator[Finding]:
    remains = [path.name for path in (store.published, store.home / "images") if path.exists()]
    if not store.path.exists():
        if remains:
            remedy = "mcas repair" if store.published.exists() else "Put it back from a backup: mcas restore"
            yield Finding("store", f"is missing beside {' and '.join(remains)}", remedy, is_unsound=True)
        else:
            yield Finding("store", "is not there yet: nothing was audited here")
        return
    try:
        with faults_told(store.path), closing(connect(store.path, read_only=True)) as con:
            is_new = schema.require_ours(con, store.path)
            rows = _count(con, deep)
            text = f"{rows[0]:,} images, {rows[1]:,} versions of results" + (", every row read" if deep else "")
            yield Finding(
                "store", text if is_new else f"{text}; made by an older schema, brought up to date when it is opened"
            )
    except StoreError as error:
        if error.problem.startswith(_LOCKED):
            yield Finding("store", f"not looked at: {error.problem}", "Look again when it has ended")
        else:
            is_damaged = error.problem in _DAMAGED and store.published.exists()
            remedy = "mcas repair --from-published" if is_damaged else error.remedy
            yield Finding("store", error.problem, remedy, is_unsound=True)


def _of_published(store: Store, deep: bool) -> Finding:
    part = "published copy"
    if not store.published.exists():
        if not store.path.exists():
            return Finding(part, "is not there yet")
        return Finding(part, "is not there yet, or was deleted", "The next audit publishes anew: mcas audit")
    try:
        with faults_told(store.published), closing(connect(store.published, read_only=True)) as con:
            schema.require_ours(con, store.published)
            rows = _count(con, deep)
    except StoreError as error:
        remedy = "Move it away; the next audit publishes anew: mcas audit"
        return Finding(part, error.problem, remedy if store.path.exists() else error.remedy, is_unsound=True)
    return Finding(part, f"{rows[0]:,} images, {rows[1]:,} versions of results")


def _of_images(store: Store, deep: bool) -> Iterator[Finding]:
    source = store.path if store.path.exists() else store.published
    if not source.exists():
        return
    try:
        with closing(connect(source, read_only=True)) as con:
            rows = sorted(set(image_files(con)), key=lambda row: row[1])
            sizes = dict(
                con.execute(
                    "select path, any_value(bytes) from image_facts where path is not null group by 1"
                ).fetchall()
            )
    except (StoreError, duckdb.Error):  # what ails it is said of the store
        yield Finding("images", "not looked at, since the store cannot be read")
        return
    try:
        objects = objects_of(store.home)
        stamps = stamps_of(store.home, sizes)
        wrong, left = [], []
        for _, path, sha256 in rows:
            size = stamps[path].size if path in stamps else None
            if size is None or (sizes[path] is not None and size != sizes[path]):
                wrong.append(path)
            else:
                left.append((path, sha256))
        read = left if deep else random.Random(len(left)).sample(left, min(SAMPLE, len(left)))
        threads = readers(store.home)
        lost = ahead(partial(_is_lost, store.home), read, 2 * threads, threads)
        wrong += [path for (path, _), is_lost in zip(read, lost, strict=True) if is_lost]
    except BadInput as error:  # where they lie cannot be asked
        yield Finding("images", f"not looked at: {error.where}: {error.problem}", error.remedy, is_unsound=True)
        return
    looked = f"{len(rows):,} images by size, {len(read):,} of them by digest"
    looked += "" if objects is None else f", at {objects.address}"
    if wrong:
        remedy = "mcas repair forgets them, and the next audit makes them anew; or put the files back from a backup"
        text = f"{looked}: {len(wrong):,} are missing or not as they were made, the first {wrong[0]}"
        yield Finding("images", text, remedy, is_unsound=True)
    else:
        yield Finding("images", looked + ("" if deep or len(read) == len(rows) else " (--deep: all)"))


def _of_history(folder: Path, deep: bool) -> Iterator[Finding]:
    part, remedy = "Dagster's history", "mcas repair --history (what was measured is not in it)"
    if history_url():
        yield Finding(part, "is in Postgres, which looks after itself; it is not examined here")
        return
    if not folder.is_dir():
        yield Finding(part, "is not there yet; the next audit begins it")
        return
    files = list(history_files(folder))
    for file in files:
        if (problem := problem_of(file, deep=deep)) is not None:
            text = f"{file.relative_to(folder)} is damaged: {problem}"
            yield Finding(part, text, remedy, is_unsound=True)
            return
    needed = ("history/runs.db", "history/runs/index.db")
    missing = [name for name in needed if files and not (folder / name).exists()]
    if missing:
        yield Finding(part, f"{missing[0]} is missing beside others", remedy, is_unsound=True)
    else:
        runs = sum(len(file.stem) == 36 for file in files)
        yield Finding(part, f"{len(files):,} databases are whole, of {runs:,} runs" if files else "holds nothing yet")


def _count(con: DuckDBPyConnection, deep: bool) -> tuple[int, int]:
    """(images, versions of the ledger); with `deep`, every row of every table is read first."""
    if deep:
        for (table,) in con.execute(
            "select table_name from duckdb_tables() where database_name = current_database()"
        ).fetchall():
            con.execute(f'select bit_xor(hash(t)) from "{table}" t').fetchall()
    images, versions = con.execute(
        "select (select count(*) from image_facts), (select count(*) from materialisations)"
    ).fetchall()[0]
    return images, versions


def _is_lost(home: Path, row: tuple[str, str]) -> bool:
    """Whether an image file is missing or not what was kept; one of this machine that cannot be read is as good as missing."""
    try:
        read_image(home, *row)
    except ImageLost:
        return True
    except StoreError:
        if objects_of(home) is not None:
            raise
        return True
    return False
