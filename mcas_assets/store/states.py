"""How declared systems were found when they were looked at: table `system_states`, and how their versions are had."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from duckdb import DuckDBPyConnection

from mcas_assets.store.database import transaction

StateName = Literal["available", "withdrawn", "unreachable", "unusable", "undeclared"]
"""`unusable`: it is there, but is nothing to audit (broken files, say). `undeclared`: no longer in the file of systems."""


@dataclass(frozen=True)
class State:
    """One row of table `system_states`, which see."""

    system: str
    state: StateName
    detail: str
    since: datetime
    last_looked: datetime
    system_version: str | None = None
    revision: str | None = None
    reported_version: str | None = None
    shutdown_date: date | None = None
    last_seen: datetime | None = None


_COLUMNS = (
    "system", "state", "detail", "since", "last_looked", "system_version", "revision", "reported_version",
    "shutdown_date", "last_seen",
)  # fmt: skip
_NEWEST = "select {what} from system_states qualify number = max(number) over (partition by system) order by system"


def read_states(con: DuckDBPyConnection) -> dict[str, State]:
    """The newest state of each system that was ever looked at."""
    rows = con.execute(_NEWEST.format(what=", ".join(_COLUMNS))).fetchall()
    return {row[0]: State(**dict(zip(_COLUMNS, row, strict=True))) for row in rows}


def write_states(con: DuckDBPyConnection, states: Iterable[State], changed: Collection[str]) -> None:
    """Keep a look, in one transaction.

    Args:
        con: A connection to the store.
        states: The state of each system.
        changed: Systems that get a new row; of the others the newest row is brought up to date.
    """
    with transaction(con):
        for state in states:
            values = [getattr(state, name) for name in _COLUMNS]
            if state.system in changed:
                places = ", ".join("?" for _ in _COLUMNS)
                con.execute(
                    f"insert into system_states (number, {', '.join(_COLUMNS)})"
                    f" values (nextval('system_state_number'), {places})",
                    values,
                )
            else:
                con.execute(
                    "update system_states set detail = ?, last_looked = ?, last_seen = ?"
                    " where number = (select max(number) from system_states where system = ?)",
                    [state.detail, state.last_looked, state.last_seen, state.system],
                )


def read_sources(con: DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """For each system version that is had otherwise than as declared, how: see `look`."""
    rows = con.execute("select system_version, source from systems where source is not null").fetchall()
    return {version: json.loads(source) for version, source in rows}
