"""What follows from a look at the declared systems: which versions are new, which audits to run, which states to keep.

Pure: given what was seen and what is known, `decide` says what to do, and does nothing. It asks what is so now and not
what has happened since, so a look that was lost (a killed tick, a restart) is made good by the next, and a clock that
jumps can at most move the time of a second try. Looking is `look`; doing is `orchestration.watching`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from mcas_assets.store.states import State, StateName
from mcas_assets.systems.protocol import Probe, SystemIdentity

WAITS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""Before a second, third, ... try of an audit whose run failed; after the last one a person has to look."""

DEATHS = 20
"""A run whose process is gone is no fault of the audit (a restart, a power cut), and its successor goes on where it was: it is
tried again at once. So many deaths are: it takes more memory than there is, say. Then a person has to look too."""

Audited = tuple[str, str]
"""(audit, system version)."""


@dataclass(frozen=True)
class Seen:
    """What a look found of one declared system.

    Attributes:
        system: Its name.
        state: See `store.states.StateName`.
        probe: What it was told by.
        audits: Those to run when it moves, all of which exist.
        identity: What it is, or None if that cannot be told now.
        source: How this version is had, beyond its declaration; JSON values. See `look`.
    """

    system: str
    state: StateName
    probe: Probe
    audits: tuple[str, ...] = ()
    identity: SystemIdentity | None = None
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """What became of the runs of one audit of one version so far.

    Attributes:
        runs: How many there were.
        last: How the newest one ended: 'succeeded', 'failed', 'died' (its process is gone) or 'cancelled' (by a person).
        ended_at: When.
        run_id: Of the newest one.
        deaths: How many of them died.
        stops: How many of these deaths were meant: the watch was ended, which may happen as often as anyone likes.
    """

    runs: int
    last: str
    ended_at: datetime
    run_id: str = ""
    deaths: int = 0
    stops: int = 0


@dataclass(frozen=True)
class Known:
    """What is known before the look.

    Attributes:
        partitions: System versions that are registered.
        complete: What has been audited, every stage of it.
        in_flight: What a run is queued for or at work on.
        tried: What became of former runs.
        unfinished: Audits of versions that their systems no longer are, whose newest run died when all images were there:
            the rest can be made without the model.
        states: The newest state of each system that was ever looked at.
    """

    partitions: frozenset[str] = frozenset()
    complete: frozenset[Audited] = frozenset()
    in_flight: frozenset[Audited] = frozenset()
    tried: Mapping[Audited, Tried] = field(default_factory=dict)
    unfinished: frozenset[Audited] = frozenset()
    states: Mapping[str, State] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """One audit of one version to run. The key is the same for whoever decides the same: a run of it is made once."""

    audit: str
    system_version: str
    attempt: int = 1

    @property
    def run_key(self) -> str:
        """Names this try."""
        return f"{self.audit}/{self.system_version}#{self.attempt}"


@dataclass(frozen=True)
class Decision:
    """What to do.

    Attributes:
        add: System versions to register, whether new or deleted by someone.
        request: Audits to run.
        states: The state of every system, in the order of its name.
        changed: The systems whose state differs from the one known by more than its times.
        notes: What there is to say of each system, a line each.
    """

    add: tuple[str, ...]
    request: tuple[Wanted, ...]
    states: tuple[State, ...]
    changed: frozenset[str]
    notes: tuple[str, ...]


def decide(seen: Sequence[Seen], known: Known, now: datetime | None = None) -> Decision:
    """What follows from a look.

    Args:
        seen: Every declared system, reachable or not.
        known: What was known before.
        now: The time of the look, UTC.
    """
    now = now or datetime.now(UTC)
    names = {one.system for one in seen}
    gone = [_undeclared(state) for name, state in known.states.items() if name not in names]
    states, changed = [], set()
    # What is to be finished comes first, so that versions are compared in the order that they came in.
    request, notes = _attempts(sorted(known.unfinished), known, now, ", which its system no longer is")
    for one in sorted([*seen, *gone], key=lambda each: each.system):
        before = known.states.get(one.system)
        state, is_new = _next_state(one, before, now)
        states.append(state)
        if is_new:
            changed.add(one.system)
        wanted, said = _wanted(one, known, now)
        request += wanted
        notes += [f"{one.system}: {text}" for text in (*_told(one, before), *said)]
    versions = [*(one.system_version for one in request), *(one.identity.version for one in seen if one.identity)]
    add = dict.fromkeys(version for version in versions if version not in known.partitions)
    return Decision(tuple(add), tuple(dict.fromkeys(request)), tuple(states), frozenset(changed), tuple(notes))


def _undeclared(state: State) -> Seen:
    return Seen(state.system, "undeclared", Probe("unreachable", "no longer declared; what was measured of it is kept"))


def _next_state(one: Seen, before: State | None, now: datetime) -> tuple[State, bool]:
    """(the state after a look, whether it differs from the one before). What cannot be told now stays as it was last told."""
    probe = one.probe
    state = State(
        one.system,
        one.state,
        probe.detail,
        since=now,
        last_looked=now,
        system_version=one.identity.version if one.identity else None,
        revision=probe.revision,
        reported_version=probe.reported_version,
        shutdown_date=probe.shutdown_date,
        last_seen=now if one.state == "available" else None,
    )
    if before is None:
        return state, True
    if one.state != "available":
        kept = ("system_version", "revision", "reported_version", "shutdown_date", "last_seen")
        state = replace(state, **{name: getattr(before, name) for name in kept if getattr(state, name) is None})
    told = ("state", "system_version", "revision", "reported_version", "shutdown_date")
    is_new = any(getattr(state, name) != getattr(before, name) for name in told)
    return (state if is_new else replace(state, since=before.since)), is_new


def _told(one: Seen, before: State | None) -> Iterator[str]:
    probe = one.probe
    if one.state != "available":
        lasting = before is not None and before.state == one.state
        since = f" since {before.since:%Y-%m-%d %H:%M}" if lasting and before is not None else ""
        yield f"{one.state}{since}" + (f": {probe.detail}" if probe.detail else "")
        return
    is_same = before is not None and one.identity is not None and before.system_version == one.identity.version
    former = before.revision if before is not None and is_same else None
    if former and probe.revision and former != probe.revision:
        yield f"touched, weights same: {former[:12]} to {probe.revision[:12]}"
    if probe.shutdown_date is not None:
        yield f"its provider ends it on {probe.shutdown_date}"


def _wanted(one: Seen, known: Known, now: datetime) -> tuple[list[Wanted], list[str]]:
    """(audits to run of one system, what to say of each of its audits)."""
    if one.identity is None:
        return [], []
    version = one.identity.version
    if not one.audits:
        return [], [f"{version}: declares no audits"]
    return _attempts([(audit, version) for audit in one.audits], known, now)


def _attempts(pairs: Iterable[Audited], known: Known, now: datetime, aside: str = "") -> tuple[list[Wanted], list[str]]:
    """(the tries to make now, what to say of each of `pairs`, with what there is to say of its version)."""
    wanted, said = [], []
    for audit, version in pairs:
        attempt, text = _attempt((audit, version), known, now)
        if attempt:
            wanted.append(Wanted(audit, version, attempt))
        said.append(f"{audit} of {version}{aside}: {text}")
    return wanted, said


def _attempt(pair: Audited, known: Known, now: datetime) -> tuple[int, str]:
    """(number of the try to make now, or 0 for none; in words)."""
    tried = known.tried.get(pair)
    if pair in known.in_flight:
        return 0, "under way"
    if pair in known.complete and (tried is None or tried.last == "succeeded"):
        return 0, "up to date"
    if tried is None:
        return 1, "requested"
    if tried.last == "cancelled":
        return 0, f"cancelled by a person (run {tried.run_id[:8]}); run it by hand if it is wanted after all"
    failures = tried.runs - tried.deaths
    if failures > len(WAITS) or tried.deaths - tried.stops > DEATHS:
        return (
            0,
            f"given up after {tried.runs} runs (run {tried.run_id[:8]} says why); run it by hand once that is mended",
        )
    wait, waited = WAITS[max(failures, 1) - 1], now - tried.ended_at
    # A clock that was set back would say that the run ends in the future, and put off the next try by as long.
    what = (
        "left stages undone" if tried.last == "succeeded" else tried.last
    )  # it succeeded, and its store was replaced, say
    if tried.last == "died" or not timedelta(0) <= waited < wait:
        return tried.runs + 1, f"requested again: run {tried.run_id[:8]} {what}"
    return 0, f"run {tried.run_id[:8]} {what}; tried again {tried.ended_at + wait:%Y-%m-%d %H:%M} UTC"
