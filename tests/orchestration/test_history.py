"""Dagster's history written without a wait at every event: all of it is there, also after signal 9."""

import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from mcas_assets.orchestration.history import relaxed_sqlite_sync

FULL, NORMAL = 2, 1


@dg.asset
def number() -> int:
    return 1


@pytest.fixture
def instance(tmp_path: Path):
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as made:
        yield made


def synchronous(file: Path) -> int:
    file.parent.mkdir(exist_ok=True)
    with create_engine(f"sqlite:///{file}").connect() as connection:
        return connection.execute(text("pragma synchronous")).scalar_one()


def test_only_files_of_the_instance_are_written_so_and_only_within(instance, tmp_path):
    ours, others = tmp_path / "dagster" / "some.db", tmp_path / "elsewhere" / "some.db"
    with relaxed_sqlite_sync(instance):
        assert (synchronous(ours), synchronous(others)) == (NORMAL, FULL)
    assert (synchronous(ours), synchronous(others)) == (FULL, FULL)


def test_within_itself_it_changes_nothing_and_ends_with_the_outer_one(instance, tmp_path):
    ours = tmp_path / "dagster" / "some.db"
    with relaxed_sqlite_sync(instance):
        with relaxed_sqlite_sync(instance):
            assert synchronous(ours) == NORMAL
        assert synchronous(ours) == NORMAL
    assert synchronous(ours) == FULL


def test_every_event_is_there_afterwards_and_no_log_is_left_beside_it(instance, tmp_path):
    with relaxed_sqlite_sync(instance):
        done = dg.materialize([number], instance=instance)
        # Its log is kept from being copied back at each close, also of the file that this run began.
        assert [file.name for file in (tmp_path / "dagster").rglob(f"{done.run_id}.db-wal")] != []
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as again:
        assert again.get_latest_materialization_event(number.key) is not None
        stored = again.all_logs(done.run_id)
    assert len(stored) >= len(done.all_events)
    assert list((tmp_path / "dagster").rglob("*.db-wal")) == []


def test_an_instance_without_files_is_left_alone():
    with dg.DagsterInstance.ephemeral() as instance, relaxed_sqlite_sync(instance):
        assert dg.materialize([number], instance=instance).success


def test_what_was_told_before_signal_9_is_there_after_it(tmp_path):
    code = """
import os, signal, sys
import dagster as dg
from mcas_assets.orchestration.history import relaxed_sqlite_sync

@dg.asset
def number(): return 1

@dg.asset(deps=[number])
def killed(): os.kill(os.getpid(), signal.SIGKILL)

with dg.DagsterInstance.local_temp(sys.argv[1]) as instance, relaxed_sqlite_sync(instance):
    dg.materialize([number, killed], instance=instance)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with dg.DagsterInstance.local_temp(str(tmp_path)) as again:
        assert again.get_latest_materialization_event(number.key) is not None
        assert dg.materialize([number], instance=again).success
