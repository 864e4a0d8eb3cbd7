"""What is asked of results: rows of the tables that stages make, and what the ledger and the checks say of them.

Here are questions that several packages ask. Recording, and the newest materialisation of an asset, is ledger.py.
"""

import polars as pl
from duckdb import DuckDBPyConnection


def rows_of(con: DuckDBPyConnection, table: str, audit: str, system_version: str) -> pl.DataFrame:
    """The newest rows of a versioned table of one audit and system version, without `version`."""
    return con.sql(
        f"select * exclude (version) from {table} where audit = $audit and system_version = $system_version",
        params={"audit": audit, "system_version": system_version},
    ).pl()


def data_version_of(con: DuckDBPyConnection, version: int | str | None) -> str | None:
    """The digest of what one materialisation holds, or None if the ledger does not know it."""
    rows = con.execute("select data_version from materialisations where version = ?", [version]).fetchall()
    return rows[0][0] if rows else None


def audited_versions(con: DuckDBPyConnection, audit: str) -> list[str]:
    """The system versions that an audit has scores of, in the order in which it first had them."""
    rows = con.execute(
        "select partition from materialisations where asset = 'scores' and audit = ? group by partition"
        " order by min(version)",
        [audit],
    ).fetchall()
    return [version for (version,) in rows]


def panel_of(con: DuckDBPyConnection, version: int) -> list[tuple[str, str]]:
    """(name, id) of the embedders whose vectors one materialisation of `embeddings` lists, sorted."""
    return con.execute(
        "select distinct e.name, h.embedder from embeddings_history h join embedders e using (embedder)"
        " where h.version = ? order by all",
        [version],
    ).fetchall()


def has_failed(con: DuckDBPyConnection, asset: str, partition: str, audit: str) -> bool:
    """Whether the newest materialisation of an asset broke a critical rule."""
    rows = con.execute(
        "select 1 from quality_results where asset = $asset and partition = $partition and audit = $audit"
        " and not success and severity = 'critical' and version = (select max(version) from materialisations"
        " where asset = $asset and partition = $partition and audit = $audit) limit 1",
        {"asset": asset, "partition": partition, "audit": audit},
    ).fetchall()
    return bool(rows)
