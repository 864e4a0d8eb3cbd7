"""Skin tones as facts: read once from a picture by a reader, and kept under both.

Each function that writes is one transaction, as in facts.py.
"""

from collections.abc import Iterable, Mapping

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed, transaction


def read_tones(con: DuckDBPyConnection, reader: str, contents: Iterable[str]) -> dict[str, int]:
    """The tones of those of `contents` that the reader has read.

    Args:
        con: A connection to the store.
        reader: Its id, which decides what it would read.
        contents: sha256 of image files.

    Returns:
        By sha256: Monk tone 1 to 10, or 0 where it could read none.
    """
    with framed(con, pl.DataFrame({"sha256": list(contents)}, schema={"sha256": pl.String})) as wanted:
        rows = con.execute(
            f"select sha256, tone from tone_facts semi join {wanted} using (sha256) where reader = ?", [reader]
        ).fetchall()
    return dict(rows)


def append_tones(con: DuckDBPyConnection, reader: str, tones: Mapping[str, int]) -> int:
    """Keep what a reader has read, by sha256. What is kept already stands. Returns how many rows were written."""
    rows = [(reader, sha256, tone) for sha256, tone in tones.items()]
    frame = pl.DataFrame(rows, schema={"reader": pl.String, "sha256": pl.String, "tone": pl.Int32}, orient="row")
    with framed(con, frame) as given, transaction(con):
        written = con.execute(f"insert or ignore into tone_facts by name from {given} returning sha256").fetchall()
    return len(written)
