"""What a daemon finds when it starts after one that was killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.orchestration.restart import make_ready


@dg.job
def work() -> None: ...


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[tuple[dg.DagsterInstance, str]]:
    """A run that was launched, and whose process has not come to its lock; its instance."""
    with open_instance(tmp_path) as instance:
        run = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTING)
        yield instance, run.run_id


def test_a_run_whose_process_was_killed_while_it_started_does_not_hold_up_the_next(starting, tmp_path):
    instance, run_id = starting
    assert make_ready(tmp_path) == [run_id]
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.FAILURE
    assert run.tags[DIED] == "true"
    assert make_ready(tmp_path) == []


def test_a_lock_of_a_run_that_had_ended_when_its_process_was_killed_is_cleared_away(starting, tmp_path):
    _, run_id = starting
    make_ready(tmp_path)
    lock = tmp_path / "runs" / f"{run_id}.lock"
    lock.parent.mkdir(exist_ok=True)
    lock.touch()
    make_ready(tmp_path)
    assert not lock.exists()


WORKER = """
import sys, time
from pathlib import Path
from mcas_assets.store.home_lock import hold_home_lock
with hold_home_lock(Path(sys.argv[1])):
    print("at work", flush=True)
    time.sleep(100)
"""


def test_a_run_that_may_be_starting_is_left_alone_while_something_works_here(starting, tmp_path):
    instance, run_id = starting
    with subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "at work\n"
        assert make_ready(tmp_path) == []
        worker.kill()
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.STARTING
