"""Who is shown on two axes at once, in a line for each pair of axes."""

import polars as pl

from mcas_assets.views.numbers import percent
from mcas_assets.views.shares import by_first


def intersection_lines(cells: pl.DataFrame) -> list[str]:
    """The shares of pairs of groups over all concepts, by the first labellers, from the most shown pair on.

    Args:
        cells: Rows of `intersections` of one audit and system version; none where the audit has one axis.
    """
    whole = cells.filter(pl.col("concept").is_null())
    of_axes = [
        by_first(rows, "labels_1", "labels_2", "embedder")
        for rows in whole.partition_by("axis_1", "axis_2", maintain_order=True)
    ]
    lines = []
    for (one, two), part in pl.concat([whole.clear(), *of_axes]).group_by("axis_1", "axis_2", maintain_order=True):
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
