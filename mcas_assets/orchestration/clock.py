"""A clock that was ahead and was set right again: Dagster would let a sensor rest until the time that it took for now."""

import time

import dagster as dg
from dagster._core.scheduler.instigation import SensorInstigatorData

_LEEWAY = 60.0  # seconds


def forget_the_future(instance: dg.DagsterInstance, now: float | None = None) -> list[str]:
    """Let every sensor whose last tick lies in the future tick again at once.

    Args:
        instance: Holds the sensors' states.
        now: Seconds since the epoch.

    Returns:
        The names of those sensors.
    """
    now = time.time() if now is None else now
    reset = []
    for state in instance.all_instigator_state():
        data = state.instigator_data
        if not isinstance(data, SensorInstigatorData):
            continue
        times = (data.last_tick_timestamp or 0.0, data.last_tick_start_timestamp or 0.0)
        if max(times) <= now + _LEEWAY:
            continue
        # NamedTuple's own copy, since the class checks what its constructor is given.
        forgotten = data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None)
        instance.update_instigator_state(state.with_data(forgotten))
        reset.append(state.instigator_name)
    return reset
