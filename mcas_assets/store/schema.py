"""The store's schema: made from sql/schema.sql, recognised, and brought up to date.

What belongs here: what makes a DuckDB file ours, and what its tables are. Not here: connecting (database.py) and rows
(facts.py, ledger.py). Columns, their types and whether they may be null are said in sql/schema.sql alone; frames that are
to be rows of a table are made by `frame_schema`.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import StoreError
from mcas_assets.core.paths import SQL

SCHEMA_FILE = SQL / "schema.sql"

SCHEMA_VERSION = 5
"""Raised where an older installation could no longer work with a store: it refuses one of a higher number. A table or column
that is new needs no such thing: a store is brought up to date wherever the text of `SCHEMA_FILE` is another than it was made by."""

HISTORY = "_history"

_FORMER_NAMES = {
    "quality_results": {"outcome": "status"},
    f"policy_results{HISTORY}": {"requirement": "condition", "rule": "requirement", "verdict": "status"},
}
"""Of tables, the columns that schema version 5 calls otherwise than those before it, in the order in which they are renamed."""

_WITH_STANDING = ("scores", "policy_results")
"""Tables whose reading name says beside each row whether what it was made by was declared before the first image."""

_STANDINGS = """
create or replace view standings as
with first_noted as (  -- a declaration that is changed back is the one that was there before
    select system_version, digest, min(number) as number from declarations group by all
), made_by as (
    select version, partition as system_version, unnest(declarations) as digest
    from materialisations where partition <> ''
), judged as (
    select m.version, case
        when d.number is null then 'the declaration it was made by was not on record'
        when d.is_given then 'the images of ' || m.system_version || ' are given: when they were made is not known here'
        when d.n_images > 0 then d.n_images || ' images of ' || m.system_version || ' had been drawn before the '
            || d.kind || ' ' || d.name || ', as it is, was on record'
    end as reason
    from made_by m
    left join first_noted f using (system_version, digest)
    left join declarations d using (number)
)
select
    version, if(count(reason) > 0, 'exploratory', 'confirmatory') as standing,
    string_agg(distinct reason, '; ' order by reason) as standing_reason
from judged group by version
"""

_KINDS: dict[str, pl.DataType | type[pl.DataType]] = {
    "VARCHAR": pl.String,
    "JSON": pl.String,
    "VARCHAR[]": pl.List(pl.String),
    "BIGINT": pl.Int64,
    "INTEGER": pl.Int32,
    "DOUBLE": pl.Float64,
    "BOOLEAN": pl.Boolean,
    "DATE": pl.Date,
    "TIMESTAMP WITH TIME ZONE": pl.Datetime("us", "UTC"),
}


class Column(NamedTuple):
    """A column as sql/schema.sql declares it: `kind` is DuckDB's name of its type."""

    name: str
    kind: str
    is_nullable: bool


def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of a table of sql/schema.sql, in its order; of a versioned table by its name without suffix, without `version`.

    Raises:
        KeyError: It declares no such table.
    """
    declared = _declared(schema_text())
    if table in declared:
        return declared[table]
    return tuple(column for column in declared[f"{table}{HISTORY}"] if column.name != "version")


def frame_schema(table: str) -> pl.Schema:
    """What a frame must be to hold rows of a table: its columns and their types in polars."""
    return pl.Schema({column.name: _KINDS[column.kind] for column in columns_of(table)})


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
    con.execute("insert into store_schema (version, digest) values (?, ?)", [SCHEMA_VERSION, schema_digest()])
    con.execute("commit")


def require_ours(con: DuckDBPyConnection, path: Path) -> bool:
    """See that an open file is a store that this installation can work with.

    Returns:
        Whether it is up to date: made by, or brought up to, the schema as it is.

    Raises:
        StoreError: The file is a DuckDB file of someone else, or of a newer MCAS Assets.
    """
    try:
        found = con.execute("from store_schema")
        rows = [dict(zip((column[0] for column in found.description), row, strict=True)) for row in found.fetchall()]
    except (duckdb.CatalogException, duckdb.BinderException):
        rows = []
    if len(rows) != 1 or "version" not in rows[0]:
        remedy = "Move it away, or point MCAS_HOME to another folder."
        raise StoreError(path, "it is a DuckDB file, but not a store of MCAS Assets", remedy)
    version = int(rows[0]["version"])
    if version > SCHEMA_VERSION:
        problem = f"it has schema version {version}, newer than the {SCHEMA_VERSION} that this installation knows"
        raise StoreError(path, problem, "Update MCAS Assets, or point MCAS_HOME to another folder.")
    return version == SCHEMA_VERSION and rows[0].get("digest") == schema_digest()


def require_present_names(con: DuckDBPyConnection, path: Path) -> None:
    """See that the columns of a published copy have the names that they have now: what is published is never brought up to date.

    Raises:
        StoreError: They have former ones, or the file is none that this installation can work with.
    """
    require_ours(con, path)
    if con.execute("select version from store_schema").fetchall() < [(SCHEMA_VERSION,)]:
        problem = "it was published by an older installation, which called some columns otherwise"
        raise StoreError(path, problem, "Publish it anew: mcas audit")


def upgrade(con: DuckDBPyConnection) -> None:
    """Rename columns, add the tables and columns that an older store lacks, allow nulls that it forbade. No row is touched."""
    con.execute("begin")
    _rename_columns(con)
    con.execute(schema_text())
    _add_missing_columns(con)
    _allow_nulls(con)
    _create_reading_names(con)
    con.execute(
        "update store_schema set version = ?, digest = ?, changed_at = now()", [SCHEMA_VERSION, schema_digest()]
    )
    con.execute("commit")


def schema_text() -> str:
    """The text of sql/schema.sql."""
    return _text(SCHEMA_FILE)


@lru_cache
def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def schema_digest() -> str:
    """64 hex digits of the schema that this installation makes stores by."""
    return hashlib.sha256(schema_text().encode()).hexdigest()


@lru_cache
def _declared(text: str) -> dict[str, tuple[Column, ...]]:
    """The tables that a schema declares, as DuckDB understands it."""
    with duckdb.connect(":memory:") as fresh:
        fresh.execute(text)
        rows = fresh.execute(
            "select table_name, column_name, data_type, is_nullable from duckdb_columns()"
            " where schema_name = 'main' and not internal order by table_oid, column_index"
        ).fetchall()
    tables: dict[str, list[Column]] = {}
    for table, *column in rows:
        tables.setdefault(table, []).append(Column(*column))
    return {table: tuple(columns) for table, columns in tables.items()}


def _create_reading_names(con: DuckDBPyConnection) -> None:
    """Make, for every versioned table, the names that people read it by."""
    con.execute(_STANDINGS)
    for table in versioned_tables(con):
        # A materialisation that wrote no row of a table still replaces the rows before it, so the ledger
        # decides which versions show, not the rows.
        newest = f"""
            select max(version) from materialisations
            where list_contains(tables, '{table}') {{bound}} group by asset, partition, audit
        """
        rows = f"select * from {table}{HISTORY} where version in"
        con.execute(f"create or replace view {table}_latest as {rows} ({newest.format(bound='')})")
        standing = "left join standings using (version)" if table in _WITH_STANDING else ""
        con.execute(f"create or replace view {table} as from {table}_latest {standing}")
        bound = "and version <= at_version"
        con.execute(f"create or replace macro {table}_as_of(at_version) as table {rows} ({newest.format(bound=bound)})")


def _rename_columns(con: DuckDBPyConnection) -> None:
    stored = {(table, column) for table, column, _ in _stored(con)}
    for table, columns in _FORMER_NAMES.items():
        if {(table, former) for former in columns} <= stored:
            for former, name in columns.items():
                con.execute(f'alter table {table} rename column "{former}" to "{name}"')


def _add_missing_columns(con: DuckDBPyConnection) -> None:
    stored = {(table, column) for table, column, _ in _stored(con)}
    for table, columns in _declared(schema_text()).items():
        for column in columns:
            if (table, column.name) not in stored:
                con.execute(f'alter table {table} add column "{column.name}" {column.kind}')


def _allow_nulls(con: DuckDBPyConnection) -> None:
    """Columns that may be null by now, and could not be when the store was made."""
    declared = _declared(schema_text())
    nullable = {(table, column.name) for table, columns in declared.items() for column in columns if column.is_nullable}
    for table, column, is_nullable in _stored(con):
        if not is_nullable and (table, column) in nullable:
            con.execute(f'alter table {table} alter column "{column}" drop not null')


def _stored(con: DuckDBPyConnection) -> list[tuple[str, str, bool]]:
    """(table, column, whether it may be null) of an open store."""
    return con.execute(
        "select table_name, column_name, is_nullable from duckdb_columns()"
        " where database_name = current_database() and schema_name = 'main' and not internal order by all"
    ).fetchall()
