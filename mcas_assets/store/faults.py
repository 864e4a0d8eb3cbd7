"""What DuckDB, SQLite and the operating system say when a store cannot be used, told as one clear StoreError.

Only faults that the user can mend are told here; every other exception is left to raise as it is.
"""

import errno
import re
import sqlite3
from pathlib import Path

import duckdb

from mcas_assets.core.errors import StoreError

_LOCK = re.compile(r"Conflicting lock is held(?: in (?P<program>.+?))?(?: \(PID (?P<pid>\d+)\))", re.DOTALL)
_COMMAND_LENGTH = 200

_FULL = "the disk is full (or a quota is reached)"
_REMEDY_FULL = "Free some space, then run the same command again: nothing was half-written, and what was done is kept."

# In order: the first that matches tells the story.
_STORIES: tuple[tuple[str, str, str], ...] = (
    (r"No space left on device|Disk quota exceeded|File too large|database or disk is full", _FULL, _REMEDY_FULL),
    (
        r"max_temp_directory_size|failed to offload|Out of Memory",
        "DuckDB ran out of memory, or of room for its temporary files",
        "Free memory or disk space, then run the same command again: nothing was half-written.",
    ),
    (
        r"Read-only file system|Permission denied|Operation not permitted",
        "it cannot be written",
        "Give this user the right to write there, or point MCAS_HOME to another folder.",
    ),
    (
        r"not a valid DuckDB database file|existing extension|Is a directory",
        "it is not a DuckDB file",
        "Move it away: mcas repair makes a store anew, mcas audit a published copy. Or point MCAS_HOME to another folder.",
    ),
    (
        r"version number|newer version of DuckDB|storage version",
        "it was written by a newer DuckDB than the one installed",
        "Update the installation (uv sync), or point MCAS_HOME to another folder.",
    ),
    (
        r"Corrupt database file|Could not read enough bytes|Input/output error",
        "the file is damaged",
        "Restore it from a backup, or make it anew as it was last published: mcas repair --from-published.",
    ),
)

_HISTORY_REMEDY = (
    "What was measured is not in it. Begin it anew, and the damaged one is kept beside it: mcas repair --history"
)
_HISTORY: tuple[tuple[str, str, str], ...] = (
    (
        r"not a database|malformed|no such (table|column)|unsupported file format|disk I/O error|corrupt",
        "a database of Dagster's history is damaged",
        _HISTORY_REMEDY,
    ),
    (
        r"readonly database|unable to open database",
        "Dagster's history cannot be opened for writing",
        "Give this user the right to write there, or point MCAS_HOME to another folder.",
    ),
    (
        r"database (table )?is locked",
        "another process holds Dagster's history",
        "End it (mcas ui, or a tool that has a file of it open), then run the same command again.",
    ),
)


def is_lock_conflict(error: BaseException) -> bool:
    """Whether `error` is DuckDB's report that another process holds the file."""
    return isinstance(error, duckdb.IOException) and "Could not set lock on file" in str(error)


def locked(path: Path, error: duckdb.Error) -> StoreError:
    """The error that names who holds the store, by process id and command line."""
    found = _LOCK.search(str(error))
    if found is None:
        holder = "another process"
    else:
        pid = int(found["pid"])
        holder = f"process {pid} ({_command(pid) or found['program'] or 'unknown program'})"
    remedy = "Wait for it to finish, or end it. To read while a run writes, query the published copy (mcas sql)."
    return StoreError(path, f"the store is in use by {holder}", remedy)


def _command(pid: int) -> str | None:
    """The command line of a process of this machine, shortened, or None where it cannot be read."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    words = raw.decode(errors="replace").replace("\0", " ").split()
    line = " ".join(words)
    return line if len(line) <= _COMMAND_LENGTH else line[: _COMMAND_LENGTH - 3] + "..."


def is_full(error: OSError) -> bool:
    """Whether an error of the operating system says that a disk, a quota or a file is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def explain(path: Path, error: duckdb.Error | sqlite3.Error | OSError) -> StoreError | None:
    """The StoreError that tells what `error` means, or None where it is no fault of files or disk."""
    if isinstance(error, duckdb.Error) and is_lock_conflict(error):
        return locked(path, error)
    if isinstance(error, OSError) and is_full(error):
        return StoreError(path, _FULL, _REMEDY_FULL)
    if (
        isinstance(error, (OSError, sqlite3.Error, duckdb.OperationalError, duckdb.FatalException))
        or type(error) is duckdb.Error
    ):
        for pattern, problem, remedy in _STORIES:
            if re.search(pattern, str(error)):
                return StoreError(path, problem, remedy)
    return None


def explain_history(folder: Path, error: sqlite3.Error) -> StoreError | None:
    """The StoreError that tells what `error` means for Dagster's databases in `folder`, or None where it is none of theirs."""
    for pattern, problem, remedy in _HISTORY:
        if re.search(pattern, str(error)):
            return StoreError(folder, f"{problem} ({error})", remedy)
    return explain(folder, error)
