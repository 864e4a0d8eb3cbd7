"""Answers of labellers as facts: given once of a picture by a labeller on an axis, and kept under both.

Each function that writes is one transaction, as in facts.py.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.digests import canonical_json
from mcas_assets.store.database import framed, transaction

SCHEMA = {
    "labeller": pl.String, "sha256": pl.String, "label": pl.String, "evidence": pl.String, "raw": pl.String,
}  # fmt: skip


def register_labeller(
    con: DuckDBPyConnection, labeller: str, name: str, axis: str, identity: Mapping[str, Any]
) -> None:
    """Make a labeller known under what its answers on an axis are kept under. What is known already stands."""
    with transaction(con):
        con.execute(
            "insert or ignore into labellers (labeller, name, axis, identity) values (?, ?, ?, ?)",
            [labeller, name, axis, canonical_json(dict(identity))],
        )


def read_labels(con: DuckDBPyConnection, labeller: str, contents: Iterable[str]) -> dict[str, str]:
    """The labels of those of `contents` (sha256 of image files) that a labeller has answered for, by sha256."""
    with framed(con, pl.DataFrame({"sha256": list(contents)}, schema={"sha256": pl.String})) as wanted:
        rows = con.execute(
            f"select sha256, label from label_facts semi join {wanted} using (sha256) where labeller = ?", [labeller]
        ).fetchall()
    return dict(rows)


def count_labels(con: DuckDBPyConnection, labeller: str) -> int:
    """How many images a labeller has answered for."""
    return con.execute("select count(*) from label_facts where labeller = ?", [labeller]).fetchall()[0][0]


def append_labels(con: DuckDBPyConnection, rows: Iterable[Mapping[str, Any]]) -> int:
    """Keep answers: rows of `SCHEMA`, `raw` as JSON values. What is kept already stands. Returns how many were written."""
    kept = [{**row, "raw": json.dumps(row["raw"], ensure_ascii=False)} for row in rows]
    with framed(con, pl.DataFrame(kept, schema=SCHEMA)) as given, transaction(con):
        written = con.execute(f"insert or ignore into label_facts by name from {given} returning sha256").fetchall()
    return len(written)
