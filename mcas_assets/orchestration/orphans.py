"""Runs whose process is gone: Dagster's launcher cannot tell, and a run that was killed would count as running for ever.

One audit runs at a time, so such a run would hold up all others. Each run holds a lock on a file of its own, which the
operating system lets go of when the process ends, however it ends; no clock and no process id is relied on.
"""

import time
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from mcas_assets.store.under_way import lock_file

DIED = "mcas/died"
"""Tag of a run that was found dead."""

FOUND, STOPPED = "true", "stopped"
"""Its values: nobody meant it, or the watch was ended and its runs with it."""

UNDER_WAY = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
START_GRACE = 600.0  # seconds
_SECOND_LOOK = 0.5  # seconds: the process may have ended just after it was told that its run has


_held: list[FileLock] = []  # of the newest run of this process


def hold_run_lock(home: Path, run_id: str) -> None:
    """Hold the lock of a run from now on, until this process ends or holds that of its next run.

    Not only while it works: that it has ended is written when all that it was given is put away, and may fail to be written
    (the disk is full). Its file stays until someone looks and finds that the run has ended, or that it is an orphan.
    """
    path = lock_file(home, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    lock.acquire()
    while _held:
        _held.pop().release()
    _held.append(lock)


def fail_orphaned_runs(
    instance: dg.DagsterInstance, home: Path, now: float | None = None, grace: float = START_GRACE, why: str = FOUND
) -> list[str]:
    """Tell the instance of runs that count as under way though their process is gone: as failed, and tagged `DIED`.

    Args:
        instance: Holds the runs.
        home: The MCAS home that they work in.
        now: Seconds since the epoch.
        grace: Seconds that a process may take from its run's creation to its lock.
        why: `FOUND` or `STOPPED`.

    Returns:
        The ids of those runs.
    """
    now = time.time() if now is None else now
    _clear_away(instance, home)
    suspects = [run_id for run_id in _under_way(instance) if _is_dead(instance, home, run_id, now, grace)]
    if not suspects:
        return []
    time.sleep(_SECOND_LOOK)
    dead = [
        run_id for run_id in _under_way(instance) if run_id in suspects and _is_dead(instance, home, run_id, now, grace)
    ]
    for run_id in dead:
        run = instance.get_run_by_id(run_id)
        if run is None:
            continue
        instance.add_run_tags(run_id, {DIED: why})
        instance.report_run_failed(
            run, "The process of this run is gone. What it had stored is kept; its successor goes on there."
        )
        lock_file(home, run_id).unlink(missing_ok=True)
    return dead


def _clear_away(instance: dg.DagsterInstance, home: Path) -> None:
    """Remove the lock files of runs that have ended."""
    for path in (home / "runs").glob("*.lock"):
        run = instance.get_run_by_id(path.stem)
        if run is None or run.is_finished:
            path.unlink(missing_ok=True)


def _under_way(instance: dg.DagsterInstance) -> list[str]:
    return [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=list(UNDER_WAY)))]


def _is_dead(instance: dg.DagsterInstance, home: Path, run_id: str, now: float, grace: float) -> bool:
    path = lock_file(home, run_id)
    if path.exists():
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True
    record = instance.get_run_record_by_id(run_id)
    # Set back, a clock says that the run was made in the future: it then waits for as long as the clock was set back.
    return record is not None and now - record.create_timestamp.timestamp() > grace
