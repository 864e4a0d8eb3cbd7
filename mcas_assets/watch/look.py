"""Looking at every declared system from outside: is it there, and what is it now? Nothing is drawn, no model is loaded.

A look at one system that fails is a state of that system; the others are looked at all the same. What follows from a look
is `watch`. A version that is not simply what is declared says how it is had, in `systems.source`:
`revision` (and `repo`) the commit of a watched branch; `observed` what sets it apart from the declared identity
(`reported_version`, `behaviour_since`); `reported_version` what its provider called it when it was first seen.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from mcas_assets.core.errors import McasError, one_line
from mcas_assets.declare.catalogue import Entry
from mcas_assets.store.database import Store
from mcas_assets.store.states import read_sources, read_states
from mcas_assets.systems.observed import ObservedSystem, observed_identity
from mcas_assets.systems.protocol import Mirrored, Probe, Probed, System, SystemIdentity
from mcas_assets.watch.decide import Seen

log = logging.getLogger(__name__)

Find = Callable[..., System]
"""Gives the system of a declared name, or of one at a `revision`: see `systems.find_system`."""


def look(
    entries: Mapping[str, Entry],
    find: Find,
    audits: Collection[str],
    sources: Mapping[str, Mapping[str, Any]],
    behaviour: Mapping[str, str],
) -> list[Seen]:
    """Look at every declared system.

    Args:
        entries: The declared systems.
        find: From a name, or a name and a `revision`, to a system.
        audits: Names of the audits that there are; those that a system declares beside them are left out, and said.
        sources: How known system versions are had.
        behaviour: For systems that were found to behave otherwise than before, the window of the canary that showed it.

    Returns:
        One for each entry, in their order.
    """
    return [_look(name, entry, find, audits, sources, behaviour.get(name)) for name, entry in entries.items()]


def unusable(name: str, error: McasError, wanted: tuple[str, ...] = ()) -> Seen:
    """What is seen of a system that cannot be used as it is declared."""
    return Seen(name, "unusable", Probe("unreachable", one_line(error)), wanted)


def at_source(find: Find, name: str, source: Mapping[str, Any], **given: Any) -> System:
    """The system of a version that is had as `source` says.

    Raises:
        BadInput: It is not declared, or no longer of a kind that can be had so.
    """
    system = find(name, revision=source["revision"], **given) if "revision" in source else find(name, **given)
    return ObservedSystem(system, source["observed"]) if "observed" in source else system


def present(store: Store, system: System) -> System:
    """The declared system as it was last seen: with what sets it apart by now from what its declaration tells."""
    if not store.path.exists():
        return system
    with store.open() as con:
        state, sources = read_states(con).get(system.name), read_sources(con)
    observed = sources.get(state.system_version or "", {}).get("observed") if state else None
    if not observed or state is None:
        return system
    seen = ObservedSystem(system, observed)
    return seen if seen.identity().version == state.system_version else system  # other settings were asked for


def _look(
    name: str,
    entry: Entry,
    find: Find,
    audits: Collection[str],
    sources: Mapping[str, Mapping[str, Any]],
    window: str | None,
) -> Seen:
    wanted = tuple(_known(name, entry.audits, audits))
    try:
        system = find(name)
        probe = system.probe() if isinstance(system, Probed) else Probe("available")
        if probe.state != "available":
            return Seen(name, probe.state, probe, wanted)
        source: dict[str, Any] = {}
        if entry.watched_repo and probe.revision:
            source = {"repo": entry.watched_repo, "revision": probe.revision}
        identity = _identity(system, probe)
        if identity is None:  # it was there a moment ago
            return Seen(name, "unreachable", Probe("unreachable", "the hub no longer says what it is"), wanted)
        if probe.reported_version:
            source["reported_version"] = probe.reported_version
        if observed := _observed(probe, sources.get(identity.version, {}), window):
            source["observed"] = observed
            identity = observed_identity(identity, observed)
    except McasError as error:
        return unusable(name, error, wanted)
    except OSError as error:
        return Seen(name, "unreachable", Probe("unreachable", one_line(error)), wanted)
    return Seen(name, "available", probe, wanted, identity, source)


def _identity(system: System, probe: Probe) -> SystemIdentity | None:
    """What a system is, at the revision that a hub has now. Its weights are downloaded by its audit, not by a look."""
    upstream = system.upstream(probe.revision) if probe.revision and isinstance(system, Mirrored) else None
    return system.identity() if upstream is None else upstream[1]


def _observed(probe: Probe, declared: Mapping[str, Any], window: str | None) -> dict[str, Any]:
    """What sets a system apart from what it was when it was first seen as it is declared."""
    observed = {}
    first = declared.get("reported_version")
    if first and probe.reported_version and probe.reported_version != first:
        observed["reported_version"] = probe.reported_version
    if window:
        observed["behaviour_since"] = window
    return observed


def _known(name: str, declared: Iterable[str], audits: Collection[str]) -> Iterable[str]:
    for audit in declared:
        if audit in audits:
            yield audit
        else:
            log.warning("%s: declares the audit %s, which there is not, or which cannot be read", name, audit)
