"""Image files: kept as made, named by the sha256 of their bytes, there whole or not at all.

`images/ab/abcdef....png` under the home folder, or `ab/abcdef....png` below the address of a bucket (`image_place.py`): all that
writes, reads or removes an image file does so here. What is half-written lies under `images/.tmp` and counts for nothing.
"""

import hashlib
import os
import re
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from uuid import uuid4

from mcas_assets.core.drafts import sync_folder
from mcas_assets.core.errors import ImageLost, StoreError
from mcas_assets.core.overlap import HELPERS
from mcas_assets.store.faults import explain
from mcas_assets.store.image_place import FOLDER, objects_of
from mcas_assets.store.objects import AT_ONCE, Stamp

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_FORGET = "mcas repair forgets it, and the next audit makes it again; or put the file back from a backup."
_RIGHTS = "Give this user the right to read it; mcas doctor says what else ails this home."
_STALE = 3600.0  # seconds after which an unfinished file has no writer any more


def kept_path(sha256: str, suffix: str) -> str:
    """Where an image file is kept, relative to the home: by its digest (64 hex digits) and its ending with the dot.

    Raises:
        ValueError: The ending is none.
    """
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError(f"suffix {suffix!r}: a dot and up to eight of a-z and 0-9")
    return f"{FOLDER}/{sha256[:2]}/{sha256}{suffix}"


def write_image(home: Path, data: bytes, suffix: str) -> tuple[str, str]:
    """Keep one image. See `write_images`.

    Returns:
        The sha256 of the bytes (64 hex digits), and the path relative to `home`, with forward slashes.
    """
    return write_images(home, [data], suffix)[0]


def write_images(home: Path, images: Sequence[bytes], suffix: str) -> list[tuple[str, str]]:
    """Keep the images of a batch: when this returns, all are on the disk, or in the bucket, under their final names.

    Idempotent: bytes that are there already are not written again, and a file of that name whose bytes have
    changed is made good. Folders are synced once a batch, not once an image.

    Args:
        home: The home folder.
        images: The bytes of each file, as made.
        suffix: The ending of the names, with its dot: `.png`.

    Returns:
        For each image its sha256 (64 hex digits) and its path relative to `home`, with forward slashes.

    Raises:
        StoreError: The disk is full or cannot be written; the store of objects refuses or does not answer.
    """
    digests = [hashlib.sha256(data).hexdigest() for data in images]
    kept = [(digest, kept_path(digest, suffix)) for digest in digests]
    data_of = {path: data for (_, path), data in zip(kept, images, strict=True)}
    if (objects := objects_of(home)) is not None:
        objects.put({_object(path): data for path, data in data_of.items()})
    else:
        _write_files(home, data_of)
    return kept


def read_image(home: Path, path: str, sha256: str) -> bytes:
    """The bytes of a kept image.

    Args:
        home: The home folder.
        path: As `write_image` returned it.
        sha256: The digest that the bytes must have.

    Raises:
        ImageLost: The file is missing, or is not what was kept.
        StoreError: It cannot be read, now or with these rights.
    """
    parts = PurePosixPath(path).parts
    if parts[:1] != (FOLDER,) or ".." in parts:
        raise StoreError(path, "it is not the path of a kept image", "Correct the row that states it.")
    data = read_file(home, path)
    if data is None:
        raise ImageLost(address_of(home, path), "the image was deleted behind the store's back", _FORGET)
    if hashlib.sha256(data).hexdigest() != sha256:
        problem = "the image was changed behind the store's back: its digest differs"
        raise ImageLost(address_of(home, path), problem, _FORGET)
    return data


def read_file(home: Path, path: str) -> bytes | None:
    """The bytes of an image file, whatever they are, or None where there is no such file.

    Raises:
        StoreError: It cannot be read, now or with these rights.
    """
    if (objects := objects_of(home)) is not None:
        return objects.get(_object(path))
    file = home / path
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise StoreError(file, f"the image cannot be read ({error.strerror})", _RIGHTS) from error


def stamps(home: Path, paths: Iterable[str]) -> dict[str, Stamp]:
    """What tells of each image file, without reading it, whether it is the one that was read; those that are there."""
    if (objects := objects_of(home)) is not None:
        names = {_object(path): path for path in paths}
        return {names[name]: stamp for name, stamp in objects.stamps(names).items()}
    found = {}
    for path in paths:
        try:
            status = (home / path).stat()
        except OSError:  # whoever reads it is told why
            continue
        found[path] = Stamp(status.st_size, str(status.st_mtime_ns))
    return found


def remove_images(home: Path, paths: Iterable[str]) -> None:
    """Remove image files, whether or not they are there.

    Raises:
        StoreError: The store of objects refuses or does not answer.
    """
    if (objects := objects_of(home)) is not None:
        objects.delete(_object(path) for path in paths)
        return
    for path in paths:
        (home / path).unlink(missing_ok=True)


def address_of(home: Path, path: str) -> str:
    """Where an image file lies, for people and for other programs: a path of this machine, or an address."""
    objects = objects_of(home)
    return str(home / path) if objects is None else f"{objects.address}/{_object(path)}"


def readers(home: Path) -> int:
    """How many threads read image files side by side: a bucket takes long to answer, and answers many at once."""
    return HELPERS if objects_of(home) is None else AT_ONCE


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
    for leftover in [*(home / FOLDER / ".tmp").glob("*"), *home.glob(".*.tmp"), *home.glob(".*.tmp.wal")]:
        try:
            if now - leftover.stat().st_mtime >= older_than:
                leftover.unlink()
                removed += 1
        except FileNotFoundError:  # its writer was quicker
            continue
    return removed


def discard(draft: Path) -> None:
    """Remove a draft if it is there. Where that fails too, leave it to `sweep`: the fault that led here counts more."""
    with suppress(OSError):
        draft.unlink()


def _object(path: str) -> str:
    """The name of an object below the address, of the path of its row."""
    return path.removeprefix(f"{FOLDER}/")


def _write_files(home: Path, data_of: Mapping[str, bytes]) -> None:
    touched: set[Path] = set()
    with _faults_told(home / FOLDER):
        for relative, data in data_of.items():
            target = home / relative
            if not _holds(target, data):
                touched |= _make_folder(target.parent)
                _write_whole(home, target, data)
                touched.add(target.parent)
        for folder in touched:
            sync_folder(folder)


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
    draft = home / FOLDER / ".tmp" / f"{uuid4().hex}{target.suffix}"
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
