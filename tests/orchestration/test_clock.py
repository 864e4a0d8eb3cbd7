"""What a clock that was ahead leaves behind."""

from datetime import UTC, datetime
from typing import Any

from mcas_assets.orchestration.clock import forget_the_future
from mcas_assets.orchestration.running import open_instance


def test_a_sensor_that_rests_until_a_time_that_is_no_longer_now_ticks_again(tmp_path):
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import RemoteInstigatorOrigin
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, SensorInstigatorData

    instance = open_instance(tmp_path)
    try:
        origin = _origin(RemoteInstigatorOrigin)
        future = datetime(2036, 1, 1, tzinfo=UTC).timestamp()
        data = SensorInstigatorData(
            last_tick_timestamp=future, last_tick_start_timestamp=future, min_interval=300, cursor="kept"
        )
        instance.add_instigator_state(InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data))
        assert forget_the_future(instance) == ["watch"]
        (state,) = instance.all_instigator_state()
        assert (state.instigator_data.last_tick_timestamp, state.instigator_data.cursor) == (None, "kept")
        assert forget_the_future(instance) == []
    finally:
        instance.dispose()


def _origin(kind: Any) -> Any:
    from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

    return kind(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("mcas_assets"), "__repository__"), "watch")
