"""The store: one DuckDB file in MCAS_HOME, opened late, closed early, written in whole transactions.

One process writes at a time: DuckDB locks the file for as long as a connection is open, even against readers.
So open it for one write or one read, and never hold a connection while generating, embedding or waiting.
People read the published copy (publication.py).
"""

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import duckdb
import polars as pl
import tenacity
from duckdb import DuckDBPyConnection

from mcas_assets.core.drafts import sync_file, sync_folder
from mcas_assets.core.errors import StoreError
from mcas_assets.store import schema
from mcas_assets.store.engine import CONFIG, attached, settle
from mcas_assets.store.faults import explain, is_lock_conflict, locked
from mcas_assets.store.files import discard

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Store:
    """Where an installation keeps what its runs produce.

    Attributes:
        home: The folder, made when first written to.
        wait: Seconds to wait for another process to let go of the store before giving up.
    """

    home: Path
    wait: float = 30.0

    @property
    def path(self) -> Path:
        """The DuckDB file that runs write."""
        return self.home / "store.duckdb"

    @property
    def published(self) -> Path:
        """The read-only copy that people query."""
        return self.home / "published.duckdb"

    @contextmanager
    def open(self) -> Generator[DuckDBPyConnection]:
        """A connection to the store, made on first use, closed whatever happens.

        Raises:
            StoreError: The store is locked by another process for longer than `wait`, newer, damaged, not
                ours or not DuckDB, or the disk is full or read-only. A transaction under way is rolled back.
        """
        with faults_told(self.path):
            self._prepare()
            with attached(self.path, attempts_for(self.path, self.wait)) as con:
                settle(con)
                if not schema.require_ours(con, self.path):
                    schema.upgrade(con)
                yield con

    def _prepare(self) -> None:
        """Make the file unless it is there: whole, beside its place, then linked in.

        Raises:
            StoreError: It is not there, though this home was used: made anew, it would pass for the one that is lost.
        """
        if self.path.exists():
            return
        remains = self._remains()
        if remains and not self.path.exists():
            remedy = (
                "Make it anew from the published copy: mcas repair. Or put it back from a backup"
                if self.published.exists()
                else "Put it back from a backup, or point MCAS_HOME to another folder"
            )
            raise StoreError(
                self.path, f"the store is missing from a home that was used ({', '.join(remains)})", remedy
            )
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise StoreError(self.home, "it is a file, not a folder", "Point MCAS_HOME to a folder.") from None
        except OSError as error:
            raise explain(self.home, error) or error from error
        draft = self.home / f".store-{uuid4().hex}.tmp"
        try:
            with connect(draft) as con:
                schema.create(con)
            sync_file(draft)
            with suppress(FileExistsError):  # another process was first: its store is as good
                os.link(draft, self.path)
            sync_folder(self.home)
        except FileNotFoundError:  # a run that has begun meanwhile has made the store, and cleared this draft away
            if not self.path.exists():
                raise
        except OSError as error:
            raise explain(self.home, error) or error from error
        finally:
            discard(draft)
            discard(Path(f"{draft}.wal"))

    def _remains(self) -> list[str]:
        """What only a home that was used has."""
        images = self.home / "images"
        return [
            *([self.published.name] if self.published.exists() else []),
            *([images.name] if any(images.glob("[!.]*/*")) else []),
        ]


def connect(path: Path, *, read_only: bool = False, wait: float = 0.0) -> DuckDBPyConnection:
    """A configured connection, tried for `wait` seconds with jitter while another process holds the file.

    The caller closes it. The file must never be opened by other means while a connection of this process is
    open: POSIX drops a process's lock when it closes any handle of the file.

    Raises:
        StoreError: The lock was not released in time; names the holder.
        duckdb.Error: Anything else that DuckDB objects to.
    """
    attempts = attempts_for(path, wait)
    try:
        con = attempts(duckdb.connect, str(path), read_only=read_only, config=CONFIG)
    except duckdb.IOException as error:
        if is_lock_conflict(error):
            raise locked(path, error) from None
        raise
    try:
        settle(con)
    except BaseException:
        con.close()
        raise
    return con


def attempts_for(path: Path, wait: float) -> tenacity.Retrying:
    """Calls that are made again for `wait` seconds, with jitter, while another process holds the file at `path`."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(is_lock_conflict),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=1.0),
        stop=tenacity.stop_after_delay(wait),
        before_sleep=lambda state: _say_waiting(path, state),
        reraise=True,
    )


def _say_waiting(path: Path, state: tenacity.RetryCallState) -> None:
    if (
        state.attempt_number == 4
    ):  # by then some tenths of a second: not the ordinary passing of the file from hand to hand
        error = state.outcome.exception() if state.outcome else None
        logger.info("waiting: %s", locked(path, error).problem if isinstance(error, duckdb.Error) else path)


@contextmanager
def faults_told(path: Path) -> Generator[None]:
    """Raise what DuckDB reports about files, disk and memory as a StoreError about `path`."""
    try:
        yield
    except duckdb.Error as error:
        told = explain(path, error)
        if told is None:
            raise
        raise told from error


@contextmanager
def transaction(con: DuckDBPyConnection) -> Generator[None]:
    """All that is written inside is committed together, or none of it."""
    con.execute("begin")
    try:
        yield
        con.execute("commit")
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has ended the transaction already
            con.execute("rollback")
        raise


@contextmanager
def framed(con: DuckDBPyConnection, frame: pl.DataFrame) -> Generator[str]:
    """A name under which SQL on `con` reads `frame`."""
    name = f"frame_{uuid4().hex}"
    con.register(name, frame)
    try:
        yield name
    finally:
        with suppress(duckdb.Error):  # a connection that a fault has closed has nothing to unregister
            con.unregister(name)
