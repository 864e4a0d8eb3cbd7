"""What `mcas doctor` prints: the files of a home, the installation, and what would be audited now. Nothing is written or asked."""

import os
import shutil
from collections.abc import Iterator, Mapping
from importlib import metadata

from mcas_assets.core.errors import McasError, one_line
from mcas_assets.core.paths import systems_file
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.catalogue import Entry
from mcas_assets.estimate.cost import Estimate, estimate
from mcas_assets.stages.current import COMPLETE
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.store.ledger import PACKAGES
from mcas_assets.store.sizes import in_words, parts_of
from mcas_assets.store.soundness import Finding, examine
from mcas_assets.systems.find import load_systems

FEW = 2e9
"""Bytes of free room below which a home is not sound: a run writes a copy of the store, and images."""


def findings(workplace: Workplace, *, deep: bool = False) -> Iterator[Finding]:
    """Everything that is found, in the order in which it is printed.

    Args:
        workplace: Of the home.
        deep: See `soundness.examine`.
    """
    is_sound = True
    for finding in examine(workplace.store, deep=deep):
        is_sound = is_sound and not finding.is_unsound
        yield finding
    yield _room(workplace)
    yield Finding("packages", ", ".join(_packages()))
    try:
        entries = load_systems(workplace.system_file)
    except McasError as error:
        yield Finding("systems", one_line(error), f"Mend {systems_file()}", is_unsound=True)
        return
    for error in entries.unusable.values():
        yield Finding("systems", one_line(error), "Mend this entry; the others are usable", is_unsound=True)
    yield from _keys(entries)
    if is_sound:
        yield from _wanted(workplace, entries)
    else:
        yield Finding("to audit", "not worked out, since the home is not sound")


def lines(found: list[Finding]) -> Iterator[str]:
    """A line for each finding, and one for its remedy."""
    for finding in found:
        mark = "UNSOUND " if finding.is_unsound else ""
        yield f"{finding.part:<18} {mark}{finding.text}"
        if finding.remedy:
            yield f"{'':<18} -> {finding.remedy}"


def _room(workplace: Workplace) -> Finding:
    home = workplace.home
    there = next(folder for folder in (home, *home.parents) if folder.is_dir())
    free = shutil.disk_usage(there).free
    parts = list(parts_of(home)) if home.is_dir() else []
    text = f"{in_words(free)} free; {in_words(sum(part.size for part in parts))} in use"
    if parts:
        text += ": " + ", ".join(f"{part.name} {in_words(part.size)}" for part in parts)
    if free < FEW:
        return Finding("room", text, "Free some, or see what may go: mcas prune", is_unsound=True)
    return Finding("room", text)


def _packages() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} is not installed"


def _keys(entries: Mapping[str, Entry]) -> Iterator[Finding]:
    """Which keys are in the environment, and which declared systems lack theirs. Never a value."""
    wanted: dict[tuple[str, ...], list[str]] = {}
    for name, entry in entries.items():
        if names := entry.key_variables:
            wanted.setdefault(names, []).append(name)
    if not wanted:
        yield Finding("keys", "no declared system needs one")
    for names, systems in wanted.items():
        present = [name for name in names if os.environ.get(name, "").strip()]
        text = f"{present[0]} is set" if present else f"{' or '.join(names)} is not set"
        remedy = "" if present else f"Set it in the environment before {', '.join(systems)} can be audited"
        yield Finding("keys", f"{text}, for {', '.join(systems)}", remedy)


def _wanted(workplace: Workplace, entries: Mapping[str, Entry]) -> Iterator[Finding]:
    complete = frozenset()
    if workplace.store.path.exists():
        with workplace.store.open() as con:
            complete = ledger.complete(con, COMPLETE)
    for name, entry in entries.items():
        if entry.watched_repo or getattr(entry, "repo", None):
            yield Finding("to audit", f"{name} is on a hub, which was not asked", "mcas watch asks it")
            continue
        for audit in entry.audits:
            if (finding := _one(workplace, name, audit, complete)) is not None:
                yield finding


def _one(workplace: Workplace, name: str, audit: str, complete: frozenset[tuple[str, str]]) -> Finding | None:
    """What an audit of a system would take now, or None where it is there already."""
    known = workplace.digests if workplace.home.is_dir() else None
    try:
        declared = load_audit(audit)
        system = workplace.find_system(name, path=workplace.system_file, cache=known)
        version = system.identity().version
        if (audit, version) in complete:
            return None
        took = estimate(declared, system, workplace.store)
    except McasError as error:
        return Finding("to audit", f"{audit} of {name} cannot be: {one_line(error, 200)}")
    if not isinstance(took, Estimate):
        return Finding("to audit", f"{audit} of {version}: {one_line(took.line(), 200)}")
    missing = took.declared - took.stored
    allowed = f"; {took.allowance}" if took.allowance else ""
    return Finding("to audit", f"{audit} of {version}: {missing:,} images, {took.pace.of(missing)}{allowed}")
