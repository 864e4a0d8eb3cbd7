"""The installation's own Dagster instance."""

import sqlite3
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import dagster as dg
from sqlalchemy.exc import DBAPIError

from mcas_assets.core import paths
from mcas_assets.core.drafts import replace_text
from mcas_assets.core.errors import StoreError
from mcas_assets.orchestration import postgres
from mcas_assets.store.faults import explain, explain_history

INSTANCE_CONFIG = paths.DATA / "dagster" / "dagster.yaml"


def dagster_home(home: Path) -> Path:
    """The instance's folder in an MCAS home, with its configuration in place.

    Raises:
        StoreError: It cannot be made, or its history lies elsewhere than `MCAS_HISTORY` says.
        BadInput: `MCAS_HISTORY` cannot be used.
    """
    folder = home / "dagster"
    wanted = INSTANCE_CONFIG.read_text(encoding="utf-8")
    if paths.history_url():
        wanted += postgres.CONFIG
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "dagster.yaml"
        there = config.read_text(encoding="utf-8") if config.exists() else ""
        postgres.require_same_place(folder, there)
        if there != wanted:
            replace_text(config, wanted)
    except OSError as error:
        raise explain(folder, error) or error from error
    return folder


def open_instance(home: Path) -> dg.DagsterInstance:
    """The Dagster instance of an MCAS home: the one that `mcas ui` shows. The caller disposes of it.

    Raises:
        StoreError: A database of it is damaged, or cannot be written.
    """
    with history_told(home):
        instance = dg.DagsterInstance.from_config(str(dagster_home(home)))
        if paths.history_url():
            postgres.require_own(instance, home / "dagster")
        return instance


@contextmanager
def instance_at_work(home: Path) -> Generator[dg.DagsterInstance]:
    """`open_instance` for a command: disposed of afterwards, and what ends the work is told as what it is.

    Dagster turns Ctrl+C within a step into an error of its own.

    Raises:
        StoreError: See `open_instance`; also what its databases, which lie on the same disk as ours, report of a full one.
    """
    with history_told(home):
        instance = open_instance(home)
        try:
            yield instance
        except dg.DagsterExecutionInterruptedError:
            raise KeyboardInterrupt from None
        finally:
            instance.dispose()


@contextmanager
def history_told(home: Path) -> Generator[None]:
    """Raise what SQLite or Postgres reports of Dagster's history, within whatever error of Dagster, as a StoreError about it."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, dg.DagsterError, *postgres.faults()) as error:
        for cause in _causes(error):
            reported = cause.orig if isinstance(cause, DBAPIError) else cause
            if isinstance(cause, DBAPIError) and (told := postgres.explain(cause)):
                raise told from error
            if isinstance(reported, sqlite3.Error) and (told := explain_history(home / "dagster", reported)):
                raise told from error
        raise


@contextmanager
def instance_to_look_at(home: Path) -> Generator[dg.DagsterInstance]:
    """`open_instance` where there is a history, and otherwise one of nothing, for which nothing is made.

    Raises:
        StoreError: See `open_instance`.
    """
    if not (home / "dagster").is_dir():
        with dg.DagsterInstance.ephemeral() as nothing:
            yield nothing
        return
    with open_instance(home) as instance, history_told(home):
        yield instance


def begin_history_anew(home: Path) -> Path | None:
    """Put Dagster's folder aside, so that its history begins anew. What was measured is not in it.

    Returns:
        Where the former folder lies now, or None where there was none.

    Raises:
        StoreError: It cannot be moved.
    """
    folder = home / "dagster"
    if not folder.exists():
        return None
    former = home / f"dagster-replaced-{uuid4().hex[:8]}"
    try:
        folder.rename(former)
    except OSError as error:
        told = explain(folder, error)
        raise told or StoreError(folder, f"it cannot be moved ({error.strerror})", "Move it away by hand.") from error
    return former


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what led to it, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__context__, one.__cause__, getattr(one, "user_exception", None)]
