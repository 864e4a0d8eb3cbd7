"""The store's schema: made from sql/schema.sql, recognised, and brought up to date.

What belongs here: what makes a DuckDB file ours. Not here: connecting (database.py) and rows (facts.py,
ledger.py).
"""

from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import StoreError
from mcas_assets.core.paths import SQL

SCHEMA_VERSION = 4
"""Raised with every change of sql/schema.sql."""

HISTORY = "_history"


def versioned_tables(con: DuckDBPyConnection) -> tuple[str, ...]:
    """The names, without suffix, of the tables of which every version is kept. Sorted."""
    rows = con.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and ends_with(table_name, ?)",
        [HISTORY],
    ).fetchall()
    return tuple(sorted(name.removesuffix(HISTORY) for (name,) in rows))


def create(con: DuckDBPyConnection) -> None:
    """Make the whole schema in an empty database, in one transaction."""
    con.execute("begin")
    con.execute(schema_text())
    _create_reading_names(con)
    con.execute("insert into store_schema (version) values (?)", [SCHEMA_VERSION])
    con.execute("commit")


def require_ours(con: DuckDBPyConnection, path: Path) -> int:
    """The schema version of an open file.

    Raises:
        StoreError: The file is a DuckDB file of someone else, or of a newer MCAS Assets.
    """
    try:
        rows = con.execute("select version from store_schema").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException):
        rows = []
    if len(rows) != 1:
        remedy = "Move it away, or point MCAS_HOME to another folder."
        raise StoreError(path, "it is a DuckDB file, but not a store of MCAS Assets", remedy)
    version = int(rows[0][0])
    if version > SCHEMA_VERSION:
        problem = f"it has schema version {version}, newer than the {SCHEMA_VERSION} that this installation knows"
        raise StoreError(path, problem, "Update MCAS Assets, or point MCAS_HOME to another folder.")
    return version


def upgrade(con: DuckDBPyConnection) -> None:
    """Add the tables and columns that an older store lacks, and allow nulls that it forbade. No row is touched."""
    con.execute("begin")
    con.execute(schema_text())
    _add_missing_columns(con)
    _allow_nulls(con)
    _create_reading_names(con)
    con.execute("update store_schema set version = ?, changed_at = now()", [SCHEMA_VERSION])
    con.execute("commit")


def schema_text() -> str:
    """The text of sql/schema.sql."""
    return (SQL / "schema.sql").read_text(encoding="utf-8")


def _create_reading_names(con: DuckDBPyConnection) -> None:
    """Make, for every versioned table, the names that people read it by."""
    for table in versioned_tables(con):
        # A materialisation that wrote no row of a table still replaces the rows before it, so the ledger
        # decides which versions show, not the rows.
        newest = f"""
            select max(version) from materialisations
            where list_contains(tables, '{table}') {{bound}} group by asset, partition, audit
        """
        rows = f"select * from {table}{HISTORY} where version in"
        con.execute(f"create or replace view {table}_latest as {rows} ({newest.format(bound='')})")
        con.execute(f"create or replace view {table} as select * from {table}_latest")
        bound = "and version <= at_version"
        con.execute(f"create or replace macro {table}_as_of(at_version) as table {rows} ({newest.format(bound=bound)})")


def _add_missing_columns(con: DuckDBPyConnection) -> None:
    columns = """
        select table_name, column_name, data_type from duckdb_columns()
        where database_name = current_database() and schema_name = 'main' and not internal
        order by table_oid, column_index
    """
    stored = {(table, column) for table, column, _ in con.execute(columns).fetchall()}
    with duckdb.connect(":memory:") as fresh:
        fresh.execute(schema_text())
        wanted = fresh.execute(columns).fetchall()
    for table, column, kind in wanted:
        if (table, column) not in stored:
            con.execute(f'alter table {table} add column "{column}" {kind}')


def _allow_nulls(con: DuckDBPyConnection) -> None:
    """Columns that may be null by now, and could not be when the store was made."""
    nullable = """
        select table_name, column_name from duckdb_columns()
        where database_name = current_database() and schema_name = 'main' and not internal and is_nullable = {wanted}
        order by all
    """
    with duckdb.connect(":memory:") as fresh:
        fresh.execute(schema_text())
        allowed = set(fresh.execute(nullable.format(wanted=True)).fetchall())
    for table, column in con.execute(nullable.format(wanted=False)).fetchall():
        if (table, column) in allowed:
            con.execute(f'alter table {table} alter column "{column}" drop not null')
