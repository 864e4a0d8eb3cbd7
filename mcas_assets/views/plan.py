"""What an audit takes, one quantity a row: images, time, price, and the change that they show."""

from collections.abc import Iterable, Iterator, Sequence

from rich.table import Table
from rich.text import Text

from mcas_assets.estimate.cost import MOST_ATTRIBUTE, Estimate
from mcas_assets.estimate.panel import Instrument
from mcas_assets.estimate.pilot import duration
from mcas_assets.systems.protocol import SystemIdentity
from mcas_assets.views.drawing import plain_table
from mcas_assets.views.systems import settings_rows

Row = tuple[str, str]
"""A quantity and its value. One that is not indented is the heading of those that follow."""

NAME = 34
"""Most characters of a quantity in a line."""


def table_of(rows: Iterable[Row]) -> Table:
    """Rows as a table that wraps where a terminal is narrow, each heading with what it heads."""
    table = plain_table(show_header=False, pad_edge=False)
    table.add_column(max_width=NAME)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name, style="" if name.startswith(" ") else "bold"), Text(value))
    return table


def head_rows(identity: SystemIdentity, found: Estimate) -> Iterator[Row]:
    """With what a system is asked and what that takes: what an audit says before it begins."""
    yield from ((f"  {name}", value) for name, value in settings_rows(identity))
    yield from _taken(found)
    yield "  change of MCAS that is called", f"{max(one.detectable for one in found.needs):.2g}, with 80 % power"


def plan_rows(identity: SystemIdentity, found: Estimate) -> Iterator[Row]:
    """Every quantity of an estimate: settings, audit, what it shows, what a wanted change takes, what is assumed."""
    yield "Asked with", ""
    yield from ((f"  {name}", value) for name, value in settings_rows(identity))
    yield "As declared", ""
    yield from _taken(found)
    yield "  neutral images", f"{found.zero_point.images:,}"
    yield "  neutral images, surest", f"{found.zero_point.sharpest:,}, for as many images in all"
    yield from _shown(found)
    yield from _wanted(found)
    yield from panel_rows(found.panel)
    if found.decisions:
        yield "Standard error of a score", ""
        yield from ((f"  {name}", value) for name, value in found.decisions)
    yield "Known from", ""
    yield "  spread of images", found.pilot.source
    yield "  pace", found.pace.source


def panel_rows(panel: Sequence[Instrument]) -> Iterator[Row]:
    """What each embedder takes, and the most that the panel takes at once: they are loaded one after the other."""
    yield "Embedders, one after the other", ""
    for one in panel:
        memory = "memory unknown" if one.gigabytes is None else f"{one.gigabytes:.2g} GB of weights"
        time = "nothing to embed"
        if one.images:
            known = (
                f"about {duration(one.images * one.milliseconds / 1000)}"
                if one.milliseconds is not None
                else "time unknown"
            )
            time = f"{known} for {one.images:,} images"
        yield f"  {one.name}", f"{memory}, {time}"
    sizes = [one.gigabytes for one in panel]
    if len(panel) > 1 and None not in sizes:
        yield "  most at once", f"{max(filter(None, sizes)):.2g} GB, beside a batch of images"


def _taken(found: Estimate) -> Iterator[Row]:
    missing = found.declared - found.stored
    yield "  images", f"{found.declared:,}"
    if found.stored:
        yield "  stored already", f"{found.stored:,}"
    yield "  images of a concept", f"{found.per_concept:,}"
    yield from _effort(found, missing)
    if missing and found.allowance:
        yield "  budget", found.allowance


def _effort(found: Estimate, images: int) -> Iterator[Row]:
    if not images:
        yield "  time", "nothing to generate"
        return
    yield "  time", found.pace.time(images)
    if (price := found.pace.cost(images)) is not None:
        yield "  price", price


def _shown(found: Estimate) -> Iterator[Row]:
    yield "Change of MCAS that is called", "with 80 % power, by a comparison of two versions"
    for need in found.needs:
        yield f"  {need.axis}", f"{need.detectable:.2g}"
    yield "  concepts judged together", f"{found.concepts:,}"
    yield "  correlation of pairs", f"{found.pilot.correlation():.2f}"
    if found.further:
        yield "  pairs of a pursued concept", f"{found.pairs:,}"
        yield (
            "  further images of a prompt",
            f"{found.further:,} at most, on average and of each version; not counted above",
        )


def _wanted(found: Estimate) -> Iterator[Row]:
    yield f"For a change of {found.detect:g}", ""
    for need in found.needs:
        needed = "none" if need.images.value is None else f"{need.images.value:,.0f}"
        yield f"  pairs, {need.axis}", needed if need.images.value else need.images.reason or needed
    if found.wanted is None:
        yield "  on every axis", f"out of reach for {MOST_ATTRIBUTE:,} images an attribute prompt"
        return
    yield "  images of a concept", f"{found.wanted.per_concept:,}"
    yield "  images of an attribute prompt", f"{found.wanted.per_attribute:,}"
    yield "  images in all", f"{found.wanted.images:,}"
    yield from _effort(found, found.wanted.images)
