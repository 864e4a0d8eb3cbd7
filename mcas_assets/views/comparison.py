"""What a comparison says at a glance, on a terminal: a headline, where each concept went, and the truth where it is known."""

from collections.abc import Mapping

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcas_assets.compare.summary import JUDGED
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import Axis
from mcas_assets.views.audit import Truth
from mcas_assets.views.drawing import (
    A_COLOUR,
    B_COLOUR,
    NARROW,
    axis_title,
    cell_of,
    plain_table,
    poles_heading,
    track,
)
from mcas_assets.views.fidelity import change_line
from mcas_assets.views.numbers import change, interval, p_value, percent, signed

HALF = 10  # width of one side of the track, in characters
FEWEST = 10  # concepts that are shown of an axis, changed or not
COLOURS = {"changed": "bold yellow", "not shown": "dim", "underpowered": "blue", "not judged": "dim"}
Truths = tuple[Truth | None, Truth | None]


def print_comparison(
    console: Console, audit: Audit, tables: Mapping[str, pl.DataFrame], truths: Truths, every: bool = False
) -> None:
    """Print one pair of versions.

    Args:
        console: Where to.
        audit: The declaration.
        tables: The rows of the pair, by table.
        truths: What is known of the system before and after, if anything.
        every: Show every concept, not only those that changed and the next largest changes.
    """
    summary = tables["comparison_summary"]
    _print_headline(console, audit, summary)
    for name, axis in audit.axes.items():
        rows = tables["comparisons"].filter(axis=name, component=JUDGED).filter(pl.col("category") != "neutral")
        head = summary.filter(axis=name, embedder=audit.embedders[0])
        console.print(_axis_table(console, audit, name, axis, rows, truths, every))
        console.print(_axis_note(audit, axis, rows, head.row(0, named=True) if len(head) else None), style="dim")
        console.print()
    console.print(_shares(audit, tables["share_comparisons"]))
    console.print(_refusals(tables["refusal_comparisons"]))
    if pictures := change_line(audit, tables["fidelity_comparisons"]):
        console.print(Text.assemble(("Pictures      ", "bold"), pictures))
    console.print()
    _print_factors(console, tables["comparison_factors"])


def _print_headline(console: Console, audit: Audit, summary: pl.DataFrame) -> None:
    whole = summary.filter(pl.col("axis").is_null()).row(0, named=True)
    console.print(Text.assemble((f"{whole['before']}", "bold"), "  ▶  ", (f"{whole['after']}", "bold")))
    parts = []
    for name in audit.axes:
        head = summary.filter(axis=name, embedder=audit.embedders[0]).row(0, named=True)
        parts.append(f"{head['n_changed']} of {head['n_concepts']} concepts on {name.replace('_', ' ')}")
    p = whole["any_p_value"]
    of_any = f"test that nothing changed at all: p = {p_value(p)}" if p is not None else whole["reason"] or ""
    verdict = Text(whole["verdict"].upper(), COLOURS[whole["verdict"]])
    console.print(Text.assemble(verdict, "  ", " · ".join(parts), " · ", of_any))
    if whole["verdict"] == "not shown":
        console.print("No change is shown at this number of images. That is no proof that there is none.", style="dim")
    if whole["further_note"]:
        console.print(f"Further: {whole['further_note']}", style="dim", highlight=False)
    lone = [f"{whole[f'n_only_{when}']} only {when}" for when in ("before", "after") if whole[f"n_only_{when}"]]
    pairs = (
        f"{whole['n_pairs']:,} pairs of images of one prompt and seed; without a partner: {', '.join(lone) or 'none'}"
    )
    console.print(pairs + "\n", style="dim", highlight=False)


def _axis_table(
    console: Console, audit: Audit, name: str, axis: Axis, rows: pl.DataFrame, truths: Truths, every: bool
) -> Table:
    first = rows.filter(embedder=audit.embedders[0])
    is_changed = pl.col("verdict") == "changed"
    size = pl.col("difference").abs()
    shown = first.sort([is_changed, size], descending=True, nulls_last=True, maintain_order=True)
    if not every:
        shown = shown.head(max(FEWEST, int((first["verdict"] == "changed").sum())))
    known = [truth.of(name, axis.b.name) if truth else None for truth in truths]
    is_narrow = console.width < NARROW
    table = plain_table(axis_title(name, axis))
    table.add_column("concept", no_wrap=True)
    table.add_column(poles_heading(axis, HALF), no_wrap=True)
    table.add_column("change", justify="right", no_wrap=True)
    if not is_narrow:
        table.add_column("interval", justify="right", no_wrap=True)
    table.add_column("q", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    with_needs = bool((shown["verdict"] == "underpowered").any())
    if with_needs:
        table.add_column("needs", justify="right", no_wrap=True)
    if len(audit.embedders) > 1 and not is_narrow:
        table.add_column("panel", no_wrap=True)
    if all(one is not None for one in known):
        table.add_column(f"{axis.b.name} drawn", justify="right", no_wrap=True)
    widest = max((abs(v) for v in [*first["value_before"], *first["value_after"]] if v is not None), default=1.0) or 1.0
    for row in shown.iter_rows(named=True):
        cells: list[str | Text] = [row["concept"], _track(row["value_before"], row["value_after"], widest)]
        mark = "*" if row["interval_note"] else ""
        cells.append(change(row["difference"]) + (mark if is_narrow else ""))
        if not is_narrow:
            cells.append(interval(row["low"], row["high"]) + mark)
        cells += [p_value(row["q_value"]), Text(row["verdict"], COLOURS[row["verdict"]])]
        if with_needs:
            cells.append(f"{row['n_needed']:,}" if row["verdict"] == "underpowered" and row["n_needed"] else "")
        if len(audit.embedders) > 1 and not is_narrow:
            cells.append(_panel(rows, row))
        if all(one is not None for one in known):
            cells.append(_truth(known, row["concept"]))
        table.add_row(*cells)
    return table


def _track(before: float | None, after: float | None, widest: float) -> Text:
    """Where a concept was (○) and where it is (● in the colour of the pole it moved towards)."""
    if before is None or after is None:
        return Text("no pairs", "dim")
    start, end = (cell_of(value, widest, HALF) for value in (before, after))
    colour = A_COLOUR if after > before else B_COLOUR
    cells = dict.fromkeys(range(min(start, end) + 1, max(start, end)), ("━", colour))
    cells[start] = ("○", colour)
    cells[end] = ("●" if start == end else "▶" if after > before else "◀", f"bold {colour}")
    return track(cells, HALF)


def _panel(rows: pl.DataFrame, row: dict) -> str:
    """How many embedders of the panel say the same of a concept: verdict, and direction where it changed."""
    others = rows.filter(concept=row["concept"])
    side = pl.col("difference").sign() == (1 if (row["difference"] or 0) > 0 else -1)
    same = others.filter((pl.col("verdict") == row["verdict"]) & (side | pl.lit(row["verdict"] != "changed")))
    return f"{len(same)} of {len(others)}"


def _truth(known: list[pl.DataFrame | None], concept: str) -> str:
    shares = []
    for one in known:
        realised = one.filter(concept=concept)["realised"] if one is not None else []
        shares.append(realised[0] if len(realised) else None)
    return " ▶ ".join(percent(share, "?") for share in shares)


def _axis_note(audit: Audit, axis: Axis, rows: pl.DataFrame, head: dict | None) -> Text:
    if head is None:
        return Text("")
    parts = []
    if head["n_changed"]:
        ways = f"{head['n_towards_a']} towards {axis.a.name}, {head['n_towards_b']} towards {axis.b.name}"
        parts.append(f"{head['n_changed']} changed: {ways}; {head['n_weaker']} lean less")
    if head["lean_change"] is not None and head["lean_low"] is not None:
        ends = interval(head["lean_low"], head["lean_high"], digits=3)
        lean = f"{signed(head['lean_change'])} ({ends}, p = {p_value(head['lean_p_value'])})"
        parts.append(f"mean size of the lean {lean}")
    first = rows.filter(embedder=audit.embedders[0])
    least = first["minimum_detectable"].drop_nulls()
    if head["noise_band"] is not None and len(least):
        parts.append(f"noise: the same version with other seeds moves by up to {head['noise_band']:.2f}")
        parts.append(f"a change of {least.median():.2f}, were it the only one, is found 8 times in 10")
    if n_noted := len(first["interval_note"].drop_nulls()):
        parts.append(
            f"* {n_noted} intervals did not hold their level in simulation, or are a bootstrap's: see interval_note"
        )
    if (first["verdict"] == "underpowered").any():
        wanted = f"{audit.inference.detectable:g}"
        parts.append(
            f"underpowered: a change of {wanted} could be missed; `needs` says with how many pairs it would not be"
        )
    return Text(". ".join(part[0].upper() + part[1:] for part in parts) + ("." if parts else ""))


def _shares(audit: Audit, rows: pl.DataFrame) -> Text:
    """Which shares changed, by the first embedder, of one group where there are two."""
    first = rows.filter(measure="share", verdict="changed", embedder=audit.embedders[0])
    parts = []
    for row in first.iter_rows(named=True):
        groups = [group.name for group in audit.axes[row["axis"]].groups]
        if len(groups) > 2 or row["group_name"] == audit.axes[row["axis"]].b.name:
            ends = f"{percent(row['value_before'])} ▶ {percent(row['value_after'])}"
            parts.append(f"{row['concept']} {row['group_name']} {ends}")
    tested = rows.filter(measure="share", embedder=audit.embedders[0]).select("axis", "concept").n_unique()
    return Text.assemble(
        ("Who is shown  ", "bold"),
        "; ".join(parts) or f"of {tested} shares no change is shown at this number of images",
    )


def _refusals(rows: pl.DataFrame) -> Text:
    before, after, n = (int(rows[name].sum()) for name in ("n_refused_before", "n_refused_after", "n_pairs"))
    changed = rows.filter(verdict="changed")
    parts = [
        f"{row['subject']} {row['n_refused_before']} ▶ {row['n_refused_after']}"
        for row in changed.iter_rows(named=True)
    ]
    counts = f"{before} ▶ {after} of {n:,} uses of an image" + (f"; changed: {', '.join(parts)}" if parts else "")
    lost = int(rows["n_unsettled"].sum())
    return Text.assemble(("Refusals      ", "bold"), counts, f"; {lost} not settled by both" if lost else "")


def _print_factors(console: Console, rows: pl.DataFrame) -> None:
    """What differs, a line a kind."""
    if rows.is_empty():
        console.print("Nothing else differs: the two are one system under two names.", style="dim")
        return
    console.print("What differs between the two", style="bold")
    for (kind,), part in rows.group_by("kind", maintain_order=True):
        ways = part.select("factor", "value_before", "value_after").fill_null("none").iter_rows()
        differences = "; ".join(dict.fromkeys(f"{factor} {old} ▶ {new}" for factor, old, new in ways))
        colour = "" if kind == "weights" else "yellow"
        console.print(Text.assemble("  ", (f"{kind:<12}", colour), differences), highlight=False)
    others = rows.filter(pl.col("kind") != "weights")
    if len(others):
        ask = "; mcas attribute tells their parts" if others["is_replayable"].any() else ""
        warning = f"  More than the weights differs, so what changed need not be the weights' doing{ask}."
        console.print(warning, style="yellow")
