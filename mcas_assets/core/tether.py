"""Processes that end with the one that started them, however that ends: killed, out of memory, its terminal closed.

The first holds a lock on a file, and what it starts waits for that lock in a thread. The operating system lets go of it when its
holder ends; no process id, which another process may have by then, and no clock is relied on. A process learns of the file by
the environment, which those that it starts inherit: grandchildren are held by the same tether.
"""

import multiprocessing
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

VARIABLE = "MCAS_TETHER"
"""Names the file, in the environment of what is held."""

STATUS = 1
"""The exit status of a process whose tether went."""

_EVERY = 0.5  # seconds between two looks, where a thread cannot wait for a lock (Windows)


@contextmanager
def holding(file: Path) -> Generator[None]:
    """Within it, this process holds what it starts; once it is left, all of that ends, and what that has started.

    Args:
        file: Made for this purpose alone, in a folder that exists.
    """
    lock = FileLock(file)
    lock.acquire()
    os.environ[VARIABLE] = str(file)
    try:
        yield
    finally:
        del os.environ[VARIABLE]
        lock.release()


def follow() -> None:
    """End this process, at once and with its children, when the process that holds it does. Without a holder, nothing."""
    if file := os.environ.get(VARIABLE):
        threading.Thread(target=_follow, args=(Path(file),), name="tether", daemon=True).start()


def _follow(file: Path) -> None:
    with suppress(OSError):  # the file went with its holder
        _wait_for(file)
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(STATUS)


def _wait_for(file: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        FileLock(file).acquire(poll_interval=_EVERY)
        return
    with file.open("rb") as opened:
        fcntl.flock(opened, fcntl.LOCK_SH)
