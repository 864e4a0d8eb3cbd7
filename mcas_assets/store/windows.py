"""The windows of canaries: table `canary`, one row a window of a system version."""

import polars as pl
from duckdb import DuckDBPyConnection


def windows_of_version(con: DuckDBPyConnection, system_version: str) -> pl.DataFrame:
    """The windows of one system version, the oldest first."""
    return con.sql(
        "select * from canary where system_version = $version order by window_number",
        params={"version": system_version},
    ).pl()


def windows_of_system(con: DuckDBPyConnection, system: str) -> pl.DataFrame:
    """The windows of all versions of a system, the oldest first."""
    return con.sql("select * from canary where system = $system order by window_number", params={"system": system}).pl()
