"""What is asked of the registers: the system versions and embedders that this home has met. Writing them is facts.py."""

import json
from typing import Any, NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection


class RegisteredEmbedder(NamedTuple):
    """One row of table `embedders`: its id, the name that people call it by, the length of its vectors."""

    embedder: str
    name: str
    dim: int


def system_versions(con: DuckDBPyConnection) -> list[str]:
    """Every registered system version, sorted."""
    rows = con.execute("select system_version from systems order by 1").fetchall()
    return [version for (version,) in rows]


def identity_of(con: DuckDBPyConnection, system_version: str) -> dict[str, Any]:
    """The identity document of a registered version; empty for one that is not."""
    rows = con.execute("select identity from systems where system_version = ?", [system_version]).fetchall()
    return json.loads(rows[0][0]) if rows else {}


def read_systems(con: DuckDBPyConnection) -> pl.DataFrame:
    """system_version, identity (JSON text), first_seen, last_audited, audits (their names, or null), newest first."""
    return con.sql(
        "select s.system_version, s.identity, s.first_seen, s.last_audited,"
        " (select string_agg(distinct m.audit, ', ') from materialisations m"
        "  where m.asset = 'scores' and m.partition = s.system_version) as audits"
        " from systems s order by s.first_seen desc"
    ).pl()


def read_embedders(con: DuckDBPyConnection) -> list[RegisteredEmbedder]:
    """Every registered embedder, the one that was met first before the others."""
    rows = con.execute("select embedder, name, dim from embedders order by first_seen, embedder").fetchall()
    return [RegisteredEmbedder(*row) for row in rows]


def newest_embedder(con: DuckDBPyConnection, name: str) -> RegisteredEmbedder | None:
    """The embedder that was registered last under a name, or None."""
    rows = con.execute(
        "select embedder, name, dim from embedders where name = ? order by first_seen desc limit 1", [name]
    ).fetchall()
    return RegisteredEmbedder(*rows[0]) if rows else None


def panel_of(con: DuckDBPyConnection, version: int) -> list[tuple[str, str]]:
    """(name, id) of the embedders whose vectors one materialisation of `embeddings` lists, sorted."""
    return con.execute(
        "select distinct e.name, h.embedder from embeddings_history h join embedders e using (embedder)"
        " where h.version = ? order by all",
        [version],
    ).fetchall()
