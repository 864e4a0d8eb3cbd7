"""A calibration to look at: its misses first, and how many goals of each kind are met."""

from collections.abc import Iterator

import polars as pl

COLUMNS = ("kind", "axis", "embedder", "name", "value", "low", "high", "goal", "met", "reason")
OF_CELLS = ("coverage", "harder")
"""Kinds with hundreds of figures, most of which say that all is well."""


def misses_first(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of `calibration`: goals missed for no known reason, those with a reason, the others in their order."""
    if "reason" not in table.columns:  # a copy that an earlier version published
        table = table.with_columns(reason=pl.lit(None, pl.String))
    return table.sort("met", "reason", maintain_order=True, nulls_last=[True, False])


def notable(table: pl.DataFrame) -> pl.DataFrame:
    """Of `misses_first`, all but the cells that meet their goal, or have none."""
    return misses_first(table).filter(~pl.col("met").fill_null(True) | ~pl.col("kind").is_in(OF_CELLS))


def shown(table: pl.DataFrame) -> pl.DataFrame:
    """What a terminal shows."""
    return notable(table).select(COLUMNS)


def unexplained(table: pl.DataFrame) -> int:
    """Goals that are missed for no known reason."""
    return len(table.filter(~pl.col("met"), pl.col("reason").is_null()))


def summary(table: pl.DataFrame) -> Iterator[str]:
    """A line for each kind of figure, then one for the misses."""
    for (kind,), part in table.group_by("kind", maintain_order=True):
        judged = part["met"].drop_nulls()
        yield f"{kind}: {judged.sum()} of {len(judged)} goals are met"
    missed = len(table.filter(~pl.col("met")))
    yield (
        f"{missed} goals are missed, {unexplained(table)} of them for no known reason; "
        'how each figure was found: mcas sql "from calibration"'
    )
