"""What a clock that was ahead leaves behind, also where it is set right under a daemon at work."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from mcas_assets.orchestration.clock import ClockWatch, reset_future_ticks
from mcas_assets.orchestration.instance import open_instance

FUTURE = datetime(2036, 1, 1, tzinfo=UTC).timestamp()


@pytest.fixture
def instance(tmp_path) -> Iterator[dg.DagsterInstance]:
    """One whose sensor ticked last, it says, in 2036."""
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import RemoteInstigatorOrigin
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData

    with open_instance(tmp_path) as made:
        data = SensorInstigatorData(
            last_tick_timestamp=FUTURE, last_tick_start_timestamp=FUTURE, min_interval=300, cursor="kept"
        )
        origin = _origin(RemoteInstigatorOrigin)
        made.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data))
        yield made


def last_tick(instance: dg.DagsterInstance) -> float | None:
    (state,) = instance.all_instigator_state()
    return state.instigator_data.last_tick_timestamp  # ty: ignore[missing-union-attribute]


def test_a_sensor_that_rests_until_a_time_that_is_no_longer_now_ticks_again(instance):
    assert reset_future_ticks(instance) == ["watch"]
    (state,) = instance.all_instigator_state()
    assert (state.instigator_data.last_tick_timestamp, state.instigator_data.cursor) == (None, "kept")
    assert reset_future_ticks(instance) == []


def test_a_clock_that_is_set_back_is_noticed_while_no_sensor_ticks(instance):
    wrong = [FUTURE - time.time()]
    watch = ClockWatch(every=0.05, clock=lambda: time.time() + wrong[0])
    for _ in range(2):
        watch.start(instance)
    time.sleep(0.3)
    assert last_tick(instance) == FUTURE, "it was no future by that clock"
    wrong[0] = 0.0
    deadline = time.monotonic() + 30
    while last_tick(instance) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _origin(kind: Any) -> Any:
    from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

    return kind(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("mcas_assets"), "__repository__"), "watch")  # ty: ignore[abstract-class-instantiation]
