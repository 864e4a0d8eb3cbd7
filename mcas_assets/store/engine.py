"""The DuckDB instance of this process: a store is attached to it for as long as it is open.

Starting an instance takes DuckDB some 15 ms, attaching a file to one that runs 3 ms, and a run opens its store some two hundred
times. The instance itself has no file, so it holds no lock: that of a store is taken when it is attached and let go when the last
connection to it is closed.
"""

import os
import subprocess
import sys
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


def copy_into(con: DuckDBPyConnection, file: Path) -> None:
    """Copy all that a database file holds into the default database of a connection, row by row: its indexes are made anew.

    Raises:
        duckdb.Error: The file is no database, or is damaged.
    """
    target = con.execute("select current_database()").fetchall()[0][0]
    con.execute(f"attach '{quoted(file)}' as former (read_only)")
    try:
        con.execute(f'copy from database former to "{target}"')
    finally:
        con.execute("detach former")


def copy_whole(con: DuckDBPyConnection, path: Path, file: Path) -> None:
    """Copy the store at `path`, which `con` is to, into a new database file: by its bytes, which takes a tenth of the time.

    What was copied is read whole, so that no damaged store and none that was written meanwhile becomes a copy. Where it cannot
    be copied so, it is copied row by row.

    Raises:
        duckdb.Error: The store is damaged, or the file cannot be written whole.
    """
    if _copy_bytes(con, path, file):
        return
    file.unlink(missing_ok=True)
    copy_database(con, file)


def _copy_bytes(con: DuckDBPyConnection, path: Path, file: Path) -> bool:
    try:
        con.execute("checkpoint")
        before = _state(path)
        # By a process of its own: this one would let go of its lock on the store by closing it after reading.
        command = [sys.executable, "-I", "-S", "-c", "import shutil, sys; shutil.copyfile(*sys.argv[1:])", path, file]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode or _state(path) != before or before[2]:
            return False
        _read_all(con, file)
    except (OSError, duckdb.Error):
        return False
    return True


def _state(path: Path) -> tuple[int, int, int]:
    """Bytes of a store, when it was written, and bytes of its log."""
    status, log = path.stat(), Path(f"{path}.wal")
    return status.st_size, status.st_mtime_ns, log.stat().st_size if log.exists() else 0


def _read_all(con: DuckDBPyConnection, file: Path) -> None:
    con.execute(f"attach '{quoted(file)}' as draft (read_only)")
    try:
        tables = con.execute("select table_name from duckdb_tables() where database_name = 'draft'").fetchall()
        for (table,) in tables:
            con.execute(f'select bit_xor(hash(t)) from draft."{table}" t').fetchall()
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
