"""What checks found: table `quality_results`, every rule of every run."""

import json
from collections.abc import Collection

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.store.database import framed, transaction

Passed = dict[tuple[str, str], bool]
"""For each table and rule, whether it passed."""


def append(con: DuckDBPyConnection, frame: pl.DataFrame) -> None:
    """Append check results to quality_results, in one transaction. Columns by name; `created_at` is now."""
    with framed(con, frame) as given, transaction(con):
        con.execute(f"insert into quality_results by name from {given}")


def newest_has_failed(con: DuckDBPyConnection, asset: str, partition: str, audit: str) -> bool:
    """Whether a critical rule was broken by the newest materialisation of an asset."""
    rows = con.execute(
        "select 1 from quality_results where asset = ? and partition = ? and audit = ? and not success"
        " and severity = 'critical' and version = (select max(version) from materialisations"
        " where asset = ? and partition = ? and audit = ?) limit 1",
        [asset, partition, audit] * 2,
    ).fetchall()
    return bool(rows)


def critical_results(con: DuckDBPyConnection, versions: Collection[int]) -> dict[int, Passed]:
    """What the critical rules of some materialisations came to: of each rule the newest result counts."""
    rows = con.execute(
        "select version, table_name, rule, success from quality_results where list_contains(?, version)"
        " qualify row_number() over (partition by asset, version, table_name, rule order by created_at desc) = 1"
        " and severity = 'critical'",
        [list(versions)],
    ).fetchall()
    found: dict[int, Passed] = {version: {} for version in versions}
    for version, table, rule, success in rows:
        found[version][table, rule] = success
    return found


def broken_rules(con: DuckDBPyConnection, run_id: str) -> list[str]:
    """What the critical rules of a run found, a line each, with the first row that broke the rule."""
    rows = con.execute(
        "select audit, asset, rule, checked, unexpected, observed, sample from quality_results"
        " where run_id = ? and not success and severity = 'critical' order by created_at, rule",
        [run_id],
    ).fetchall()
    lines = []
    for audit, asset, rule, checked, unexpected, observed, sample in rows:
        first = (json.loads(sample) or [None])[0]
        detail = f"first: {json.dumps(first)}" if first else f"observed: {observed}"
        lines.append(f"{audit}/{asset}: {rule}: failed for {unexpected or 'the table'} of {checked}; {detail}")
    return lines
