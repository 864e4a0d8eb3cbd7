"""The installation's own Dagster instance."""

import shutil
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import DBAPIError

from mcas_assets.core import paths
from mcas_assets.store.faults import explain

INSTANCE_CONFIG = paths.DATA / "dagster" / "dagster.yaml"


def dagster_home(home: Path) -> Path:
    """The instance's folder in an MCAS home, with its configuration in place."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists() or config.read_bytes() != INSTANCE_CONFIG.read_bytes():
        shutil.copyfile(INSTANCE_CONFIG, config)
    return folder


def open_instance(home: Path) -> dg.DagsterInstance:
    """The Dagster instance of an MCAS home: the one that `mcas ui` shows. The caller disposes of it."""
    return dg.DagsterInstance.from_config(str(dagster_home(home)))


@contextmanager
def interruptible() -> Generator[None]:
    """Dagster turns Ctrl+C within a step into an error of its own: what was interrupted is told as such.

    So is what its databases, which lie on the same disk as ours, report of a full one.
    """
    try:
        yield
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except (DBAPIError, sqlite3.Error) as error:
        reported = error.orig if isinstance(error, DBAPIError) else error
        told = explain(paths.home() / "dagster", reported) if isinstance(reported, sqlite3.Error) else None
        raise told or error from error
