"""In how many universes each finding holds, in a line for each axis."""

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.views.numbers import percent

FEWEST = 3  # concepts that are named


def multiverse_lines(audit: Audit, rows: pl.DataFrame) -> list[str]:
    """Of the scores of each axis: how often a concept keeps the sign that it has as declared, and which keep it least.

    Args:
        audit: The declaration.
        rows: Rows of `multiverse` of one audit and system version; none in homes from before there were any.
    """
    lines = []
    for axis in audit.axes:
        scores = rows.filter(axis=axis, measure="score").drop_nulls("value")
        declared = scores.filter("is_declared").select("concept", sign=pl.col("value").sign())
        held = scores.join(declared, on="concept").group_by("concept", maintain_order=True)
        parts = held.agg(part=(pl.col("value").sign() == pl.col("sign")).mean(), n=pl.len()).sort(
            "part", maintain_order=True
        )
        if parts.is_empty():
            continue
        always = int((parts["part"] == 1).sum())
        line = (
            f"{axis}: of {len(parts)} concepts {always} lean to one pole in all {parts['n'].max()} universes of choices"
        )
        turned = [
            f"{name} {percent(part)}" for name, part, _ in parts.filter(pl.col("part") < 1).head(FEWEST).iter_rows()
        ]
        lines.append(
            line + (f"; as declared in fewest: {', '.join(turned)}" if turned else "") + ". All: mcas sql multiverse"
        )
    return lines
