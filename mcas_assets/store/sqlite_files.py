"""SQLite files that lie in a home beside the store (Dagster's history): whether they are sound, whole copies, and room given back.

Everything goes through SQLite itself, so that another process (a daemon) may be writing meanwhile.
"""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

_WAIT = 10.0  # seconds for another process to let go of a file


def history_files(folder: Path) -> Iterator[Path]:
    """The databases of Dagster's folder, in the order of their names."""
    yield from sorted(file for file in folder.rglob("*.db") if file.is_file())


def problem_of(file: Path, *, deep: bool = False) -> str | None:
    """What is wrong with a database, in words, or None. An empty file is a new database.

    Args:
        file: The database.
        deep: Read every row and index, and not only every page.
    """
    check = "pragma integrity_check(1)" if deep else "pragma quick_check(1)"
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as con:
            found = con.execute(check).fetchall()
    except sqlite3.Error as error:
        return str(error)
    return None if found == [("ok",)] else str(found[0][0]).splitlines()[0]


def copy_whole(file: Path, target: Path) -> None:
    """A copy of a database as it is at one moment, by SQLite's own backup, though others may write meanwhile.

    Raises:
        sqlite3.Error: It is damaged, or stays locked.
    """
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def shrink(file: Path) -> None:
    """Give the room of deleted rows back to the disk. What another process holds is left as it is.

    Raises:
        sqlite3.DatabaseError: The file is damaged, or the disk is full.
    """
    with closing(sqlite3.connect(file, timeout=_WAIT, isolation_level=None)) as con:
        try:
            con.execute("vacuum")
            con.execute("pragma wal_checkpoint(truncate)")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise


def forget_check_results(index: Path, runs: Collection[str]) -> int:
    """Drop what Dagster keeps of the checks of runs that are deleted, but for the newest result of each check. Returns how many.

    Raises:
        sqlite3.Error: The database is damaged or locked.
    """
    with closing(sqlite3.connect(index, timeout=_WAIT)) as con, con:
        con.execute("create temp table gone (run_id text primary key)")
        con.executemany("insert into gone values (?)", [(run,) for run in runs])
        done = con.execute(
            "delete from asset_check_executions where run_id in (select run_id from gone) and id not in"
            " (select max(id) from asset_check_executions group by asset_key, check_name, partition)"
        )
        return done.rowcount
