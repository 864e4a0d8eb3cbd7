"""The DuckDB instance of this process: a store is attached to it for as long as it is open.

Starting an instance takes DuckDB some 15 ms, attaching a file to one that runs 3 ms, and a run opens its store some two hundred
times. The instance itself has no file, so it holds no lock: that of a store is taken when it is attached and let go when the last
connection to it is closed.
"""

import os
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import duckdb
import tenacity
from duckdb import DuckDBPyConnection

CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
"""Given to every connection: DuckDB refuses a second one of a process with another one. Without it, a
file that is not DuckDB's makes DuckDB look for an extension on the network."""

_SETTINGS = "set python_enable_replacements = false; set TimeZone = 'UTC'"


def settle(con: DuckDBPyConnection) -> None:
    """Make the settings of a connection ours: no bar of DuckDB's, no variable of Python's read as a table, times in UTC."""
    # A notebook without widgets has no bar, and DuckDB refuses there even to be told so.
    if con.execute("select current_setting('enable_progress_bar')").fetchall()[0][0]:
        con.execute("set enable_progress_bar = false")
    con.execute(_SETTINGS)


class Engine:
    """An instance, and what is attached to it.

    Attributes:
        is_broken: Whether something happened to it after which DuckDB takes no more of it.
    """

    def __init__(self) -> None:
        self.is_broken = False
        self._instance = duckdb.connect(":memory:", config=CONFIG)
        self._names: dict[Path, str] = {}
        self._users: Counter[Path] = Counter()
        self._numbers = count()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is attached."""
        return not self._names

    def connect(self, path: Path) -> DuckDBPyConnection:
        """A connection whose default database is the file at `path`, attached now unless it is already.

        Raises:
            duckdb.Error: The file is locked by another process, or cannot be used.
        """
        name = self._names.get(path) or self._attach(path)
        self._users[path] += 1
        try:
            con = self._instance.cursor()
            con.execute(f"use {name}")
        except duckdb.Error:
            self.release(path)
            raise
        return con

    def release(self, path: Path) -> None:
        """Let go of a file unless it has another user: its connection is closed."""
        self._users[path] -= 1
        if self._users[path]:
            return
        name = self._names.pop(path)
        try:
            self._instance.execute(f"detach {name}")
        except duckdb.Error:  # what was committed is in the file or in its log: only the lock is still to be let go of
            self.is_broken = True

    def close(self) -> None:
        """End the instance."""
        with suppress(duckdb.Error):
            self._instance.close()

    def _attach(self, path: Path) -> str:
        if self.is_idle:  # the folder cannot be changed while it is in use
            self._instance.execute(f"set temp_directory = '{quoted(f'{path}.tmp')}'")
        name = f"store_{next(self._numbers)}"
        self._instance.execute(f"attach '{quoted(path)}' as {name}")
        self._names[path] = name
        return name


_engine: Engine | None = None
_lock = threading.RLock()


@contextmanager
def attached(path: Path, attempts: tenacity.Retrying) -> Generator[DuckDBPyConnection]:
    """A connection to the file at `path`, closed whatever happens; `attempts` says how long to wait for another process.

    Raises:
        duckdb.Error: See `Engine.connect`.
    """
    path = path.resolve()
    engine, con = attempts(_take, path)
    try:
        yield con
    except (duckdb.FatalException, duckdb.InternalException):
        engine.is_broken = True
        raise
    finally:
        with _lock:
            con.close()
            engine.release(path)
            _end_if_broken(engine)


def quoted(path: Path | str) -> str:
    """A path within single quotes of SQL."""
    return str(path).replace("'", "''")


def _take(path: Path) -> tuple[Engine, DuckDBPyConnection]:
    global _engine
    with _lock:
        engine = _engine = _engine or Engine()
        return engine, engine.connect(path)


def _end_if_broken(engine: Engine) -> None:
    """Once nobody uses it; until then its files are open, and must not be opened a second time."""
    global _engine
    if engine.is_broken and engine.is_idle:
        engine.close()
        _engine = None


def copy_database(con: DuckDBPyConnection, file: Path) -> None:
    """Copy all that the default database of a connection holds into a new database file, and let go of that.

    Raises:
        duckdb.Error: The file is there and is no database, or cannot be written whole.
    """
    con.execute(f"attach '{quoted(file)}' as draft")
    try:
        source = con.execute("select current_database()").fetchall()[0][0]
        con.execute(f'copy from database "{source}" to draft')
        con.execute("checkpoint draft")
    finally:
        con.execute("detach draft")


_of_parents: list[Engine] = []
"""Instances of the process that this one was forked from. To let go of one would wait for its threads, which are not here."""


def _begin_anew() -> None:
    """In a forked process, where the threads of the instance and of whoever held the lock are missing."""
    global _engine, _lock
    if _engine is not None:
        _of_parents.append(_engine)
    _engine, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_begin_anew)
