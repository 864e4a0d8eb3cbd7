"""What is put right before a daemon starts: what the one before it left when it was killed, or when the machine stopped."""

import logging
import math
from pathlib import Path

from mcas_assets.orchestration.clock import reset_future_ticks
from mcas_assets.orchestration.instance import history_told, open_instance
from mcas_assets.orchestration.orphans import START_GRACE, fail_orphaned_runs
from mcas_assets.store.home_lock import is_home_free

logger = logging.getLogger(__name__)


def make_ready(home: Path) -> list[str]:
    """Make an MCAS home ready for a daemon.

    A run that a former daemon had launched, and whose process was killed before it showed as alive, would hold up all others for
    as long as a process may take to start. Where nothing works in the home, no process is at that point but one of a daemon
    that is gone; if it comes yet, Dagster sends it away, since its run has ended.

    Args:
        home: The MCAS home.

    Returns:
        The ids of the runs that were found dead.

    Raises:
        StoreError: Dagster's history is damaged, or cannot be written.
    """
    instance = open_instance(home)
    try:
        with history_told(home):
            reset_future_ticks(instance)
            dead = fail_orphaned_runs(instance, home, grace=-math.inf if is_home_free(home) else START_GRACE)
    finally:
        instance.dispose()
    if dead:
        logger.info("%d runs were found dead; their successors go on where they were", len(dead))
    return dead
