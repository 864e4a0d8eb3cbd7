"""The ledger: every materialisation of every asset, what went into it and its rows, committed together."""

import json
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib import metadata
from typing import Any

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import StoreError
from mcas_assets.core.paths import IS_INSTALLED, ROOT
from mcas_assets.store.database import framed, transaction
from mcas_assets.store.facts import canonical_json
from mcas_assets.store.schema import HISTORY, versioned_tables

# What can change a number: a comparison of two versions names those that differ.
PACKAGES = (
    "mcas-assets",
    "dagster",
    "diffusers",
    "duckdb",
    "numpy",
    "open-clip-torch",
    "pillow",
    "polars",
    "safetensors",
    "scipy",
    "torch",
    "transformers",
)


@dataclass(frozen=True)
class Environment:
    """What a materialisation was made with.

    Attributes:
        packages: Version of each installed package of PACKAGES.
        git_commit: 40 hex digits, or None outside a git checkout.
        git_dirty: Whether tracked files differ from that commit or untracked ones are there, or None outside
            a checkout.
    """

    packages: Mapping[str, str]
    git_commit: str | None
    git_dirty: bool | None


@dataclass(frozen=True, kw_only=True)
class Materialisation:
    """One result of one asset for one partition and audit, to be recorded.

    Attributes:
        asset: Name of the asset.
        partition: Its system version, or "" where it has none.
        audit: Name of the audit.
        run_id: The run that made it.
        code_version: The asset's declared version of its code.
        data_version: Digest of its content.
        input_versions: For each asset read, the ledger's version of it (or another version, as text).
        packages: See Environment.
        git_commit: See Environment.
        git_dirty: See Environment.
        declarations: Digests of the audit, and of the policy that judged, as they were; none where there is no such thing.
    """

    asset: str
    partition: str
    audit: str
    run_id: str
    code_version: str
    data_version: str
    input_versions: Mapping[str, int | str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    git_dirty: bool | None = None
    declarations: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LedgerRow(Materialisation):
    """A recorded materialisation.

    Attributes:
        version: Its number, larger than that of any before it; numbers may be missing.
        tables: The versioned tables it wrote.
        n_rows: Rows over all of its tables.
        created_at: When, UTC.
    """

    version: int
    tables: tuple[str, ...]
    n_rows: int
    created_at: datetime

    def is_of(self, data_version: str, code_version: str) -> bool:
        """Whether it is of this content, by this code."""
        return (self.data_version, self.code_version) == (data_version, code_version)


def made_here(**fields: Any) -> Materialisation:
    """A materialisation by this process: the `fields` of `Materialisation`, and what it is made with."""
    made_with = environment()
    return Materialisation(
        **fields, packages=made_with.packages, git_commit=made_with.git_commit, git_dirty=made_with.git_dirty
    )


def record(con: DuckDBPyConnection, materialisation: Materialisation, tables: Mapping[str, pl.DataFrame]) -> int:
    """Write the ledger row and the rows of its tables in one transaction.

    Args:
        con: A connection to the store.
        materialisation: What was made, from what.
        tables: For each versioned table, its rows by column name, without `version`. A column that the frame
            lacks is null; one that the table lacks is an error. An empty frame counts: the newest version
            then has no rows.

    Returns:
        The new version.

    Raises:
        ValueError: A table that is not versioned.
        duckdb.Error: Rows that do not fit their table. Nothing is written then.
    """
    unknown = set(tables) - set(versioned_tables(con))
    if unknown:
        raise ValueError(f"no versioned table {', '.join(sorted(unknown))}: add <name>{HISTORY} to sql/schema.sql")
    with transaction(con):
        version = int(con.execute("select nextval('materialisation_version')").fetchall()[0][0])
        row = {
            **vars(materialisation),
            "version": version,
            "tables": sorted(tables),
            "input_versions": canonical_json(materialisation.input_versions),
            "packages": canonical_json(materialisation.packages),
            "declarations": list(materialisation.declarations),
            "n_rows": sum(len(frame) for frame in tables.values()),
        }
        places = ", ".join("?" * len(row))
        con.execute(f"insert into materialisations ({', '.join(row)}) values ({places})", list(row.values()))
        for table, frame in tables.items():
            if frame.is_empty():
                continue
            with framed(con, frame) as given:
                con.execute(f"insert into {table}{HISTORY} by name select {version} as version, * from {given}")
    return version


def latest(con: DuckDBPyConnection, asset: str, partition: str, audit: str) -> LedgerRow | None:
    """The newest materialisation of an asset for a partition and an audit, or None if there is none."""
    found = con.execute(  # a run asks a hundred times, and a frame of one row takes ten times as long
        "select * from materialisations where asset = ? and partition = ? and audit = ? order by version desc limit 1",
        [asset, partition, audit],
    )
    columns = [column[0] for column in found.description]
    rows = found.fetchall()
    if not rows:
        return None
    row: dict[str, Any] = dict(zip(columns, rows[0], strict=True))
    row["created_at"] = row["created_at"].astimezone(UTC)
    row["tables"], row["declarations"] = tuple(row["tables"]), tuple(row["declarations"] or ())
    row["input_versions"] = json.loads(row["input_versions"])
    row["packages"] = json.loads(row["packages"])
    return LedgerRow(**row)


def complete(con: DuckDBPyConnection, assets: Collection[str]) -> frozenset[tuple[str, str]]:
    """(audit, partition) of which every one of `assets` was materialised."""
    rows = con.execute(
        "select audit, partition from materialisations where list_contains($assets, asset)"
        " group by audit, partition having count(distinct asset) = len($assets)",
        {"assets": sorted(set(assets))},
    ).fetchall()
    return frozenset(rows)


def behaviour(con: DuckDBPyConnection) -> dict[str, str]:
    """For each system whose canary showed that it behaves otherwise than before, the newest window that did."""
    rows = con.execute(
        "select system, arg_max(window_name, window_number) from canary_history where verdict = 'behaviour changed' group by system"
    ).fetchall()
    return dict(rows)


def partitions(con: DuckDBPyConnection, asset: str, audit: str) -> list[str]:
    """The partitions of an asset that were materialised, in the order in which each first was."""
    rows = con.execute(
        "select partition from materialisations where asset = ? and audit = ? group by partition order by min(version)",
        [asset, audit],
    ).fetchall()
    return [partition for (partition,) in rows]


def data_version(con: DuckDBPyConnection, version: int | str) -> str | None:
    """The data version of one materialisation, or None if the ledger knows no such version (what tells facts apart is none)."""
    if not str(version).isdecimal():
        return None
    rows = con.execute("select data_version from materialisations where version = ?", [version]).fetchall()
    return rows[0][0] if rows else None


def has_read_the_same(con: DuckDBPyConnection, row: LedgerRow, read: Mapping[str, int | str]) -> bool:
    """Whether a recorded materialisation was made of the content that `read` names: versions may differ, content may not."""
    return set(row.input_versions) == set(read) and all(
        str(read[name]) == str(version)
        or ((content := data_version(con, version)) is not None and content == data_version(con, read[name]))
        for name, version in row.input_versions.items()
    )


def embedders_used(con: DuckDBPyConnection, version: int) -> set[str]:
    """The ids of the embedders whose vectors one materialisation of `embeddings` points to."""
    rows = con.execute("select distinct embedder from embeddings_history where version = ?", [version]).fetchall()
    return {embedder for (embedder,) in rows}


def newest_partition(con: DuckDBPyConnection, asset: str, audit: str) -> str:
    """The partition of an asset that was materialised last, "" if none was."""
    rows = con.execute(
        "select partition from materialisations where asset = ? and audit = ? order by version desc limit 1",
        [asset, audit],
    ).fetchall()
    return rows[0][0] if rows else ""


def read_table(con: DuckDBPyConnection, table: str, version: int) -> pl.DataFrame:
    """The rows that one materialisation wrote to a versioned table, without `version`, in the order written.

    Raises:
        StoreError: The ledger knows no such version, or that materialisation did not write this table.
    """
    known = con.execute(
        "select 1 from materialisations where version = ? and list_contains(tables, ?)", [version, table]
    ).fetchall()
    if not known:
        raise StoreError(
            "store", f"version {version} of {table} is not in the ledger", "Look it up in materialisations."
        )
    return con.sql(
        f"select * exclude (version) from {table}{HISTORY} where version = $version order by rowid",
        params={"version": version},
    ).pl()


def rows_of(con: DuckDBPyConnection, table: str, audit: str, system_version: str) -> pl.DataFrame:
    """The newest rows of a versioned table of one audit and system version, without `version`."""
    return con.sql(
        f"select * exclude (version) from {table}_latest where audit = $audit and system_version = $system_version",
        params={"audit": audit, "system_version": system_version},
    ).pl()


def read_as_of(con: DuckDBPyConnection, table: str, at_version: int | None = None) -> pl.DataFrame:
    """A versioned table as of a version of the ledger (None: as of now), over all partitions and audits."""
    if table not in versioned_tables(con):
        raise ValueError(f"no versioned table {table}")
    if at_version is None:
        return con.sql(f"from {table}_latest").pl()
    return con.sql(f"from {table}_as_of($at_version)", params={"at_version": at_version}).pl()


@lru_cache(maxsize=1)
def environment() -> Environment:
    """What this process makes materialisations with. Found once: it runs the code that it loaded, whatever comes later."""
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain")
    return Environment(_packages(), commit or None, None if status is None else bool(status))


@lru_cache(maxsize=1)
def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # an extra that this installation does without
            continue
    return found


def _git(*words: str) -> str | None:
    if IS_INSTALLED:  # a checkout that happens to lie around it is of something else
        return None
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, or the files of a checkout without it
        return None
    return done.stdout.strip()
