"""What the rules of tables that tell of a change look at, whatever changed: scores, shares, refusals, the parts of factors."""

import polars as pl

from mcas_assets.quality.expectations import Build, among, between, equal, ordered
from mcas_assets.quality.frames import inside
from mcas_assets.scoring.changes.changes import VERDICTS

EXPLAINED: dict[str, Build] = {"null number has a reason": among("is_unexplained_null", (False,))}
TESTED: dict[str, Build] = {
    "p_value in (0, 1]": between("p_value", 0, 1, above_low=True),
    "q_value in (0, 1]": between("q_value", 0, 1, above_low=True),
    "p_value is at most q_value": ordered("p_value", "q_value"),
}
COMPARED: dict[str, Build] = {
    "verdict is known": among("verdict", VERDICTS),
    **EXPLAINED,
    "after is this version": equal("after", "system_version"),
    "difference lies in its interval": among("is_difference_in_interval", (True,)),
    "a change is shown": among("is_changed_unshown", (False,)),
    **TESTED,
    "minimum_detectable above 0": between("minimum_detectable", 0, None, above_low=True),
}


def compared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a change, with what the rules compare.

    `is_difference_in_interval` is true where there is no interval; `is_changed_unshown` says that a change is claimed without a
    q-value or an interval.
    """
    return rows.with_columns(
        is_difference_in_interval=inside("difference", "low", "high") | pl.col("low").is_null(),
        is_unexplained_null=lacks("difference", pl.col("verdict") != "not judged") & pl.col("reason").is_null(),
        is_changed_unshown=(pl.col("verdict") == "changed") & (pl.col("q_value").is_null() | pl.col("low").is_null()),
    )


def change_error() -> pl.Expr:
    """What a difference misses of that of its two values."""
    return (pl.col("difference") - (pl.col("value_after") - pl.col("value_before"))).abs()


def lacks(value: str, is_tested: pl.Expr | None = None) -> pl.Expr:
    """Whether a value, its interval or, where it is tested with others, its q-value is missing."""
    without_q = pl.col("q_value").is_null()
    if is_tested is not None:
        without_q &= is_tested
    return pl.any_horizontal(pl.col(value, "low").is_null(), without_q)
