"""News in words: one sentence each, with the concept, the numbers and the address of the page that shows them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import escaped
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.project import Event
from mcas_assets.store import news
from mcas_assets.views.numbers import interval, p_value, signed


@dataclass(frozen=True)
class News:
    """One thing that happened.

    Attributes:
        event: What kind of thing.
        key: The same for the same thing, and for nothing else: by it nobody is told twice.
        system: Whose.
        text: One sentence.
        page: The page that shows it, with its query, below the address of the pages.
    """

    event: Event
    key: str
    system: str
    text: str
    page: str

    def line(self, pages: str) -> str:
        """The sentence, and the whole address of its page."""
        return f"{escaped(' '.join(self.text.split()))}\n{pages.rstrip('/')}/{self.page}"


@dataclass(frozen=True)
class FailedRun:
    """A run that failed: its id, what it was of, and the blocking rules that did not hold, if that is why."""

    run_id: str
    audit: str
    system_version: str
    reasons: tuple[str, ...] = ()


def gathered(con: DuckDBPyConnection, since: datetime, failed: Iterable[FailedRun]) -> list[News]:
    """All news of a home since a time, the gravest kind first."""
    return [
        *map(_failed, failed),
        *map(_broken, news.broken_policies(con, since)),
        *map(_fired, news.fired_canaries(con, since)),
        *_changed(news.changed_verdicts(con, since)),
        *map(_moved, news.moved_systems(con, since)),
    ]


def _failed(run: FailedRun) -> News:
    why = f": {'; '.join(run.reasons)[:500]}" if run.reasons else ". The run's log says why: mcas ui"
    text = f"Audit failed: {run.audit} of {run.system_version}{why}"
    return News("audit-failed", f"audit-failed {run.run_id}", _system(run.system_version), text, "")


def _broken(row: dict[str, Any]) -> News:
    version, audit = row["system_version"], row["audit"]
    most = (
        f", by most {row['concept'] or 'overall'} with {signed(row['observed'])}" if row["observed"] is not None else ""
    )
    limit = f" (limit {row['threshold']:+.3g})" if row["threshold"] is not None else ""
    text = f"Policy {row['policy']} is not met by {version} in audit {audit}: {row['condition']}. {row['n']} fail{most}{limit}"
    key = f"gate-broken {row['policy']} {row['requirement']} {audit} {version}"
    return News("gate-broken", key, _system(version), text, _page("version", audit=audit, version=version))


def _fired(row: dict[str, Any]) -> News:
    version = row["system_version"]
    distance = "" if row["energy_distance"] is None else f", energy distance {row['energy_distance']:.3f}"
    text = (
        f"Canary {row['canary']} of {version}: behaviour changed in the window of {row['window_name']} since that of "
        f"{row['previous']}{distance} (p = {p_value(row['p_value'])})"
    )
    return News(
        "canary-fired", f"canary-fired {version} {row['canary']} {row['window_name']}", _system(version), text, ""
    )


def _changed(rows: list[dict[str, Any]]) -> Iterator[News]:
    for row in rows:
        audit, axis, difference = row["audit"], row["axis"], row["difference"]
        pole = _pole(audit, axis, difference)
        text = (
            f"Verdict changed: {row['concept']} ({axis}) in audit {audit} went from {signed(row['value_before'])} to "
            f"{signed(row['value_after'])}, by {signed(difference)} towards {pole} "
            f"({interval(row['low'], row['high'], 'no interval')}), from {row['before']} to {row['after']}"
        )
        key = f"verdict-changed {audit} {row['before']} {row['after']} {axis} {row['concept']}"
        page = _page("comparison", audit=audit, before=row["before"], after=row["after"])
        yield News("verdict-changed", key, _system(row["after"]), text, page)


def _moved(row: dict[str, Any]) -> News:
    text = f"System moved: {row['system']} is {row['system_version']} by now; it was {row['former']}"
    return News("system-moved", f"system-moved {row['system_version']}", row["system"], text, "")


def _pole(audit: str, axis: str, difference: float) -> str:
    """The word of the pole that a difference points to; `a` or `b` where the audit is not declared by its name."""
    try:
        declared = load_audit(audit).axes[axis]
    except (BadInput, KeyError):
        return "a" if difference > 0 else "b"
    return (declared.a if difference > 0 else declared.b).name


def _system(version: str) -> str:
    return version.rpartition("@")[0]


def _page(page: str, **keys: str) -> str:
    return f"{page}?{urlencode(keys)}"
