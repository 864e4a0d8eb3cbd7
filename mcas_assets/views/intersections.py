"""Who is shown on two axes at once, in a line for each pair of axes."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.views.numbers import percent


def intersection_lines(audit: Audit, cells: pl.DataFrame) -> list[str]:
    """The shares of pairs of groups over all concepts, by the first embedder, from the most shown pair on.

    Args:
        audit: The declaration.
        cells: Rows of `intersections` of one audit and system version; none where the audit has one axis.
    """
    whole = cells.filter(
        pl.col("concept").is_null(), labels_1="zero-shot", labels_2="zero-shot", embedder=audit.embedders[0]
    )
    lines = []
    for (one, two), part in whole.group_by("axis_1", "axis_2", maintain_order=True):
        shown = "; ".join(map(_cell, part.sort("n_cell", descending=True, maintain_order=True).iter_rows(named=True)))
        n = part["n_counted"][0]
        lines.append(
            f"{one} and {two} of {n} images of all concepts: {shown}. By concept: mcas sql who-is-shown-on-two-axes"
        )
    return lines


def _cell(row: dict) -> str:
    name = f"{row['group_1']} and {row['group_2']}"
    if row["share"] is None:
        return f"{name} in {row['n_cell']} images, at most {percent(row['share_high'])}"
    return f"{name} {percent(row['share'])} ({percent(row['share_low'])} to {percent(row['share_high'])})"
