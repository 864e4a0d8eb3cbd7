"""The sensor: a thin shell that looks at every declared system, lets `mcas_assets.watch.decide` decide, and does what it says.

Everything it does can be done twice, and what is to be done is found anew at each tick from what is so: the store and
the instance. The cursor holds only what the instance was told of, so that it is not told again.
"""

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import dagster as dg

from mcas_assets.core.errors import BadInput
from mcas_assets.orchestration.clock import ClockWatch
from mcas_assets.orchestration.jobs import PUBLISH, job_name
from mcas_assets.orchestration.orphans import DIED, STOPPED, UNDER_WAY, fail_orphaned_runs
from mcas_assets.orchestration.partitions import is_told, state_event, system_event, system_versions
from mcas_assets.orchestration.records import QUIET
from mcas_assets.orchestration.telling import send_news
from mcas_assets.stages.current import COMPLETE
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts, ledger
from mcas_assets.store.publication import is_behind
from mcas_assets.store.states import State, read_sources, read_states, write_states
from mcas_assets.systems.find import load_systems
from mcas_assets.watch.decide import Audited, Decision, Known, Seen, Tried, decide
from mcas_assets.watch.look import look, unusable

SENSOR = "watch"
WHY = "mcas/why"
"""Tag of a run that nobody launched by hand: what did."""

_CLOCK = ClockWatch()
_DIED = 50  # that many of the runs that died are looked at
_EVERY = 300  # seconds between looks: hubs and providers are asked a dozen times an hour
_ENDED = {
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "cancelled",
}


def build_watch(jobs: Sequence[Any], audits: Collection[str]) -> dg.SensorDefinition:
    """The sensor.

    Args:
        jobs: Those that it may request: of each audit, and of the publication.
        audits: Names of the audits that there are.
    """
    running = dg.DefaultSensorStatus.RUNNING if is_watching() else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name=SENSOR, jobs=list(jobs), minimum_interval_seconds=interval(), default_status=running,
        description="Looks at every system of data/systems.yaml: audits what is new, and keeps the state of each.",
    )  # fmt: skip
    def watch(context: dg.SensorEvaluationContext, workplace: dg.ResourceParam[Workplace]) -> dg.SensorResult:
        _CLOCK.start(context.instance)
        decision, seen = observe(workplace, context.instance, audits)
        send_news(workplace.store, context.instance)
        told = json.loads(context.cursor) if context.cursor else {}
        news = {state.system: _key(state) for state in decision.states}
        events = list(_events(context.instance, decision, seen, told))
        requests = [
            dg.RunRequest(
                run_key=one.run_key,
                job_name=job_name(one.audit),
                partition_key=one.system_version,
                tags={"mcas/audit": one.audit, WHY: SENSOR},
                run_config=QUIET,
            )
            for one in decision.request
        ]
        if not requests:  # an audit publishes anyway
            requests = list(_publication(workplace, context.instance, news if news != told else None))
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else "; ".join(decision.notes) or "no system is declared",
            dynamic_partitions_requests=[system_versions.build_add_request(list(decision.add))] if decision.add else [],
            asset_events=events,
            cursor=json.dumps(news, sort_keys=True),
        )

    return watch


def is_watching() -> bool:
    """Whether the sensor and the schedule run by themselves: under `mcas serve` alone, which sets `MCAS_WATCH` to `on`."""
    return os.environ.get("MCAS_WATCH") == "on"


def observe(workplace: Workplace, instance: dg.DagsterInstance, audits: Collection[str]) -> tuple[Decision, list[Seen]]:
    """Look, decide, and keep in the store what was seen.

    Raises:
        BadInput: The file of systems cannot be read, or the store cannot be opened: that is never taken for "no systems".
    """
    fail_orphaned_runs(instance, workplace.home)
    with (
        workplace.store.open()
    ):  # is made where there is none, and tells what is wrong with it before anything is asked
        pass
    decision, seen = consider(workplace, instance, audits)
    with workplace.store.open() as con:
        for one in seen:
            if one.identity is not None:
                facts.register_system(con, one.identity.version, one.system, one.identity.document, one.source)
        write_states(con, decision.states, decision.changed)
    return decision, seen


def consider(
    workplace: Workplace, instance: dg.DagsterInstance, audits: Collection[str]
) -> tuple[Decision, list[Seen]]:
    """Look and decide, and keep nothing: what `observe` would find. A home that is not there yet is not made.

    Raises:
        BadInput: See `observe`.
    """
    entries = load_systems(workplace.system_file)
    sources, states, complete, drawn, behaviour = _remembered(workplace)
    seen = look(entries, partial(workplace.find, entries=entries), audits, sources, behaviour)
    seen += [unusable(name, error) for name, error in entries.unusable.items()]
    present = [(audit, one.identity.version) for one in seen if one.identity for audit in one.audits]
    died = _died(instance, audits) & drawn
    former = {pair for pair in died - set(present) if pair[1].rpartition("@")[0] in entries}
    in_flight, tried = _runs(instance, [*present, *former])
    unfinished = frozenset(pair for pair in former - in_flight if tried[pair].last == "died")
    partitions = frozenset(instance.get_dynamic_partitions(str(system_versions.name)))
    known = Known(partitions, complete, in_flight, tried, unfinished, states)
    return decide(seen, known, datetime.now(UTC)), seen


def _remembered(workplace: Workplace) -> tuple[Any, Any, frozenset[Audited], frozenset[Audited], dict[str, str]]:
    """What the store knows of former looks and audits; nothing where there is none yet."""
    if not workplace.store.path.exists():
        return {}, {}, frozenset(), frozenset(), {}
    with workplace.store.open() as con:
        complete, drawn = ledger.complete(con, COMPLETE), ledger.complete(con, ["images"])
        return read_sources(con), read_states(con), complete, drawn, ledger.behaviour(con)


def _runs(instance: dg.DagsterInstance, pairs: Iterable[Audited]) -> tuple[frozenset[Audited], dict[Audited, Tried]]:
    """(what a run is queued for or at work on, what became of former runs), for each of `pairs`."""
    in_flight, tried = set(), {}
    for pair in pairs:
        wanted = dg.RunsFilter(job_name=job_name(pair[0]), tags={"dagster/partition": pair[1]})
        records = instance.get_run_records(wanted)
        ended = [record for record in records if record.dagster_run.status in _ENDED]
        if len(ended) < len(records):
            in_flight.add(pair)
        if ended:  # the newest comes first
            run = ended[0].dagster_run
            last = "died" if run.tags.get(DIED) else _ENDED[run.status]
            at = datetime.fromtimestamp(ended[0].end_time or ended[0].update_timestamp.timestamp(), UTC)
            died = [record.dagster_run.tags[DIED] for record in ended if DIED in record.dagster_run.tags]
            tried[pair] = Tried(len(ended), last, at, run.run_id, len(died), died.count(STOPPED))
    return frozenset(in_flight), tried


def _died(instance: dg.DagsterInstance, audits: Collection[str]) -> set[Audited]:
    """What the newest of the runs that died were at work on."""
    named = {job_name(audit): audit for audit in audits}
    runs = instance.get_runs(dg.RunsFilter(tags={DIED: "true"}), limit=_DIED)
    partitions = [(named.get(run.job_name), run.tags.get("dagster/partition")) for run in runs]
    return {(audit, version) for audit, version in partitions if audit and version}


def _events(
    instance: dg.DagsterInstance, decision: Decision, seen: Sequence[Seen], told: dict[str, str]
) -> Iterator[dg.AssetMaterialization | dg.AssetObservation]:
    """What the asset `systems` shows: each version once as a materialisation, each change of state as an observation."""
    for one in seen:
        if one.identity is not None and not is_told(instance, one.identity.version):
            yield system_event(one.identity)
    for state in decision.states:
        if told.get(state.system) != _key(state):
            yield state_event(state)


def _publication(
    workplace: Workplace, instance: dg.DagsterInstance, news: dict[str, str] | None
) -> Iterator[dg.RunRequest]:
    """The run that publishes news, or what a run that has died or failed since has left unpublished."""
    if news is not None:
        yield dg.RunRequest(run_key=f"{PUBLISH}/{json.dumps(news, sort_keys=True)}", job_name=PUBLISH)
    elif not instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, *UNDER_WAY]), limit=1) and is_behind(
        workplace.store
    ):
        yield dg.RunRequest(job_name=PUBLISH)


def _key(state: State) -> str:
    """Changes with a state, and not with the time of looking."""
    return f"{state.state} {state.system_version or ''} since {state.since.isoformat()}"


def interval() -> int:
    """Seconds between two looks: `MCAS_WATCH_EVERY`, by default five minutes.

    Raises:
        BadInput: It is no number of seconds.
    """
    given = os.environ.get("MCAS_WATCH_EVERY", str(_EVERY))
    if not given.isdecimal() or int(given) < 1:
        raise BadInput("MCAS_WATCH_EVERY", f"is {given!r}", "Give the seconds between two looks, 1 or more")
    return int(given)
