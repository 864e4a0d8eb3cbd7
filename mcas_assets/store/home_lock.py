"""The lock of a home: one run works in it at a time, be it a command's or a daemon's.

Two at once would ask a system for the same images twice, and share the cores. It is a lock on a file, which the operating
system lets go of when its holder ends, however it ends.
"""

import logging
import math
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mcas_assets.core.errors import BadInput
from mcas_assets.store.faults import explain
from mcas_assets.store.files import sweep

logger = logging.getLogger(__name__)


@contextmanager
def hold_home_lock(home: Path, *, wait: bool = True) -> Generator[None]:
    """Within it, no other process works in `home`; what killed ones left half-written is removed first.

    A process that holds the lock has it again at once, so that a command can take it before its run does.

    Args:
        home: The home folder.
        wait: Whether to wait for another process that holds it, however long that works.

    Raises:
        BadInput: Another process holds it, and `wait` is false.
        StoreError: The folder cannot be written.
    """
    lock = _lock(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        if not _acquire_at_once(lock):
            if not wait:
                problem = "another audit is running here (a command, or a run of mcas serve)"
                raise BadInput(home, problem, "Wait for it, or set MCAS_HOME to another folder")
            logger.info("waiting: another run works in %s", home)
            lock.acquire()
    except OSError as error:
        raise explain(home, error) or error from error
    try:
        if lock.lock_counter == 1:  # nobody else writes now, so every draft is a dead one's
            sweep(home, older_than=-math.inf)
        yield
    finally:
        lock.release()


@contextmanager
def hold_daemon_lock(home: Path) -> Generator[None]:
    """Within it, no other command runs a daemon in `home`: two would begin the same audits.

    Raises:
        BadInput: Another one does.
        StoreError: The folder cannot be written.
    """
    lock = FileLock(home / "daemon.lock", thread_local=False)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=2)  # seconds: one that was killed just now is not gone yet
    except Timeout:
        problem = "is watched already: mcas serve, or mcas ui --write, runs here"
        raise BadInput(home, problem, "End that one first, or set MCAS_HOME to another folder") from None
    except OSError as error:
        raise explain(home, error) or error from error
    try:
        yield
    finally:
        lock.release()


def is_home_free(home: Path) -> bool:
    """Whether no process works in `home` just now."""
    lock = _lock(home)
    if not home.is_dir():
        return True
    is_free = _acquire_at_once(lock)
    if is_free:
        lock.release()
    return is_free


def _lock(home: Path) -> FileLock:
    return FileLock(home / "audit.lock", is_singleton=True, thread_local=False)


def _acquire_at_once(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:  # an OSError too
        return False
    return True
