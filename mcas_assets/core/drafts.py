"""Small files and folders that are written whole or not at all."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from mcas_assets.core.errors import BadInput


def replace_text(path: Path, text: str) -> None:
    """Put a text in place of what a file holds: who reads it meanwhile finds the former one, and no draft is left.

    It is not waited for the disk, so this is for what can be found anew.

    Raises:
        OSError: It cannot be written; what the file held stands.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


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


@contextmanager
def whole_folder(target: Path) -> Generator[Path]:
    """A draft beside `target` that takes its name once all within went well; else nothing is left of it.

    Raises:
        BadInput: `target` is there already, or its place cannot be written.
    """
    target = target.expanduser().absolute()
    if target.exists() or target.is_symlink():
        raise BadInput(target, "is there already", "Give --out a folder that is not there yet")
    draft = target.with_name(f".{target.name}-{uuid4().hex}.tmp")
    try:
        draft.mkdir(parents=True)
        yield draft
        draft.replace(target)
    except OSError as error:
        raise BadInput(target, f"cannot be written ({error.strerror or error})", "Give --out another place") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
