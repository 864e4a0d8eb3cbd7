"""What a set holds, read once from end to end and kept as a table beside the store: the ground of a set's identity.

The set may be larger than memory; the table is written and read piece by piece. It is found again by the state of the
set's files (path, size, times, inode) and the mapping, so that a set that nobody touched is not read twice.
"""

import contextlib
import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from mcas_assets.core.digests import bytes_digest, canonical_json, document_digest, text_digest
from mcas_assets.core.errors import BadInput, one_line
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.systems.identity import stamp_of
from mcas_assets.systems.image_sets.files import LFS
from mcas_assets.systems.image_sets.guards import Fence, too_large
from mcas_assets.systems.image_sets.mapping import Mapping
from mcas_assets.systems.image_sets.rows import At, Reader, Row

SCHEMA = pl.Schema(
    {
        "place": pl.Int64,
        **dict.fromkeys(("record", "prompt"), pl.String),
        "seed": pl.Int64,
        **dict.fromkeys(("outcome", "reason", "extras", "file"), pl.String),
        **dict.fromkeys(("offset", "size"), pl.Int64),
        "sha256": pl.String,
    }
)
"""Columns of the table: `outcome` is null where the image itself has to be looked at, at `file`, `offset`, `size`."""

PIECE = 4096  # rows written and read at a time
READ_BY = "2"  # raised when reading the same files gives other rows
_YOUNG = 0.05  # seconds: a file changed so shortly ago may change again within the resolution of its time stamp
_MOST_FILTERS = 50  # values of filtered rows that are told apart
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """A set as it was read.

    Attributes:
        table: The parquet file with the rows of this system.
        content: 64 hex digits of all rows, with the digests of their images.
        n_rows: Rows of this system.
        filtered: How many rows are of others, by `column=value`.
        unlisted: Files of the set without a row.
    """

    table: Path
    content: str
    n_rows: int
    filtered: dict[str, int]
    unlisted: int

    def pieces(self) -> Iterator[pl.DataFrame]:
        """The rows, in the set's order, some thousands at a time.

        Raises:
            BadInput: The table was removed since: another process found the set changed.
        """
        try:
            for batch in parquet.ParquetFile(self.table).iter_batches(batch_size=PIECE):
                yield pl.DataFrame(pl.from_arrow(batch))
        except (OSError, pa.ArrowException) as error:
            problem = f"what was read of the set is gone or damaged ({one_line(error, 200)})"
            raise BadInput(self.table, problem, "Run again: the set is read anew") from error


def read_set(reader: Reader, mapping: Mapping, folder: Path, name: str) -> Manifest:
    """What a set holds: as it was read before, if its files are as they were, else read now.

    Args:
        reader: The set.
        mapping: What its columns mean.
        folder: Where the tables of sets are kept.
        name: Of the system; its former tables are removed.

    Raises:
        BadInput: The set cannot be read, lacks a column that the mapping names, or changes while it is read.
    """
    state = _state(reader)
    prefix = prefix_of(name, reader.root)
    key = document_digest([READ_BY, state, mapping.document(), mapping.model])
    table = folder / f"{prefix}-{key[:32]}.parquet"
    known = _known(table)
    if known is not None:
        return known
    columns = reader.columns()
    if columns is not None:
        _require_columns(reader, mapping, columns)
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{uuid4().hex}.tmp"
    try:
        facts = _write(reader, mapping, draft)
        if _state(reader) != state:
            raise BadInput(
                reader.root, "changed while it was being read", "Run again when nothing writes to it any more"
            )
        for former in folder.glob(f"{prefix}-*.parquet"):
            former.unlink(missing_ok=True)
        draft.replace(table)
    finally:
        draft.unlink(missing_ok=True)
    return Manifest(table, **facts)


def prefix_of(name: str, root: Path) -> str:
    """What the names of the tables of a system's set begin with."""
    return text_digest(f"{name}\0{root.resolve()}")[:12]


def _write(reader: Reader, mapping: Mapping, draft: Path) -> dict:
    content, filtered = hashlib.sha256(), Counter()
    fence = Fence(reader.root, mapping.limits)
    columns: dict[str, None] = {}
    waiting: list[dict] = []
    n_rows = taken = elsewhere = 0
    with parquet.ParquetWriter(draft, _arrow([]).schema) as writer:
        for row in reader.rows():
            columns |= dict.fromkeys(row.fields)
            fields = row.fields | (mapping.constants or {})
            other = mapping.filtered(fields)
            if other is not None:
                filtered[other if other in filtered or len(filtered) < _MOST_FILTERS else "others"] += 1
                elsewhere += row.named is not None
                continue
            entry = {"place": n_rows} | {
                key: _clean(value) for key, value in _entry(reader, mapping, fence, row, fields).items()
            }
            n_rows, taken = n_rows + 1, taken + (entry["file"] is not None)
            record = [entry[name] for name in ("record", "prompt", "seed", "outcome", "reason", "extras", "sha256")]
            content.update(canonical_json(record).encode() + b"\n")
            waiting.append(entry)
            if len(waiting) == PIECE:
                writer.write_table(_arrow(waiting))
                waiting = []
        writer.write_table(_arrow(waiting))
        if reader.columns() is None:
            _require_columns(reader, mapping, columns)
        facts = {"content": content.hexdigest(), "n_rows": n_rows, "filtered": dict(filtered.most_common())}
        facts["unlisted"] = reader.unlisted(taken + elsewhere)
        writer.add_key_value_metadata({"mcas": json.dumps(facts)})
    return facts


def _entry(reader: Reader, mapping: Mapping, fence: Fence, row: Row, fields: dict) -> dict:
    """One row of the table: what the set says of an image, where it is, and the digest of its bytes."""
    entry = {
        "record": row.record, "prompt": mapping.prompt_of(fields), "seed": mapping.seed_of(fields), "outcome": None,
        "reason": None, "extras": canonical_json(mapping.extras_of(fields)), "file": None, "offset": None, "size": None,
        "sha256": None,
    }  # fmt: skip
    if mapping.status is not None:
        outcome, reason = mapping.status.of(fields)
        if outcome != "ok":
            return entry | {"outcome": outcome, "reason": reason}
    if row.fault is not None:
        return entry | {"outcome": "rejected", "reason": row.fault}
    at, limits = row.at, mapping.limits
    if at is None:
        if row.named is None:
            return entry | {"outcome": "empty", "reason": "the row names no file"}
        located = fence.locate(row.named)
        if located.file is None:
            return entry | {"outcome": located.outcome, "reason": located.reason}
        at = At(located.file, 0, located.size)
    elif at.size > limits.bytes:
        return entry | {"outcome": "rejected", "reason": too_large(at.size, limits)}
    data = row.data if row.data is not None else next(reader.read([at]))
    if not data:
        return entry | {"outcome": "missing", "reason": "the file is empty: a download that was not finished"}
    if data.startswith(LFS):
        return entry | {"outcome": "missing", "reason": "the file is a pointer of Git LFS: fetch what it stands for"}
    return entry | at._asdict() | {"sha256": bytes_digest(data)}


def _arrow(rows: list[dict]) -> pa.Table:
    # By polars: pyarrow's own conversion imports pandas.
    return pl.DataFrame(rows, schema=SCHEMA).to_arrow()


def _clean(value: object) -> object:
    """Text without halves of characters, which JSON can write and no table can hold."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _known(table: Path) -> Manifest | None:
    """The manifest of a table that was written before, or None."""
    try:
        facts = (parquet.read_metadata(table).metadata or {}).get(b"mcas")
        return Manifest(table, **json.loads(facts)) if facts else None
    except (OSError, pa.ArrowException, ValueError, TypeError):  # none, or one that is damaged: it is made anew
        return None


def _state(reader: Reader) -> str:
    """64 hex digits of paths, sizes, times and inodes of all files that a set is read from."""
    for _ in range(20):
        total, newest = hashlib.sha256(), 0
        for path in reader.files():
            stamp = (0, 0, 0, 0)
            with contextlib.suppress(OSError):  # a dangling link: the row that names it will say so
                stamp = stamp_of(path)
            newest = max(newest, stamp[1], stamp[2])
            total.update(f"{path.relative_to(reader.root).as_posix()}\t{stamp}\n".encode(errors="surrogateescape"))
        age = time.time() - newest / 1e9
        if not 0 <= age < _YOUNG:
            break
        time.sleep(_YOUNG - age)
    return total.hexdigest()


def _require_columns(reader: Reader, mapping: Mapping, known: Iterable[str]) -> None:
    for key, name in mapping.columns().items():
        if name not in known:
            raise BadInput(reader.root, f"has no column {name!r}", did_you_mean(name, known), key)
