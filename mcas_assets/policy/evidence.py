"""From a number and its limits to passed, failed or not judged: by the evidence that a requirement asks for, over all its rows.

A breach is tested against the limit itself (a shifted null), and the rows that one requirement judges are one family: their
p-values become q-values (Benjamini & Hochberg 1995). A row that could not have failed is not judged.
"""

import math
from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np

from mcas_assets.scoring.stats.limits import images_to_fail, p_beyond
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

Status = Literal["passed", "failed", "not judged"]
PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_JUDGED: Final = "not judged"

Found = dict[str, Any]


def not_judged(reason: str) -> Found:
    """The columns of a row that cannot be judged."""
    return {"status": NOT_JUDGED, "reason": reason}


def weigh(requirement: Any, found: Found, least: float, most: float, level: float, n: int | None = None) -> Found:
    """A row against its limits, as far as it can be said without the other rows of the requirement.

    Args:
        requirement: Its `evidence`.
        found: `observed`, `low` and `high` among its columns; why a pass would be none (`missed`) and a breach would be
            none (`doubted`), if anything.
        least: The lower limit, which may be minus infinity.
        most: The upper limit.
        level: Of the interval.
        n: Images of a share, which a breach takes some number of; None for what is no share.

    Returns:
        The row with `status`, `threshold`, `n_needed`; and `p_value` where q-values decide, for `settle`.
    """
    observed, low, high = found.get("observed"), found.get("low"), found.get("high")
    found = {**found, "threshold": most if observed is None or observed >= 0 or least == 0 else least}
    if observed is None:
        return found | not_judged(found.get("reason") or "there is no value")
    if requirement.evidence == "estimate":
        return _qualified(found | {"missed": None} | _said(not least <= observed <= most, "the estimate lies beyond"))
    if low is None or high is None:
        return found | not_judged(found.get("reason") or "there is no interval")
    if requirement.evidence == "equivalence":
        return _qualified(
            found | {"missed": None} | _said(low < least or high > most, "the interval does not lie within")
        )
    if n is not None:
        found |= _needs(n, images_to_fail(least, most, level))
    if requirement.evidence == "interval":
        return _qualified(found | _said(low > most or high < least, "the whole interval lies beyond"))
    limit = most if observed > most else least
    p_value = 1.0 if least <= observed <= most else p_beyond(observed, low, high, limit, level, is_share=n is not None)
    sides = 1 if math.isinf(least) else 2
    return found | {"p_value": min(1.0, sides * (p_value or 1.0)), "reason": None, "status": PASSED}


def settle(requirement: Any, rows: Sequence[Found]) -> list[Found]:
    """The statuses of all rows of a requirement, where q-values decide: those over the rows that have a p-value."""
    p_values = np.array([np.nan if row.get("p_value") is None else row["p_value"] for row in rows], dtype=np.float64)
    n_family = int((~np.isnan(p_values)).sum())
    settled = []
    for row, p_value, q_value in zip(rows, p_values, benjamini_hochberg(p_values), strict=True):
        if not math.isnan(p_value):
            said = _said(bool(q_value <= requirement.q_below), f"lies beyond its limit, of {n_family} judged together")
            row = _qualified(row | {"q_value": float(q_value), "n_family": n_family} | said)
        settled.append({name: value for name, value in row.items() if name not in ("p_value", "missed", "doubted")})
    return settled


def _said(is_breach: bool, said: str) -> Found:
    return {"status": FAILED if is_breach else PASSED, "reason": said if is_breach else None}


def _needs(n: int, needed: int | None) -> Found:
    if needed is None or n >= needed:
        return {"n_needed": needed}
    return {"n_needed": needed, "missed": f"it could not fail: that takes {needed} images, and there are {n}"}


def _qualified(row: Found) -> Found:
    reason = row.get({PASSED: "missed", FAILED: "doubted"}[row["status"]])
    return row | not_judged(reason) if reason else row
