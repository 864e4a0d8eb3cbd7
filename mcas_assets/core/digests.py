"""Content digests, and the JSON texts that they are taken of: one place, since what is stored is told apart by them.

Every digest is a sha256, written as 64 hex digits. A change here makes all that was stored another thing: only for new
kinds of content. Not here: what goes into a document, which is for whoever writes it.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def bytes_digest(data: bytes) -> str:
    """Of bytes."""
    return hashlib.sha256(data).hexdigest()


def text_digest(text: str) -> str:
    """Of a text in UTF-8."""
    return bytes_digest(text.encode())


def file_digest(file: Path) -> str:
    """Of the bytes of a file, read piece by piece.

    Raises:
        OSError: The file cannot be read.
    """
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def document_digest(value: object) -> str:
    """Of the canonical JSON of a document: equal for equal values, whatever the order of their keys."""
    return text_digest(canonical_json(value))


def rows_digest(rows: Sequence[object], *, is_ascii: bool = False) -> str:
    """Of the compact JSON of rows, or of the parts of a key: their order counts.

    Args:
        rows: JSON values.
        is_ascii: As for `compact_json`; what was stored with one is not found by the other where a text is not ASCII.
    """
    return text_digest(compact_json(rows, is_ascii=is_ascii))


def canonical_json(value: object) -> str:
    """A JSON text that is the same for equal values: keys sorted, no spaces, infinities and NaN as text."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def compact_json(value: object, *, is_ascii: bool = False) -> str:
    r"""A JSON text without spaces, keys in the order given, NaN and infinities as Python's `json` writes them.

    Args:
        value: JSON values; tuples count as lists.
        is_ascii: Whether other characters are written as escapes (`\u00e9`).
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=is_ascii)


def plain(value: object) -> Any:
    """The value as JSON can hold it: tuples as lists, infinities, NaN and what JSON does not know as text."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    known = isinstance(value, str | int | None) or (isinstance(value, float) and math.isfinite(value))
    return value if known else str(value)
