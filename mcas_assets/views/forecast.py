"""What the standing watch says before it begins: at what it looks, what it would audit now, at what price and to which limit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from mcas_assets.core.errors import BadInput, McasError, one_line
from mcas_assets.core.paths import labellers_file
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.catalogue import Entry
from mcas_assets.estimate.cost import Estimate, estimate
from mcas_assets.labellers.find import load_labellers
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts
from mcas_assets.systems.hosted.budget import Budget, Past
from mcas_assets.watch.canary import load_canary
from mcas_assets.watch.decide import Decision, Seen, Wanted
from mcas_assets.watch.look import at_source

WIDTH = 80
"""Characters of a line."""

_PLAIN = ("requested", "up to date", "declares no audits")  # of which nothing is left to say


@dataclass(frozen=True)
class Due:
    """One audit that would begin now.

    Attributes:
        audit, system_version: What is audited.
        effort: Images, time and price, in words.
        images: To be asked for; 0 where they are there, or are not asked for by us.
        usd: US dollars at the declared price; 0 where there is none.
        most: The same as far as the budget covers it.
    """

    audit: str
    system_version: str
    effort: str
    images: int = 0
    usd: float = 0.0
    most: float = 0.0


def require_limits(entries: Mapping[str, Entry], file: object) -> None:
    """See that every system that costs money, and that something would be asked by itself, has a budget.

    Raises:
        BadInput: One has none: nobody would be there to end the spending.
    """
    for name, entry in entries.items():
        budget = getattr(entry, "budget", None)
        if isinstance(budget, Budget) and not budget.is_limit() and (entry.audits or entry.canary):
            remedy = (
                "Set budget.usd or budget.requests; or audits: [] and canary: null, so that nothing asks it by itself"
            )
            raise BadInput(
                str(file), "is not set, so a standing watch would spend without a limit", remedy, f"{name}.budget"
            )
        for audit in entry.audits:
            _require_metered(audit)


def _require_metered(audit: str) -> None:
    """See that no labeller of an audit is paid without a limit. An audit that cannot be read is told where it is run."""
    try:
        names, known = load_audit(audit).labellers, load_labellers()
    except BadInput:
        return
    for name in names:
        entry = known.get(name)
        if getattr(entry, "key", None) and getattr(entry, "most_images", 0) is None:
            problem = f"is not set, so a standing watch of audit {audit} would pay this labeller without a limit"
            remedy = "Set most_images; or key: null, if it is a server of your own"
            raise BadInput(str(labellers_file()), problem, remedy, f"{name}.most_images")


def due(workplace: Workplace, decision: Decision, seen: Sequence[Seen], entries: Mapping[str, Entry]) -> Iterator[Due]:
    """What each audit that a look has asked for would take. Nothing is loaded, generated or written.

    Args:
        workplace: Of the home.
        decision: Of the look.
        seen: By it.
        entries: The declared systems.
    """
    sources = {one.identity.version: one.source for one in seen if one.identity is not None}
    for wanted in decision.request:
        try:
            budget = getattr(entries.get(wanted.system_version.rpartition("@")[0]), "budget", None)
            yield _due(workplace, wanted, sources.get(wanted.system_version), budget)
        except McasError as error:
            yield Due(wanted.audit, wanted.system_version, f"cannot be told: {one_line(error, 200)}")


def _due(workplace: Workplace, wanted: Wanted, source: Mapping[str, object] | None, budget: object) -> Due:
    audit, version = wanted.audit, wanted.system_version
    if source is None:
        return Due(audit, version, "goes on with the images that are there")
    system = at_source(workplace.find, version.rpartition("@")[0], source)
    took = estimate(load_audit(audit), system, workplace.store)
    if not isinstance(took, Estimate):
        return Due(audit, version, one_line(took.line()))
    missing = took.declared - took.stored
    effort = f"{missing:,} images, {took.pace.of(missing)}" if missing else "all images are there"
    if took.allowance and missing:
        effort += f"; {took.allowance}"
    price, covered = took.pace.price or 0.0, missing
    if isinstance(budget, Budget):
        covered = budget.covered(price, _past(workplace, version), missing)
    return Due(audit, version, effort, missing, missing * price, covered * price)


def _past(workplace: Workplace, version: str) -> Past:
    if not workplace.store.path.exists():
        return Past()
    with workplace.store.open() as con:
        return Past(*facts.spent(con, version))


def lines(
    workplace: Workplace, decision: Decision, now: Sequence[Due], entries: Mapping[str, Entry], every: int
) -> Iterator[str]:
    """The whole of it, no line wider than a terminal.

    Args:
        workplace: Of the home.
        decision: Of the look.
        now: What `due` gave.
        entries: The declared systems.
        every: Seconds between two looks.
    """
    often = f"{every // 60} minutes" if every % 60 == 0 and every > 60 else f"{every} seconds"
    yield f"Looks every {often} at the systems of {workplace.system_file}:"
    width = max((len(state.system) for state in decision.states), default=0)
    for state in decision.states:
        entry = entries.get(state.system)
        told = state.system_version if state.state == "available" else f"{state.state}: {one_line(state.detail)}"
        audits = f", audits {' '.join(entry.audits)}" if entry is not None and entry.audits else ", audits nothing"
        yield from _wrapped(f"{state.system:<{width}}  {told}{audits if entry is not None else ''}", width + 4)
    yield "Would audit now:" if now else "Would audit nothing now."
    for one in now:
        yield from _wrapped(f"{one.audit} of {one.system_version}: {one.effort}", 4)
    for note in decision.notes:
        if "@" in note and not note.endswith(_PLAIN):  # given up, or waiting for a further try
            yield from _wrapped(note, 4)
    if any(one.usd for one in now):
        usd, most = sum(one.usd for one in now), sum(one.most for one in now)
        yield from _wrapped(
            f"in all {usd:,.2f} USD" + (f", of which budgets allow {most:,.2f}" if most < usd else ""), 4
        )
    yield from _limits(entries)
    yield from _canaries(workplace, entries)
    yield "What is new at a later look is audited by itself, without asking again."


def _limits(entries: Mapping[str, Entry]) -> Iterator[str]:
    limited = {
        name: budget for name, entry in entries.items() if isinstance(budget := getattr(entry, "budget", None), Budget)
    }
    if not limited:
        yield "No system is hosted, so nothing is paid for."
        return
    yield "Spending ends at, for each version of a system and over all runs of it:"
    for name, budget in limited.items():
        yield from _wrapped(f"{name}: {budget.limits() or 'no limit, and nothing asks it by itself'}", 4)


def _canaries(workplace: Workplace, entries: Mapping[str, Entry]) -> Iterator[str]:
    asked = []
    for name, entry in entries.items():
        if entry.canary is None:
            continue
        try:
            declared = load_canary(entry.canary, workplace.canary_folder)
        except McasError as error:
            asked.append(f"{name} ({one_line(error, 120)})")
            continue
        asked.append(f"{name} {len(declared.prompts) * declared.images_per_prompt:,} images")
    if asked:
        yield from _wrapped(f"Every Monday at 6 UTC a canary asks: {', '.join(asked)}.", 2, first="")


def _wrapped(text: str, indent: int, first: str = "  ") -> list[str]:
    return wrap(text, WIDTH, initial_indent=first, subsequent_indent=" " * indent, break_on_hyphens=False)
