"""Provenance marks of image files: whether a file says who made it and how, and whether that holds (C2PA, https://c2pa.org).

Read from the bytes as they came, without a network: marks that lie elsewhere, and lists of those who are trusted, are not fetched.
Watermarks within the pixels are something else, and not looked for.
"""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Any, Protocol

import polars as pl

from mcas_assets.core.digests import document_digest
from mcas_assets.core.errors import one_line
from mcas_assets.core.overlap import ahead
from mcas_assets.store import files, marks
from mcas_assets.store.database import Store
from mcas_assets.store.image_facts import image_files

READS = "1"
"""Raised with any change after which a file may be read otherwise."""

AT_ONCE = 1024
"""Marks that are committed together."""

_LABEL = b"c2pa"
"""Within every store of manifests that is in a file: the label of its first box. A file without it has none."""

_SETTINGS = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
_OF_NO_LIST = "signingCredential.untrusted"
_MIME = {".jpg": "image/jpeg", ".tif": "image/tiff"}
_MOST = 300  # characters of a text that comes from a file


@dataclass(frozen=True)
class Mark:
    """What a file says of its making.

    Attributes:
        has_mark: Whether there is one.
        is_valid: Whether its signature and its digest of the content agree with the file; None without a mark.
        issuer: The organisation that the signing certificate names.
        source_type: The digitalSourceType of how the image came to be, an IRI.
        generator: What made the mark, as it says.
        reason: Why it is not valid.
    """

    has_mark: bool
    is_valid: bool | None = None
    issuer: str | None = None
    source_type: str | None = None
    generator: str | None = None
    reason: str | None = None


class MarkReader(Protocol):
    """Tells what a file says of its making."""

    @property
    def id(self) -> str:
        """What marks are kept under: differs between readers that can read one file differently."""
        ...

    def mark(self, file: bytes, suffix: str) -> Mark:
        """The mark of an image file of this ending, with its dot."""
        ...


class C2paReader:
    """Reads C2PA manifests with the library of the Content Authenticity Initiative."""

    @cached_property
    def id(self) -> str:
        """`c2pa@` and 12 hex digits of the digest of `READS` and of the library's version."""
        import c2pa

        return f"c2pa@{document_digest({'code': READS, 'c2pa': c2pa.sdk_version()})[:12]}"

    @cached_property
    def _settings(self) -> Any:
        import c2pa

        return c2pa.Settings.from_dict(_SETTINGS)

    def mark(self, file: bytes, suffix: str) -> Mark:
        """See `MarkReader`. A mark that cannot be read is one that is not valid, with the reason."""
        if _LABEL not in file:
            return Mark(has_mark=False)
        import c2pa

        kind = _MIME.get(suffix, f"image/{suffix.removeprefix('.')}")
        try:
            with c2pa.Context(self._settings) as context:
                reader = c2pa.Reader.try_create(kind, io.BytesIO(file), context=context)
                if reader is None:
                    return Mark(has_mark=False)
                with reader:
                    return _told(json.loads(reader.json()))
        except (c2pa.C2paError, ValueError, RecursionError) as error:
            return Mark(has_mark=True, is_valid=False, reason=f"cannot be read: {one_line(error, _MOST)}")


def installed_reader() -> C2paReader | None:
    """The reader, where the extra `provenance` is installed. Imports nothing."""
    return C2paReader() if find_spec("c2pa") is not None else None


def read_marks(store: Store, images: pl.DataFrame, reader: MarkReader) -> int:
    """Read what is not read yet, and keep it.

    Args:
        store: Where files and facts are.
        images: `sha256, path` of images, null where there is no file.
        reader: Reads them.

    Returns:
        How many were read.

    Raises:
        StoreError: A file was changed or deleted.
    """
    there = images.filter(pl.col("path").is_not_null()).unique("sha256", maintain_order=True).select("sha256", "path")
    with store.open() as con:
        wanted = marks.unread(con, reader.id, there["sha256"])
    threads = files.readers(store.home)
    for chunk in there.filter(pl.col("sha256").is_in(list(wanted))).iter_slices(AT_ONCE):
        read = ahead(lambda row: files.read_image(store.home, row[1], row[0]), chunk.iter_rows(), threads, threads)
        rows = [
            {"reader": reader.id, "sha256": sha256, **asdict(reader.mark(data, PurePosixPath(path).suffix))}
            for (sha256, path), data in zip(chunk.iter_rows(), read, strict=True)
        ]
        with store.open() as con:
            marks.append_marks(con, pl.DataFrame(rows, schema=marks.SCHEMA))
    return len(wanted)


def read_all_marks(store: Store, reader: MarkReader) -> int:
    """The same of every image that is kept. Returns how many were read."""
    with store.open() as con:
        rows = [(sha256, path) for _, path, sha256 in image_files(con)]
    return read_marks(store, pl.DataFrame(rows, schema={"sha256": pl.String, "path": pl.String}, orient="row"), reader)


def _told(document: Any) -> Mark:
    """The mark of the manifest that speaks for the file; of what it says of files before it nothing is taken."""
    active = _dict(_dict(_dict(document).get("manifests")).get(_dict(document).get("active_manifest")))
    problems = [_dict(one).get("code") for one in _list(_dict(document).get("validation_status"))]
    wrong = [str(code) for code in problems if code != _OF_NO_LIST]
    is_valid = bool(active) and _dict(document).get("validation_state") in ("Valid", "Trusted") and not wrong
    return Mark(
        has_mark=True, is_valid=is_valid, issuer=_text(_dict(active.get("signature_info")).get("issuer")),
        source_type=next(_source_types(active), None), generator=_generator(active),
        reason=None if is_valid else _text(", ".join(wrong) or "its validation gave no result"),
    )  # fmt: skip


def _source_types(active: dict[str, Any]) -> Iterator[str]:
    """Of the actions that made the image, first those that say so of its creation."""
    said = [
        one for one in map(_dict, _list(active.get("assertions"))) if str(one.get("label")).startswith("c2pa.actions")
    ]
    actions = [_dict(action) for one in said for action in _list(_dict(one.get("data")).get("actions"))]
    actions.sort(key=lambda action: action.get("action") != "c2pa.created")
    return (text for action in actions if (text := _text(action.get("digitalSourceType"))) is not None)


def _generator(active: dict[str, Any]) -> str | None:
    named = [_dict(one).get("name") for one in _list(active.get("claim_generator_info"))]
    return _text(next(iter(named), None)) or _text(active.get("claim_generator"))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return one_line(value, _MOST) if isinstance(value, str) and value else None
