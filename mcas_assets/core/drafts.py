"""Small files that are written whole or not at all."""

import os
from pathlib import Path


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
