"""Evidence held against itself, without a home and without a network: files against the manifest, numbers against rows.

Who can change a file can also write a manifest that fits it: that a folder agrees with itself says that it is whole, not who made
it. A digest of the manifest that was kept elsewhere, or a signature of the statement, says that too.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from mcas_assets.core.digests import file_digest
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.export import arithmetic
from mcas_assets.export.manifest import MANIFEST, STATEMENT, NotAManifest, entries, read_manifest, read_small

ABOUT = "evidence.json"
FORMAT = "mcas-assets evidence 1"
TABLES, VECTORS = "tables/", "vectors/"

SIGNATURES = tuple(f"{STATEMENT}{ending}" for ending in (".sig", ".asc", ".minisig", ".sigstore.json", ".bundle"))
"""What programs that sign write beside the statement. Whether they are good is for those programs to say."""

MOST_CELLS = 400_000_000
"""Rows by columns of a table, beyond any of ours: a small file can say that it holds what no memory does."""

Kind = Literal["manifest", "changed", "missing", "extra", "link", "document", "number"]


@dataclass(frozen=True)
class Disagreement:
    """Something in a folder that does not agree.

    Attributes:
        kind: What of it.
        text: Which, and how, in words.
    """

    kind: Kind
    text: str


@dataclass(frozen=True)
class Verified:
    """What was found.

    Attributes:
        manifest: The sha256 of the manifest, "" where it cannot be read.
        about: What the evidence is of, in words.
        n_files: Files that the manifest lists.
        checked: What numbers were computed again, in words.
        found: What does not agree, files first.
        signatures: Signatures of the statement that lie there, which are not looked at.
    """

    manifest: str
    about: str
    n_files: int
    checked: str
    found: tuple[Disagreement, ...]
    signatures: tuple[str, ...] = ()


def verify(folder: Path, manifest: str | None = None) -> Verified:
    """Hold a folder of evidence against its manifest, and its numbers against its rows.

    Args:
        folder: What `mcas export evidence` made.
        manifest: The sha256 that its manifest must have, as it was noted elsewhere.

    Raises:
        BadInput: It is no folder, or holds no evidence.
    """
    if not folder.is_dir():
        raise BadInput(folder, "is no folder", "Name what mcas export evidence made")
    try:
        there = {entry.name: entry.problem for entry in entries(folder)}
    except OSError as error:
        raise BadInput(
            folder, f"cannot be read ({error.strerror})", "Mend its rights, or name another folder"
        ) from error
    if MANIFEST not in there and ABOUT not in there:
        raise BadInput(folder, f"holds no {MANIFEST}", "Name what mcas export evidence made")
    try:
        listed, digest = read_manifest(folder), file_digest(folder / MANIFEST)
    except NotAManifest as error:
        return Verified("", "", 0, "nothing", (Disagreement("manifest", f"{MANIFEST}: {error}"),))
    found = [*_of_manifest(folder, there, digest, manifest), *_of_files(folder, there, listed)]
    sound = {name for name in listed if there.get(name, "") is None} - {
        one.text for one in found if one.kind == "changed"
    }
    about, audit, problems = _about(folder, sound)
    found += problems
    tables, vectors, problems = _tables(folder, sound)
    found += problems
    found += _numbers(tables, audit, vectors)
    signed = tuple(name for name in SIGNATURES if name in there)
    what = f"audit {about.get('audit')} of {about.get('system_version')}" if about else ""
    return Verified(digest, what, len(listed), arithmetic.checked(tables, vectors, audit), tuple(found), signed)


def _of_manifest(
    folder: Path, there: Mapping[str, str | None], digest: str, wanted: str | None
) -> Iterator[Disagreement]:
    """The manifest against what was noted of it, and against the statement, which is what is signed."""
    if wanted is not None and wanted != digest:
        yield Disagreement("manifest", f"{MANIFEST} has the sha256 {digest}, not {wanted}")
    if STATEMENT not in there:
        yield Disagreement("missing", STATEMENT)
        return
    try:
        stated = json.loads(read_small(folder / STATEMENT))["subject"][0]["digest"]["sha256"]
    except (NotAManifest, ValueError, RecursionError, LookupError, TypeError) as error:
        yield Disagreement("document", f"{STATEMENT}: states no digest of {MANIFEST} ({type(error).__name__}: {error})")
        return
    if stated != digest:
        yield Disagreement("manifest", f"{STATEMENT} states another sha256 of {MANIFEST} than the {digest} that it has")


def _of_files(folder: Path, there: Mapping[str, str | None], listed: Mapping[str, str]) -> Iterator[Disagreement]:
    for name, problem in sorted(there.items()):
        if problem is not None:
            yield Disagreement("link", f"{name} {problem}")
        elif name not in listed and name not in (MANIFEST, STATEMENT, *SIGNATURES):
            yield Disagreement("extra", name)
    for name, digest in listed.items():
        if name not in there:
            yield Disagreement("missing", name)
        elif there[name] is None and _digest(folder / name) != digest:
            yield Disagreement("changed", name)


def _digest(file: Path) -> str:
    """Of a file, or "" where it cannot be read."""
    try:
        return file_digest(file)
    except OSError:
        return ""


def _about(folder: Path, sound: set[str]) -> tuple[dict[str, Any], Audit | None, list[Disagreement]]:
    if ABOUT not in sound:
        return {}, None, []
    try:
        document = json.loads(read_small(folder / ABOUT))
        if document["format"] != FORMAT:
            raise ValueError(f"is of {document['format']!r}, not {FORMAT!r}")
        declaration = document["declaration"]
        audit = None if declaration is None else Audit.of_document(json.dumps(declaration))
    except (NotAManifest, ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        return {}, None, [Disagreement("document", f"{ABOUT}: cannot be used ({type(error).__name__}: {error})")]
    return document, audit, []


def _tables(
    folder: Path, sound: set[str]
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame], list[Disagreement]]:
    """Tables and vectors of which the bytes are as listed; what was changed has been told already."""
    found: dict[str, dict[str, pl.DataFrame]] = {TABLES: {}, VECTORS: {}}
    problems = []
    for name in sorted(sound):
        place = next((one for one in found if name.startswith(one) and name.endswith(".parquet")), None)
        if place is None:
            continue
        try:
            found[place][name.removeprefix(place).removesuffix(".parquet")] = _table(folder / name)
        except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError) as error:
            problems.append(Disagreement("document", f"{name}: cannot be read as a table ({type(error).__name__})"))
    return found[TABLES], found[VECTORS], problems


def _table(file: Path) -> pl.DataFrame:
    """The rows of a table.

    Raises:
        ValueError: It says that it holds more than any of ours; other errors of pyarrow and polars where it is none.
    """
    with pq.ParquetFile(file) as parquet:
        cells = parquet.metadata.num_rows * parquet.metadata.num_columns
        if cells > MOST_CELLS:
            raise ValueError(f"{cells:,} cells")
        frame = pl.from_arrow(parquet.read())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _numbers(
    tables: Mapping[str, pl.DataFrame], audit: Audit | None, vectors: Mapping[str, pl.DataFrame]
) -> list[Disagreement]:
    try:
        return [Disagreement("number", text) for text in arithmetic.disagreements(tables, audit, vectors)]
    except (pl.exceptions.PolarsError, ValueError, TypeError, LookupError) as error:
        # A table of other columns or kinds of values than ours: whoever wrote it, nothing follows from it.
        return [
            Disagreement("document", f"tables: are not of the form that evidence has ({type(error).__name__}: {error})")
        ]
