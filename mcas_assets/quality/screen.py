"""Rules that no row breaks, told by one expression of polars each, so that Great Expectations is asked about the others only.

An audit holds some 190 rules, and nearly all hold nearly always. To import Great Expectations and to ask it of each of them takes
longer than all scores. What is told here is what it would answer, to the last figure; whatever is not plainly held, by a row that
breaks it, a missing column or another type, is left to Great Expectations, whose word it is then.
"""

from dataclasses import dataclass
from typing import Any

import polars as pl

from mcas_assets.quality.expectations import Condition, Facts

_UNANSWERED = (pl.exceptions.ColumnNotFoundError, pl.exceptions.InvalidOperationError, pl.exceptions.SchemaError,
               pl.exceptions.ComputeError)  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What is seen of a rule that no row breaks.

    Attributes:
        checked: How many rows it is about.
        unexpected: 0, or None for a rule on the table as a whole.
        observed: The count of rows; or the share of those that break it in percent, and how many rows have nothing to look at.
    """

    checked: int
    unexpected: int | None
    observed: dict[str, Any]


def screened(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame as `held` takes it: NaN is missing, as it is to Great Expectations."""
    return frame.fill_nan(None)


def held(frame: pl.DataFrame, condition: Condition, facts: Facts) -> Held | None:
    """What is seen of a condition in a frame without NaN if no row breaks it; None where Great Expectations must be asked.

    Raises:
        KeyError: A fact is missing.
    """
    if condition.breaks is None:
        rows, wanted = len(frame), condition.options(facts)
        is_held = wanted["min_value"] <= rows <= wanted["max_value"]
        return Held(rows, None, {"observed_value": rows}) if is_held else None
    is_about = pl.lit(value=True) if condition.where is None else condition.where(pl.col)
    missing = [pl.col(name).is_null() for name in condition.columns]
    is_missing = pl.all_horizontal(missing) if condition.is_together else pl.any_horizontal(missing)
    breaks = condition.breaks if condition.finds_missing else condition.breaks & ~is_missing
    try:
        seen = frame.select(is_about=is_about, is_missing=is_missing, breaks=breaks)
    except _UNANSWERED:
        return None
    if seen["is_about"].null_count():
        return None  # whether the rule is about a row in which what decides that is missing, pandas sees otherwise
    seen = seen.filter("is_about")
    if frame.is_empty() or seen["breaks"].any() or seen["breaks"].null_count():
        return None
    n_missing = int(seen["is_missing"].sum())
    observed = {"unexpected_percent": 0.0} if n_missing < len(seen) else {}
    return Held(len(seen), 0, observed if condition.finds_missing else {**observed, "missing_count": n_missing})
