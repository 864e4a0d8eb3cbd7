"""Image files: kept as made, named by the sha256 of their bytes, there whole or not at all.

`images/ab/abcdef....png` under the home folder. What is half-written lies under `images/.tmp` and counts for
nothing.
"""

import hashlib
import os
import re
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from uuid import uuid4

from mcas_assets.core.errors import StoreError
from mcas_assets.store.faults import explain

_FOLDER = "images"
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_STALE = 3600.0  # seconds after which an unfinished file has no writer any more


def kept_path(sha256: str, suffix: str) -> str:
    """Where an image file is kept, relative to the home: by its digest (64 hex digits) and its ending with the dot.

    Raises:
        ValueError: The ending is none.
    """
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"suffix {suffix!r}: a dot and up to eight of a-z and 0-9")
    return f"{_FOLDER}/{sha256[:2]}/{sha256}{suffix}"


def write_image(home: Path, data: bytes, suffix: str) -> tuple[str, str]:
    """Keep one image. See `write_images`.

    Returns:
        The sha256 of the bytes (64 hex digits), and the path relative to `home`, with forward slashes.
    """
    return write_images(home, [data], suffix)[0]


def write_images(home: Path, images: Sequence[bytes], suffix: str) -> list[tuple[str, str]]:
    """Keep the images of a batch: when this returns, all are on the disk under their final names.

    Idempotent: bytes that are there already are not written again, and a file of that name whose bytes have
    changed is made good. Folders are synced once a batch, not once an image.

    Args:
        home: The home folder.
        images: The bytes of each file, as made.
        suffix: The ending of the names, with its dot: `.png`.

    Returns:
        For each image its sha256 (64 hex digits) and its path relative to `home`, with forward slashes.

    Raises:
        StoreError: The disk is full or cannot be written.
    """
    kept_path("", suffix)
    kept: list[tuple[str, str]] = []
    touched: set[Path] = set()
    with _faults_told(home / _FOLDER):
        for data in images:
            digest = hashlib.sha256(data).hexdigest()
            relative = kept_path(digest, suffix)
            target = home / relative
            if not _holds(target, data):
                touched |= _make_folder(target.parent)
                _write_whole(home, target, data)
                touched.add(target.parent)
            kept.append((digest, relative))
        for folder in touched:
            sync_folder(folder)
    return kept


def read_image(home: Path, path: str, sha256: str) -> bytes:
    """The bytes of a kept image.

    Args:
        home: The home folder.
        path: As `write_image` returned it.
        sha256: The digest that the bytes must have.

    Raises:
        StoreError: The file is missing, or is not what was kept.
    """
    remedy = "mcas repair forgets it, and the next audit makes it again; or put the file back from a backup."
    parts = PurePosixPath(path).parts
    if parts[:1] != (_FOLDER,) or ".." in parts:
        raise StoreError(path, "it is not the path of a kept image", "Correct the row that states it.")
    file = home / path
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise StoreError(file, "the image was deleted behind the store's back", remedy) from None
    except OSError as error:
        raise StoreError(file, f"the image cannot be read ({error.strerror})", remedy) from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise StoreError(file, "the image was changed behind the store's back: its digest differs", remedy)
    return data


def sweep(home: Path, older_than: float = _STALE) -> int:
    """Remove what killed writers left unfinished.

    Args:
        home: The home folder.
        older_than: Seconds without a change after which a file is taken to have no writer.

    Returns:
        How many files were removed.
    """
    removed = 0
    now = time.time()
    for leftover in [*(home / _FOLDER / ".tmp").glob("*"), *home.glob(".*.tmp"), *home.glob(".*.tmp.wal")]:
        try:
            if now - leftover.stat().st_mtime >= older_than:
                leftover.unlink()
                removed += 1
        except FileNotFoundError:  # its writer was quicker
            continue
    return removed


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk. No effect where folders cannot be opened (Windows)."""
    if os.name == "posix":
        sync_file(path)


def discard(draft: Path) -> None:
    """Remove a draft if it is there. Where that fails too, leave it to `sweep`: the fault that led here counts more."""
    with suppress(OSError):
        draft.unlink()


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except FileNotFoundError:
        return False


def _make_folder(folder: Path) -> set[Path]:
    """Make `folder`; returns those above it whose names changed."""
    if folder.is_dir():
        return set()
    folder.mkdir(parents=True, exist_ok=True)
    return {folder.parent, folder.parent.parent}


def _write_whole(home: Path, target: Path, data: bytes) -> None:
    draft = home / _FOLDER / ".tmp" / f"{uuid4().hex}{target.suffix}"
    draft.parent.mkdir(exist_ok=True)
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        discard(draft)


@contextmanager
def _faults_told(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        told = explain(path, error)
        if told is None:
            raise
        raise told from error
