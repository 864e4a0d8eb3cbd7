"""Whether associations of a population are made stronger, in a line for each axis and population."""

import polars as pl

from mcas_assets.views.numbers import interval, signed
from mcas_assets.views.shares import by_first


def amplification_lines(means: pl.DataFrame) -> list[str]:
    """Mean directional amplification by the first labeller of each axis, corrected where they can be.

    Args:
        means: Rows of `mean_amplification` of one audit and system version; none in homes from before there were any.
    """
    of_axes = [by_first(rows) for rows in means.partition_by("axis", maintain_order=True)]
    first = pl.concat(of_axes).drop_nulls("mean") if of_axes else means
    lines = []
    for (axis, population), rows in first.group_by("axis", "population", maintain_order=True):
        row = rows.sort("measure").row(0, named=True)  # corrected_share before share
        shares = "corrected shares" if row["measure"] == "corrected_share" else "shares as labelled"
        mark, note = ("*", f"* {row['note']}. ") if row["note"] else ("", "")
        weighted = ", each by its size there" if row["is_weighted"] else ""
        lines.append(
            f"{axis}: associations of {population} are {_said(row['low'], row['high'])}: mean over {row['n_concepts']} "
            f"concepts{weighted} {signed(row['mean'], 2)} ({interval(row['low'], row['high'])}{mark}), {shares} of "
            f"{row['n_images']} images, as sure as {row['n_effective']:.0f} that share no seed. "
            f"{note}All: mcas sql does-it-make-associations-stronger"
        )
    return lines


def _said(low: float, high: float) -> str:
    return "made stronger" if low > 0 else "undone in part" if high < 0 else "not shown to be made stronger or weaker"
