"""Whose doing a change is, at a glance, on a terminal: a bar for each factor, and what it did to each concept."""

from collections.abc import Sequence

import polars as pl
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcas_assets.declare.audit import Audit
from mcas_assets.scoring.changes.attribution import INTERACTION
from mcas_assets.views.drawing import plain_table
from mcas_assets.views.numbers import change, percent, percent_interval

WIDTH = 24  # characters of a share of 1
MOST = 8  # concepts that are shown of an axis


def print_attribution(
    console: Console, audit: Audit, pair: tuple[str, str], rows: pl.DataFrame, not_recombined: Sequence[tuple[str, str]]
) -> None:
    """Print the parts of one pair of versions, by the first embedder of the panel.

    Args:
        console: Where to.
        audit: The declaration.
        pair: The two versions.
        rows: Rows of `attributions`.
        not_recombined: What differs and was not recombined: (factor, why or how).
    """
    console.print(Text.assemble((pair[0], "bold"), "  ▶  ", (pair[1], "bold")))
    first = rows.filter(embedder=audit.embedders[0])
    for name, axis in audit.axes.items():
        of_axis = first.filter(axis=name)
        if of_axis.is_empty():
            continue
        console.print(f"\n{name.replace('_', ' ')}: share of the change", style="bold")
        console.print(_shares(of_axis.filter(pl.col("concept").is_null())))
        console.print(_concepts(of_axis.filter(pl.col("concept").is_not_null()), axis.a.name, axis.b.name))
    if not_recombined:
        console.print("\nNot recombined, so of unknown part", style="bold yellow")
        for factor, why in not_recombined:
            console.print(Text.assemble("  ", (factor, "yellow"), "  ", why), highlight=False)


def _shares(rows: pl.DataFrame) -> Table:
    table = plain_table(show_header=False)
    for row in rows.iter_rows(named=True):
        share = row["share"]
        if share is None:
            table.add_row(row["factor"], Text(row["reason"] or "", "dim"))
            continue
        style = "dim" if row["factor"] == INTERACTION else "cyan" if share >= 0 else "magenta"
        bar = Text("█" * round(min(abs(share), 1.5) * WIDTH), style)
        table.add_row(row["factor"], bar, percent(share), percent_interval(row["share_low"], row["share_high"]))
    return table


def _concepts(rows: pl.DataFrame, a: str, b: str) -> Table:
    """The concepts that moved most, and each factor's part, with a star where its q-value is at most 0.05."""
    factors = rows["factor"].unique(maintain_order=True).to_list()
    total = rows.group_by("concept", maintain_order=True).agg(pl.col("effect").sum())
    table = plain_table(caption=f"above 0 towards {a}, below towards {b}; * q ≤ 0.05")
    table.add_column("concept", no_wrap=True)
    for name in ("change", *factors):
        table.add_column(name, justify="right", no_wrap=True)
    largest = total.sort(pl.col("effect").abs(), descending=True, maintain_order=True).head(MOST)
    for concept, effect in largest.iter_rows():
        cells = [concept, change(effect)]
        for factor in factors:
            row = rows.filter(concept=concept, factor=factor).row(0, named=True)
            star = "*" if row["q_value"] is not None and row["q_value"] <= 0.05 else " "
            cells.append("" if row["effect"] is None else f"{change(row['effect'])}{star}")
        table.add_row(*cells)
    return table
