"""Dagster's history of runs that nothing stands on any more: their events, their logs, what their checks said.

A run stays if it is among the newest, is younger than asked, has not ended, or made the newest materialisation of a partition
of an asset: by that, Dagster tells what is stale.
"""

import shutil
import sqlite3
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from mcas_assets.store.faults import explain_history
from mcas_assets.store.sqlite_files import forget_check_results, history_files, shrink


def superfluous_runs(
    instance: dg.DagsterInstance, keep: int, days: float | None, now: datetime | None = None
) -> list[str]:
    """The ids of runs that may go, oldest first.

    Args:
        instance: Holds the runs.
        keep: How many of the newest runs stay.
        days: Younger ones stay too; None keeps by number alone.
        now: The time, UTC.
    """
    since = None if days is None else (now or datetime.now(UTC)) - timedelta(days=days)
    needed = _needed(instance)
    records = instance.get_run_records()  # the newest comes first
    return [
        record.dagster_run.run_id
        for record in reversed(records[keep:])
        if record.dagster_run.is_finished
        and record.dagster_run.run_id not in needed
        and (since is None or record.create_timestamp.replace(tzinfo=UTC) < since)
    ]


def drop_runs(instance: dg.DagsterInstance, home: Path, runs: Collection[str], before: datetime) -> None:
    """Delete runs with all that is kept of them, and the ticks of sensors and schedules before a time; give the room back.

    Raises:
        StoreError: A database of Dagster's is damaged or held by another process.
    """
    folder = home / "dagster"
    for run in runs:
        instance.delete_run(run)
        for file in (folder / "history" / "runs").glob(f"{run}.db*"):
            file.unlink(missing_ok=True)
        shutil.rmtree(folder / "storage" / run, ignore_errors=True)
    for state in instance.all_instigator_state():
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())
    try:
        index = folder / "history" / "runs" / "index.db"
        if runs and index.exists():
            forget_check_results(index, runs)
        for file in history_files(folder):
            shrink(file)
    except sqlite3.Error as error:
        raise explain_history(folder, error) or error from error


def _needed(instance: dg.DagsterInstance) -> set[str]:
    """The runs of the newest materialisation of each partition of each asset."""
    needed = set()
    for key in instance.all_asset_keys():
        newest = instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        if newest:
            wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=list(newest.values()))
            needed |= {record.run_id for record in instance.fetch_materializations(wanted, limit=len(newest)).records}
        last = instance.get_latest_materialization_event(key)
        if last is not None:
            needed.add(last.run_id)
    return needed
