"""What is put right before a daemon starts, and after it ended: what it left when it was ended, killed, or the machine stopped."""

import logging
import math
from pathlib import Path

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorStatus, SensorInstigatorData

from mcas_assets.orchestration.canary import WEEKLY
from mcas_assets.orchestration.clock import reset_future_ticks
from mcas_assets.orchestration.instance import history_told, open_instance
from mcas_assets.orchestration.orphans import FOUND, START_GRACE, STOPPED, fail_orphaned_runs
from mcas_assets.orchestration.sensor import SENSOR, WHY
from mcas_assets.store.home_lock import is_home_free

logger = logging.getLogger(__name__)


def make_ready(home: Path, *, is_watching: bool = True) -> list[str]:
    """Make an MCAS home ready for a daemon.

    A run that a former daemon had launched, and whose process was killed before it showed as alive, would hold up all others for
    as long as a process may take to start. Where nothing works in the home, no process is at that point but one of a daemon
    that is gone; if it comes yet, Dagster sends it away, since its run has ended.

    Whether systems are watched is decided by the command that starts the daemon: what someone switched on or off in the UI of a
    former one does not outlast it.

    Args:
        home: The MCAS home.
        is_watching: Whether the daemon is to look at systems, at once.

    Returns:
        The ids of the runs that were found dead.

    Raises:
        StoreError: Dagster's history is damaged, or cannot be written.
    """
    with open_instance(home) as instance, history_told(home):
        reset_future_ticks(instance)
        dead = _bury(instance, home, FOUND)
        _forget_queued(instance)
        _obey_the_command(instance, is_watching)
    if dead:
        logger.info("%d runs were found dead; their successors go on where they were", len(dead))
    return dead


def end_all(home: Path) -> None:
    """Tell the history of an MCAS home that its daemon and all of its runs were ended. They have to be gone already.

    Raises:
        StoreError: See `make_ready`.
    """
    with open_instance(home) as instance, history_told(home):
        _bury(instance, home, STOPPED)
        _forget_queued(instance)


def _bury(instance: dg.DagsterInstance, home: Path, why: str) -> list[str]:
    grace = -math.inf if is_home_free(home) else START_GRACE
    return fail_orphaned_runs(instance, home, grace=grace, why=why)


def _forget_queued(instance: dg.DagsterInstance) -> None:
    """Forget what the watch had queued: the next look wants it again if it is wanted, and no other daemon is to begin it."""
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
        if run.tags.get(WHY) in (SENSOR, WEEKLY):
            instance.delete_run(run.run_id)


def _obey_the_command(instance: dg.DagsterInstance, is_watching: bool) -> None:
    for state in instance.all_instigator_state():
        if state.instigator_name not in (SENSOR, WEEKLY):
            continue
        data = state.instigator_data
        if is_watching and isinstance(data, SensorInstigatorData):
            # NamedTuple's own copy, since the class checks what its constructor is given.
            state = state.with_data(data._replace(last_tick_timestamp=None, last_tick_start_timestamp=None))
        instance.update_instigator_state(state.with_status(InstigatorStatus.DECLARED_IN_CODE))
