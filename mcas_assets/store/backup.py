"""Whole copies of a home: into a folder or one tar file, each file with its digest, and back into a home that is new.

Consistent: the caller holds the home's lock, so no run is under way; the store is copied by DuckDB, Dagster's databases by
SQLite, at one moment each. Verified: what was written is read back and held against the digests, and so is what is restored
before it takes the place of the home. What can be had again by itself (drafts, locks, logs of databases) is left out.
"""

import hashlib
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from uuid import uuid4

from mcas_assets.core.digests import file_digest
from mcas_assets.core.drafts import sync_file, sync_folder
from mcas_assets.core.errors import StoreError
from mcas_assets.store.database import Store
from mcas_assets.store.engine import copy_database
from mcas_assets.store.faults import explain, explain_history
from mcas_assets.store.ledger import environment
from mcas_assets.store.sqlite_files import copy_whole

MANIFEST = "manifest.json"
FORMAT = "mcas-assets backup 1"
_PIECE = 1 << 20  # bytes that are read at once
_LEFT_OUT = (".lock", ".wal", "-wal", "-shm", "-journal", ".tmp")


@dataclass(frozen=True)
class Copied:
    """What a backup holds.

    Attributes:
        path: The folder or file.
        files: How many files.
        size: Their bytes.
        created_at: When it was made, ISO 8601 in UTC.
    """

    path: Path
    files: int
    size: int
    created_at: str


def back_up(store: Store, target: Path) -> Copied:
    """Copy a home. The caller holds its lock.

    Args:
        store: Of the home.
        target: The folder or `.tar` file to make.

    Raises:
        StoreError: It is there already, lies within the home, the home holds no store, a part of the home is damaged, or the
            disk is full. Nothing is left behind then.
    """
    target = target.expanduser().absolute()
    if not store.path.exists():
        raise StoreError(store.path, "there is no store to back up", "Run an audit first: mcas audit.")
    if target.exists():
        raise StoreError(
            target, "it is there already", "Name a folder, or a file that ends in .tar, that is not there."
        )
    if target.is_relative_to(store.home):
        raise StoreError(target, "it lies within the home that it would copy", "Name a place outside of it.")
    draft = target.with_name(f".{target.name}-{uuid4().hex}.tmp")
    with _faults_told(target), _discarded(draft):
        target.parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        sources = _sources(store, draft)
        copied = _write_manifest(draft, sources, target)
        if target.suffix == ".tar":
            _pack(draft, sources, target)
        else:
            for name, source in sources.items():
                if source != (copy := draft / name):
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, copy)
            _verify(draft, target)
            draft.replace(target)
        sync_folder(target.parent)
    return copied


def restore(source: Path, home: Path) -> Copied:
    """Make a home from a backup: whole and verified, or not at all.

    Args:
        source: What `back_up` made.
        home: A folder that is not there, or is empty.

    Raises:
        StoreError: The home is in use, the source is no backup or is damaged, or the disk is full.
    """
    source = source.expanduser().absolute()
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        remedy = "Point MCAS_HOME to a folder that is not there yet, then run the same command again."
        raise StoreError(home, "it is not empty, and a home that was used is never overwritten", remedy)
    if not source.exists():
        raise StoreError(source, "there is no such file or folder", "Name what mcas backup made.")
    draft = home.with_name(f".{home.name}-{uuid4().hex}.tmp")
    with _faults_told(source if source.is_dir() else home), _discarded(draft):
        home.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            _read_manifest(source, source)
            shutil.copytree(source, draft)
        else:
            _unpack(source, draft)
        copied = _verify(draft, source)
        (draft / MANIFEST).unlink()
        for file in draft.rglob("*"):
            if file.is_file():
                sync_file(file)
        if home.exists():
            home.rmdir()
        draft.replace(home)
        sync_folder(home.parent)
    return copied


def _sources(store: Store, draft: Path) -> dict[str, Path]:
    """What a home holds, by relative path: images where they lie, which never change, and the rest copied into `draft`."""
    sources = {}
    for file in _files_of(store.home):
        relative = file.relative_to(store.home)
        copy = sources[relative.as_posix()] = file if relative.parts[0] == "images" else draft / relative
        if copy == file:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file == store.path:
            _copy_store(store, copy)
        elif file.suffix == ".db":
            try:
                copy_whole(file, copy)
            except sqlite3.Error as error:
                raise explain_history(file, error) or error from error
        else:
            shutil.copyfile(file, copy)
    return sources


def _files_of(home: Path) -> Iterator[Path]:
    for file in sorted(home.rglob("*")):
        parts = file.relative_to(home).parts
        is_draft = any(part.startswith(".") and part.endswith(".tmp") for part in parts) or ".tmp" in parts
        if not is_draft and file.is_file() and not file.is_symlink() and not file.name.endswith(_LEFT_OUT):
            yield file


def _copy_store(store: Store, copy: Path) -> None:
    with store.open() as con:
        copy_database(con, copy)


def _write_manifest(draft: Path, sources: dict[str, Path], target: Path) -> Copied:
    files = {name: (file_digest(source), source.stat().st_size) for name, source in sources.items()}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"format": FORMAT, "created_at": now, "packages": environment().packages, "files": files}
    (draft / MANIFEST).write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
    return Copied(target, len(files), sum(size for _, size in files.values()), now)


def _pack(draft: Path, sources: dict[str, Path], target: Path) -> None:
    """One tar file, the manifest first, read back and held against it before it takes its name."""
    part = draft.with_name(f"{draft.name}.part")
    with _discarded(part):
        with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(draft / MANIFEST, MANIFEST)
            for name, source in sources.items():
                archive.add(source, name)
        sync_file(part)
        recorded = _read_manifest(draft, target)["files"]
        with tarfile.open(part) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None or member.name == MANIFEST:
                    continue
                if _digest(content) != recorded[member.name][0]:
                    problem = f"{member.name} is not what was written: the disk, or the home, changed meanwhile"
                    raise StoreError(target, problem, "Run the same command again.")
        part.replace(target)


def _digest(content: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := content.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _unpack(source: Path, draft: Path) -> None:
    try:
        with tarfile.open(source) as archive:
            archive.extractall(draft, filter="data")
    except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
        problem = f"it cannot be unpacked ({error})"
        raise StoreError(source, problem, "Name a folder or a .tar file that mcas backup made.") from error


def _read_manifest(folder: Path, source: Path) -> dict:
    remedy = "Name a folder or a .tar file that mcas backup made."
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, UnicodeError, ValueError, RecursionError):
        raise StoreError(source, f"it is no backup: it holds no {MANIFEST} that can be read", remedy) from None
    if (
        not isinstance(document, dict)
        or document.get("format") != FORMAT
        or not isinstance(document.get("files"), dict)
    ):
        raise StoreError(source, f"it is no backup of this kind: {MANIFEST} is not of {FORMAT!r}", remedy)
    return document


def _verify(folder: Path, source: Path) -> Copied:
    """Hold every file of a folder against the manifest in it.

    Raises:
        StoreError: One is missing, differs or is too many.
    """
    document = _read_manifest(folder, source)
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {MANIFEST}
    wrong = sorted(there ^ set(document["files"]))
    size = 0
    for name, recorded in document["files"].items():
        if name in there and not wrong:
            if not isinstance(recorded, list) or file_digest(folder / name) != recorded[0]:
                wrong.append(name)
            size += (folder / name).stat().st_size
    if wrong:
        problem = f"the backup is damaged: {wrong[0]} is missing, is not of it, or differs from its digest"
        raise StoreError(source, problem, "Use another backup.")
    return Copied(source, len(there), size, str(document.get("created_at", "")))


@contextmanager
def _discarded(draft: Path) -> Generator[None]:
    """Whatever happens within, no draft stays."""
    try:
        yield
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


@contextmanager
def _faults_told(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise explain(path, error) or StoreError(
            path,
            f"it cannot be read or written ({error.strerror or error})",
            "Name a place that can be, or mend its rights.",
        ) from error
