"""What image files held when they were last read, as facts: a file that is as it was then need not be read again.

"As it was" is told by its length and by when it was written (of an object, by its e-tag). Bytes that change without either, as on a
failing disk, are found by whoever reads the file, since each reading is held against the digest, and by `mcas doctor --deep`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed, transaction
from mcas_assets.store.objects import Stamp

SCHEMA = pl.Schema({
    "path": pl.String, "bytes": pl.Int64, "stamp": pl.String, "sha256": pl.String, "decoder": pl.String, "shows": pl.String,
    "width": pl.Int32, "height": pl.Int32,
})  # fmt: skip


class Held(NamedTuple):
    """What a file held: sha256 of its bytes and, by `decoder`, of its pixels, with their size; None where it is no picture."""

    sha256: str
    decoder: str
    shows: str | None
    width: int | None
    height: int | None


def unchanged(con: DuckDBPyConnection, stamps: Mapping[str, Stamp]) -> dict[str, Held]:
    """What is known of those files, by path, whose stamps are what they were when they were read."""
    rows = [(path, *stamp) for path, stamp in stamps.items()]
    schema = {"path": pl.String, "bytes": pl.Int64, "stamp": pl.String}
    with framed(con, pl.DataFrame(rows, schema=schema, orient="row")) as now:
        found = con.execute(
            f"select path, sha256, decoder, shows, width, height from file_facts semi join {now} using (path, bytes, stamp)"
        ).fetchall()
    return {path: Held(*held) for path, *held in found}


def record(con: DuckDBPyConnection, rows: pl.DataFrame) -> None:
    """Keep rows of `SCHEMA`, in one transaction, in place of what was known of the same paths."""
    with framed(con, rows) as given, transaction(con):
        con.execute(f"insert or replace into file_facts by name from {given}")
