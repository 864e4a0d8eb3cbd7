"""Provenance marks as facts: read once from an image file by a reader, and kept under both.

Each function that writes is one transaction, as in facts.py.
"""

from collections.abc import Iterable

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed, transaction

SCHEMA = pl.Schema({
    "reader": pl.String, "sha256": pl.String, "has_mark": pl.Boolean, "is_valid": pl.Boolean, "issuer": pl.String,
    "source_type": pl.String, "generator": pl.String, "reason": pl.String,
})  # fmt: skip


def unread(con: DuckDBPyConnection, reader: str, contents: Iterable[str]) -> set[str]:
    """Those of `contents` (sha256 of image files) that the reader has not read."""
    with framed(con, pl.DataFrame({"sha256": list(contents)}, schema={"sha256": pl.String})) as wanted:
        rows = con.execute(
            f"select sha256 from {wanted} where sha256 not in (select sha256 from mark_facts where reader = ?)",
            [reader],
        ).fetchall()
    return {sha256 for (sha256,) in rows}


def append_marks(con: DuckDBPyConnection, rows: pl.DataFrame) -> int:
    """Keep rows of `SCHEMA`. What is kept already stands. Returns how many were written."""
    with framed(con, rows) as given, transaction(con):
        written = con.execute(f"insert or ignore into mark_facts by name from {given} returning sha256").fetchall()
    return len(written)
