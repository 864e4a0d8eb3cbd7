"""What a daemon finds when it starts after one that was killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED, STOPPED
from mcas_assets.orchestration.restart import end_all, make_ready
from mcas_assets.orchestration.sensor import SENSOR, WHY


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


def queued(instance: dg.DagsterInstance, **tags: str) -> str:
    return instance.create_run_for_job(work, status=dg.DagsterRunStatus.QUEUED, tags=tags).run_id


def test_what_the_watch_had_queued_is_forgotten_and_what_a_person_launched_waits_on(tmp_path):
    with open_instance(tmp_path) as instance:
        of_watch, of_person = queued(instance, **{WHY: SENSOR}), queued(instance)
        make_ready(tmp_path)
        assert not instance.has_run(of_watch)
        assert instance.has_run(of_person)


def test_a_run_that_was_ended_with_the_watch_is_told_from_one_that_died(starting, tmp_path):
    instance, run_id = starting
    end_all(tmp_path)
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert (run.status, run.tags[DIED]) == (dg.DagsterRunStatus.FAILURE, STOPPED)


@pytest.mark.parametrize("switched", [InstigatorStatus.RUNNING, InstigatorStatus.STOPPED])
@pytest.mark.parametrize("is_watching", [True, False])
def test_what_was_switched_in_a_former_ui_does_not_outlast_it(switched, is_watching, tmp_path):
    location = RegisteredCodeLocationOrigin("mcas_assets")  # ty: ignore[abstract-class-instantiation]
    origin = RemoteRepositoryOrigin(location, "__repository__").get_instigator_origin(SENSOR)
    data = SensorInstigatorData(last_tick_timestamp=100.0, last_tick_start_timestamp=100.0, cursor="kept")
    with open_instance(tmp_path) as instance:
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, switched, data))
        make_ready(tmp_path, is_watching=is_watching)
        (state,) = instance.all_instigator_state()
    assert state.status == InstigatorStatus.DECLARED_IN_CODE
    kept = state.instigator_data
    assert isinstance(kept, SensorInstigatorData)
    assert kept.cursor == "kept"
    assert kept.last_tick_timestamp == (None if is_watching else 100.0), "the watch looks as soon as it begins"
