"""A clock that was ahead and was set right again: Dagster would let a sensor rest until the time that it took for now."""

import logging
import threading
import time
from collections.abc import Callable

import dagster as dg
from dagster._core.instance.ref import InstanceRef
from dagster._core.scheduler.instigation import SensorInstigatorData

_LEEWAY = 60.0  # seconds

logger = logging.getLogger(__name__)


class ClockWatch:
    """Looks from time to time whether the clock was set back, which no sensor can: it rests then.

    Args:
        every: Seconds between two looks.
        clock: Gives the seconds since the epoch.
    """

    def __init__(self, every: float = 30.0, clock: Callable[[], float] = time.time) -> None:
        self._every, self._clock = every, clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, instance: dg.DagsterInstance) -> None:
        """Look from now on, for as long as this process lives; once, however often this is called.

        Args:
            instance: Holds the sensors' states. Where it is in memory, nothing that could outlive a clock is kept.
        """
        with self._lock:
            if instance.is_persistent and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._look, args=(instance.get_ref(),), name="clock", daemon=True
                )
                self._thread.start()

    def _look(self, ref: InstanceRef) -> None:
        while True:
            before = self._clock() - time.monotonic()
            time.sleep(self._every)
            if self._clock() - time.monotonic() < before - _LEEWAY:
                with dg.DagsterInstance.from_ref(ref) as instance:
                    reset = reset_future_ticks(instance, self._clock())
                logger.info(
                    "the clock was set back; sensors that would have rested until it is as late again: %s", reset
                )


def reset_future_ticks(instance: dg.DagsterInstance, now: float | None = None) -> list[str]:
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
