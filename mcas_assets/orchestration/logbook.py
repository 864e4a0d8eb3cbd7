"""What the standing watch says while it runs: each run as it comes, where it is, how it ended, what a look found; in words."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from mcas_assets.core.errors import McasError, one_line
from mcas_assets.orchestration.instance import history_told
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.orchestration.sensor import SENSOR
from mcas_assets.pages.overview import running
from mcas_assets.store import quality
from mcas_assets.store.database import Store
from mcas_assets.store.under_way import read_under_way
from mcas_assets.views.warnings import warnings

EVERY = 30.0
"""Seconds between two lines about one stage of a run."""

_NEWEST = 50  # runs that are looked at: one is at work at a time, and few wait
_ENDED = {dg.DagsterRunStatus.SUCCESS: "done", dg.DagsterRunStatus.CANCELED: "cancelled"}


class Logbook:
    """Looks at a home from time to time, and says what is new since.

    Args:
        instance: The history of the home.
        home: The MCAS home.
        say: Takes a line.
    """

    def __init__(self, instance: dg.DagsterInstance, home: Path, say: Callable[[str], None]) -> None:
        self._instance, self._home, self._say = instance, home, say
        self._since = datetime.now(UTC)
        self._statuses = {record.dagster_run.run_id: record.dagster_run.status for record in self._records()}
        self._found: frozenset[str] = frozenset()
        self._at, self._told, self._trouble = "", 0.0, ""

    def look(self) -> None:
        """Say what is new. A history that cannot be read just now is said once, and read the next time."""
        try:
            with history_told(self._home):
                for line in (*self._looks(), *self._runs(), *self._progress()):
                    self._say(line)
            self._trouble = ""
        except McasError as error:
            if (trouble := one_line(error)) != self._trouble:
                self._trouble = trouble
                self._say(f"warning: {trouble}")

    def _looks(self) -> Iterator[str]:
        """What the newest look found that the one before it did not. What is under way is told by its run."""
        state = next((one for one in self._instance.all_instigator_state() if one.instigator_name == SENSOR), None)
        if state is None:
            return
        for tick in self._instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1):
            if tick.timestamp < self._since.timestamp() or not tick.is_completed:
                continue
            parts = [f"failed: {_told(tick.error)}"] if tick.error else (tick.skip_reason or "").split("; ")
            new = [part for part in parts if part and part not in self._found and not part.endswith("under way")]
            self._found = frozenset(parts)
            yield from (f"look: {part}" for part in new)

    def _runs(self) -> Iterator[str]:
        for record in reversed(self._records()):
            run, before = record.dagster_run, self._statuses.get(record.dagster_run.run_id)
            if run.status == before:
                continue
            self._statuses[run.run_id] = run.status
            what = self._what(run)
            if run.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED):
                yield f"{what}: {'queued' if run.status == dg.DagsterRunStatus.QUEUED else 'begun'}"
            elif run.is_finished:
                took = (record.end_time or time.time()) - (record.start_time or record.create_timestamp.timestamp())
                yield f"{what}: {_ENDED.get(run.status) or self._why(run)}, after {took:,.0f} s"
                if run.status == dg.DagsterRunStatus.SUCCESS:
                    yield from self._warnings(run)

    def _records(self) -> Sequence[dg.RunRecord]:
        """The runs that changed since, the newest first. SQLite writes the time of a new one without its fraction."""
        wanted = dg.RunsFilter(updated_after=self._since - timedelta(seconds=2))
        return self._instance.get_run_records(wanted, limit=_NEWEST)

    def _progress(self) -> Iterator[str]:
        """Where the run at work is: at each stage, and from time to time within it."""
        under_way = read_under_way(self._home)
        told = running(under_way)
        if under_way is None or told is None or not (under_way.step and under_way.task):
            return
        at = f"{under_way.run_id} {under_way.step} {under_way.task}"
        if at == self._at and time.monotonic() - self._told < EVERY:
            return
        self._at, self._told = at, time.monotonic()
        of = f" of {told['version']}" if told["version"] else ""
        step = "" if under_way.step in under_way.task else f"{under_way.step}: "
        yield f"{told['what']}{of}: {step}{told['pace']}"

    def _why(self, run: dg.DagsterRun) -> str:
        if DIED in run.tags:
            return "ended with its process; a further run goes on where it was"
        with Store(self._home, wait=2.0).open() as con:
            if broken := quality.broken_rules(con, run.run_id):
                return f"failed: {'; '.join(broken)[:500]}"
        for kind in (dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE):
            for record in self._instance.get_records_for_run(run.run_id, of_type=kind, limit=1).records:
                event = record.event_log_entry.get_dagster_event()
                error = getattr(event.event_specific_data, "error", None)
                return f"failed: {_told(error) if error else one_line(event.message, 500)}"
        return "failed"

    def _warnings(self, run: dg.DagsterRun) -> Iterator[str]:
        audit, version = run.tags.get("mcas/audit"), run.tags.get("dagster/partition")
        if audit and version:
            yield from warnings(Store(self._home), audit, version)

    def _what(self, run: dg.DagsterRun) -> str:
        version = run.tags.get("dagster/partition")
        return f"{run.tags.get('mcas/audit', run.job_name)}{f' of {version}' if version else ''}"


def _told(error: Any) -> str:
    """What led to an error of Dagster's, without the name of its class where that is ours: then it is a sentence."""
    while error.cause is not None:
        error = error.cause
    return one_line(error.message.removeprefix("mcas_assets.core.errors.").removeprefix("BadInput: "), 500)
