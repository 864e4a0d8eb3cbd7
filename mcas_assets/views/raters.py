"""What raters come to, in a line for each axis."""

from typing import Any

import polars as pl

CHANCE = "1 is agreement, 0 what chance gives"


def review_lines(agreement: pl.DataFrame) -> list[str]:
    """How far raters agree and what is still open; nothing where nobody rated.

    Args:
        agreement: Rows of `rater_agreement` of one audit and system version.
    """
    return [_line(row) for row in agreement.iter_rows(named=True)]


def _line(row: dict[str, Any]) -> str:
    line = (
        f"People on {row['axis']}: {row['n_raters']} rater{'s' * (row['n_raters'] != 1)}, {row['n_rated']} of {row['n_drawn']} "
        f"drawn images answered by two or more, {alpha_text(row)}."
    )
    if row["n_open"]:
        return f"{line} They differ on {row['n_open']}, for a third to settle: mcas review --rater NAME --disagreements"
    if row["n_rated"]:
        return f"{line} Shares by them: mcas sql who-is-shown-to-people"
    return f"{line} A second rater: mcas review --rater NAME"


def alpha_text(row: dict[str, Any]) -> str:
    """Krippendorff's alpha of a row of `rater_agreement` with its interval, or why there is none."""
    if row["alpha"] is None:
        return f"no alpha ({row['reason']})"
    return f"alpha {row['alpha']:.2f} ({row['alpha_low']:.2f} to {row['alpha_high']:.2f}; {CHANCE})"
