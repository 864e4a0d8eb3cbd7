"""Which runs are alive, told by the locks of real processes."""

import subprocess
import sys
import time

import dagster as dg

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED, START_GRACE, fail_orphaned_runs, hold_run_lock


@dg.job
def work() -> None: ...


# A run in a process of its own, which is killed in the middle of it.
RUN = """
import sys, time
from pathlib import Path
import dagster as dg
from mcas_assets.orchestration.resources import workplace_resource
from mcas_assets.stages.workplace import Workplace
from mcas_assets.orchestration.instance import open_instance
home = Path(sys.argv[1])

@dg.asset(required_resource_keys={"workplace"})
def images(context):
    print("working", flush=True)
    time.sleep(300)

dg.materialize([images], instance=open_instance(home), resources={"workplace": workplace_resource(Workplace(home=home))})
"""


def test_a_run_whose_process_was_killed_is_told_from_one_at_work(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    instance = open_instance(tmp_path)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"working\n"
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert fail_orphaned_runs(instance, tmp_path) == []
        process.kill()
        process.wait()
        assert fail_orphaned_runs(instance, tmp_path) == [run.run_id]
        buried = instance.get_run_by_id(run.run_id)
        assert (buried.status, buried.tags[DIED]) == (dg.DagsterRunStatus.FAILURE, "true")  # ty: ignore[missing-union-attribute]
        assert fail_orphaned_runs(instance, tmp_path) == []
    finally:
        process.kill()
        process.wait()
        instance.dispose()


def test_a_run_that_is_still_starting_is_given_time(tmp_path, instance):
    run = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED)
    assert fail_orphaned_runs(instance, tmp_path) == []
    assert fail_orphaned_runs(instance, tmp_path, time.time() + START_GRACE + 60) == [run.run_id]


def test_a_run_shows_as_alive_until_its_process_is_at_the_next(tmp_path, instance):
    first, second = (instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED) for _ in range(2))
    hold_run_lock(tmp_path, first.run_id)
    far = time.time() + START_GRACE / 2
    assert fail_orphaned_runs(instance, tmp_path, far) == []
    hold_run_lock(tmp_path, second.run_id)
    assert fail_orphaned_runs(instance, tmp_path, far) == [first.run_id]
    assert fail_orphaned_runs(instance, tmp_path, far + 10 * START_GRACE) == []


def test_the_lock_of_a_run_that_has_ended_is_cleared_away(tmp_path, instance):
    run = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED)
    hold_run_lock(tmp_path, run.run_id)
    instance.report_run_failed(run)
    assert fail_orphaned_runs(instance, tmp_path) == []
    assert list((tmp_path / "runs").iterdir()) == []


# Its history cannot be written when it ends: the disk is full by then.
UNTOLD = """
import sqlite3, sys
from pathlib import Path
import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine
from mcas_assets.orchestration.resources import workplace_resource
from mcas_assets.stages.workplace import Workplace
from mcas_assets.orchestration.instance import open_instance
home = Path(sys.argv[1])

def full(*_):
    raise sqlite3.OperationalError("database or disk is full")

@dg.asset(required_resource_keys={"workplace"})
def images(context):
    event.listen(Engine, "connect", full)

dg.materialize([images], instance=open_instance(home), resources={"workplace": workplace_resource(Workplace(home=home))})
"""


def test_a_run_whose_end_could_not_be_written_is_buried_at_the_next_look(tmp_path):
    done = subprocess.run([sys.executable, "-c", UNTOLD, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "disk is full" in done.stderr
    instance = open_instance(tmp_path)
    try:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert fail_orphaned_runs(instance, tmp_path) == [run.run_id]
    finally:
        instance.dispose()
