"""Columns that the frames of several tables have: nulls spelled out, values held against their ends.

Great Expectations looks at scalars only, and passes over nulls. Where a null would be a fault it is spelled out in a column
of its own.
"""

import polars as pl

MISSING = "missing"


def unexplained(value: str, reason: str) -> pl.Expr:
    """Whether a value is null and nothing says why."""
    return pl.col(value).is_null() & pl.col(reason).is_null()


def inside(value: str, low: str, high: str) -> pl.Expr:
    """Whether a value lies between its ends, up to rounding: not without them. Null where the value is."""
    inside = pl.col(value).is_between(pl.col(low) - 1e-9, pl.col(high) + 1e-9).fill_null(value=False)
    return pl.when(pl.col(value).is_not_null()).then(inside)


def or_missing(column: str) -> pl.Expr:
    """The values of a column as text, `MISSING` where there is none: rules pass over nulls."""
    return pl.col(column).cast(pl.String).fill_null(MISSING)


def has_nan(rows: pl.DataFrame) -> pl.Expr:
    """Whether a row holds a NaN in any of its columns."""
    floats = [name for name, dtype in rows.schema.items() if dtype.is_float()]
    return pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_nan().fill_null(value=False) for name in floats))


def total(column: str) -> pl.Expr:
    """The sum, or null where a part is."""
    return pl.when(pl.col(column).is_null().any()).then(None).otherwise(pl.col(column).sum())


def are_within(columns: list[str], low: float, high: float) -> pl.Expr:
    """Whether all values of some columns lie from `low` to `high`, nulls left out."""
    return pl.all_horizontal(pl.col(name).is_between(low, high).fill_null(value=True) for name in columns)
