"""Dagster's history in a Postgres database, for an installation that several people share: `MCAS_HISTORY` names it.

A database is of one home. Runs of a home are told dead by locks that lie in it, and audits are not begun twice because the
history knows of them: two homes in one database would bury each other's runs.
"""

import os
from pathlib import Path
from uuid import uuid4

import dagster as dg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from mcas_assets.core import paths
from mcas_assets.core.drafts import replace_text
from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.core.extras import require_extra

CONFIG = f"""
# Written since {paths.HISTORY} is set: the history of this home is in that database.
storage: {{postgres: {{postgres_url: {{env: {paths.HISTORY}}}}}}}
"""
OWNER = "mcas/home"
"""Key in the database of the home that it is of."""

_DRIVER = "postgresql+psycopg2"
_FILE = "owner"  # in the folder of Dagster: what the database knows this home by


def place() -> str:
    """Where the history lies, for people: without user and password. From then on the environment names the driver, too.

    Raises:
        BadInput: `MCAS_HISTORY` is no address of a Postgres database.
    """
    try:
        url = make_url(paths.history_url())
    except ArgumentError:
        url = None
    if url is None or url.drivername not in ("postgresql", _DRIVER) or not url.database:
        raise BadInput(
            paths.HISTORY,
            "is no address of a Postgres database",
            "Write it as postgresql://user:password@host/database",
        )
    # SQLAlchemy 2.1 takes another driver for the plain name than the one that dagster-postgres brings.
    os.environ[paths.HISTORY] = url.set(drivername=_DRIVER).render_as_string(hide_password=False)
    return f"{url.host or 'this machine'}{f':{url.port}' if url.port else ''}/{url.database}"


def require_same_place(folder: Path, config: str) -> None:
    """See that the history of a home lies where it lay, before another is begun in silence.

    Args:
        folder: Of Dagster in the home.
        config: The text of its dagster.yaml; empty where there is none yet.

    Raises:
        StoreError: It lies in files and a database is named, or the other way round.
        BadInput: The extra is not installed, or `MCAS_HISTORY` is no address of a Postgres database.
    """
    is_there, is_wanted = "postgres_url" in config, bool(paths.history_url())
    if is_wanted:
        place()
        require_extra("postgres", paths.HISTORY)
    if is_there and not is_wanted:
        remedy = f"Set {paths.HISTORY} to it. Or begin a history anew, in files: mcas repair --history"
        raise StoreError(folder, "Dagster's history of this home is in a Postgres database, and none is named", remedy)
    if is_wanted and not is_there and (folder / "history" / "runs.db").exists():
        remedy = f"Put that aside and begin anew in the database: mcas repair --history. Or unset {paths.HISTORY}"
        raise StoreError(folder, "Dagster's history of this home is in files, which no database takes over", remedy)


def require_own(instance: dg.DagsterInstance, folder: Path) -> None:
    """See that a database is of this home; a new one is from now on.

    Raises:
        StoreError: It is of another.
    """
    file = folder / _FILE
    if not file.exists():
        replace_text(file, f"{uuid4()}\n")
    own = file.read_text(encoding="utf-8").strip()
    known = instance.daemon_cursor_storage.get_cursor_values({OWNER}).get(OWNER)
    if known is None:
        instance.daemon_cursor_storage.set_cursor_values({OWNER: own})
    elif known != own:
        remedy = f"Make one for this home (createdb), and set {paths.HISTORY} to that"
        raise StoreError(
            f"{paths.HISTORY} ({place()})", "holds the history of another home, or of a former one of this", remedy
        )


def faults() -> tuple[type[Exception], ...]:
    """What Dagster raises beside its own errors where a database cannot be had after some tries."""
    if not paths.history_url():
        return ()
    require_extra("postgres", paths.HISTORY)
    from dagster_postgres.utils import DagsterPostgresException

    return (DagsterPostgresException,)


def explain(error: DBAPIError) -> StoreError | None:
    """The StoreError that tells of a database that cannot be reached or used, or None where it is of no such."""
    if not paths.history_url() or not isinstance(error, OperationalError | InterfaceError):
        return None
    said = " ".join(str(error.orig).split())[:300]
    remedy = "See that Postgres runs there, and that this user may use the database. What was measured is not in it"
    return StoreError(f"{paths.HISTORY} ({place()})", f"Dagster's history cannot be reached ({said})", remedy)
