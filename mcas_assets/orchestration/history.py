"""Dagster's history on SQLite, kept without waiting for the disk at every event.

Dagster opens a connection for each of the hundreds of events of a run, and closes it again. Each commit then waits for the
disk, and each close, being that of the last connection, copies SQLite's write-ahead log into the database and waits
again. Here one connection to each file stays open meanwhile, and commits go to the log without a wait.

What that gives up: after a power failure (not after `kill -9`), the newest events of the history may be missing. SQLite
documents that a database in WAL mode stays consistent with `synchronous = NORMAL` (sqlite.org/pragma.html). What
was measured does not rest on it: the store commits by itself.
"""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

_RELAXED: set[Path] = set()  # the folders of instances that are written so just now


@contextmanager
def relaxed_sqlite_sync(instance: dg.DagsterInstance) -> Generator[None]:
    """Within it, the SQLite files of an instance are written as the module says; those of others are left alone.

    A command is within it from before its run until after: Dagster then reads how it ended, and SQLite could not open a file
    anew on a full disk. A daemon's run is from when it is at work.

    Args:
        instance: Where it keeps no files (an ephemeral one), or this is within it already, nothing is changed.
    """
    root = Path(instance.root_directory).resolve() if instance.is_persistent else None
    if root is None or root in _RELAXED:
        yield
        return
    held: dict[Path, sqlite3.Connection] = {}
    joined: set[Path] = set()
    lock = threading.Lock()
    resolved = lru_cache(lambda name: Path(name).resolve())

    def on_connect(connection: Any, _record: Any) -> None:
        name = _file_of(connection)
        if name is None or not (file := resolved(name)).is_relative_to(root):
            return
        connection.execute("pragma synchronous = normal")
        with lock:
            if file in joined:
                return
            if file not in held:
                held[file] = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
            # Reading joins those who use the log, which a new file has only after Dagster has set it up; before it has read
            # the file anew, a connection tells the mode that the file had.
            held[file].execute("pragma schema_version").fetchall()
            if held[file].execute("pragma journal_mode").fetchone() == ("wal",):
                joined.add(file)

    _RELAXED.add(root)
    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)
        _RELAXED.remove(root)
        for connection in held.values():
            connection.close()


def _file_of(connection: Any) -> str | None:
    """The file that a new connection of any database is to, or None if it is none of SQLite's or in memory."""
    if not isinstance(connection, sqlite3.Connection):
        return None
    (_, _, name), *_ = connection.execute("pragma database_list").fetchall()
    return name or None
