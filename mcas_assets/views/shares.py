"""Who is shown, on a terminal: what an audit without scores measured all the same."""

import polars as pl
from rich.console import Group, RenderableType
from rich.text import Text

from mcas_assets.declare.audit import Audit
from mcas_assets.views.drawing import NARROW, plain_table
from mcas_assets.views.numbers import percent, percent_interval

_BAR = {True: 16, False: 24}  # characters of a share of 1, in a narrow and a wide terminal


def by_first(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Those of the first labeller, in the order of the rows: by `columns`, or `labels` and `embedder`."""
    key = columns or ("labels", "embedder")
    return rows.join(rows.head(1).select(key), on=key, how="semi", nulls_equal=True, maintain_order="left")


def axis_shares(
    name: str, scores: pl.DataFrame | None, shares: pl.DataFrame, audit: Audit, width: int
) -> RenderableType:
    """The shares of an axis's groups by the first labeller, under the reason why it has no score, if it has none.

    Args:
        name: The axis.
        scores: Rows of `scores` of the axis where none has a score; None where that is not the question.
        shares: Rows of `representation` of the axis.
        audit: The declaration.
        width: Characters of a line.
    """
    title = name.replace("_", " ")
    why = Text(title if scores is None else f"{title}: no score. {_reason(scores)}.", "bold")
    of_first = by_first(shares).drop_nulls("share")
    if of_first.is_empty():
        return why
    bar = _BAR[width < NARROW]
    note = (
        "Who is shown, as labelled"
        if scores is None
        else "Who is shown, as labelled: without attribute images nothing corrects for label errors."
    )
    table = plain_table()
    for heading, justify in (("concept", "left"), ("group", "left"), ("", "left"), ("share", "right")):
        table.add_column(heading, justify=justify, no_wrap=True)
    table.add_column(f"{audit.inference.level:.0%} interval", justify="right", no_wrap=True)
    table.add_column("images", justify="right", no_wrap=True)
    before = None
    for row in of_first.iter_rows(named=True):
        table.add_row(
            "" if row["concept"] == before else Text(row["concept"]),
            Text(row["group_name"]),
            Text("█" * round(row["share"] * bar), "cyan"),
            percent(row["share"]),
            percent_interval(row["share_low"], row["share_high"]),
            f"{row['n_group']} of {row['n_counted']}",
        )
        before = row["concept"]
    return Group(why, Text(note, "dim"), table)


def _reason(scores: pl.DataFrame) -> str:
    reasons = ", ".join(scores["reason"].drop_nulls().unique(maintain_order=True)) or "no concept is declared"
    return reasons[0].upper() + reasons[1:]
