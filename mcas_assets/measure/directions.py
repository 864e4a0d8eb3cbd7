"""The direction of each concept: whether its shares make the associations of a population stronger or undo them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcas_assets.declare.populations import Population
from mcas_assets.scoring.shares.amplification import NO_ASSOCIATION, associations, directional_amplification
from mcas_assets.scoring.shares.representation import wilson_interval

Concept = list[dict[str, Any]]  # rows of `representation`, one a group, in the order of the axis


@dataclass(frozen=True)
class Direction:
    """A concept's part of directional amplification, -1 to 1, with its interval, or why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: str | None = None


NO_SHARES = Direction(why="the concept has no share or no reference for every group")


def directions(concepts: Sequence[Concept], population: Population, level: float) -> dict[str, Direction]:
    """The direction of each concept that has shares and references of all groups. Neutral prompts ask for nothing.

    The sizes of the concepts in the population, where it tells them, decide which group a concept is associated with.
    """
    found = {
        one[0]["concept"]: Direction(why="a neutral prompt is no task")
        for one in concepts
        if one[0]["category"] == "neutral"
    }
    asked = [
        (one, whole(known), population.weight(one[0]["axis"], one[0]["concept"]))
        for one in concepts
        if one[0]["category"] != "neutral"
        and None not in (known := references(one, population))
        and None not in [row[_kind(one)] for row in one]
    ]
    if not asked:
        return found
    drawn = np.array([[row[_kind(one)] for row in one] for one, _, _ in asked])
    fair = np.array([known for _, known, _ in asked])
    weights = [size for _, _, size in asked if size is not None]
    sizes = weights if len(weights) == len(asked) else None
    values, associated = directional_amplification(drawn, fair, sizes), associations(fair, sizes)
    for (one, _, _), value, known, chosen in zip(asked, values.per_concept, fair, associated, strict=True):
        if values.value is None:
            found[one[0]["concept"]] = Direction(why=NO_ASSOCIATION)
            continue
        low, high = _ends(one, chosen, level)
        fair_share, scale = float(known[chosen].sum()), 2 / len(known)
        found[one[0]["concept"]] = Direction(
            float(value),
            None if low is None else scale * (low - fair_share),
            None if high is None else scale * (high - fair_share),
        )
    return found


def references(concept: Concept, population: Population) -> list[float | None]:
    """The share of each group of a concept in a population; None where it has no value."""
    groups = [row["group_name"] for row in concept]
    return [population.share(concept[0]["axis"], concept[0]["concept"], group, groups) for group in groups]


def whole(known: Sequence[float | None]) -> np.ndarray:
    """Published shares are rounded; what is computed from all of them needs them to sum to 1."""
    values = np.array(known, dtype=np.float64)
    return values / values.sum()


def _kind(concept: Concept) -> str:
    return "corrected_share" if concept[0]["corrected_share"] is not None else "share"


def _ends(concept: Concept, chosen: np.ndarray, level: float) -> tuple[float | None, float | None]:
    """Ends of the interval of the share of the chosen groups together; None where the corrected shares do not tell it."""
    is_corrected = _kind(concept) == "corrected_share"
    if not chosen.any():
        return 0.0, 0.0
    if not is_corrected:
        n = sum(row["n_group"] for row, is_one in zip(concept, chosen, strict=True) if is_one)
        return wilson_interval(n, concept[0]["n_counted"], level=level)
    if chosen.sum() == 1:
        one = concept[int(np.flatnonzero(chosen)[0])]
        return one["corrected_low"], one["corrected_high"]
    if (~chosen).sum() == 1:
        other = concept[int(np.flatnonzero(~chosen)[0])]
        return 1 - other["corrected_high"], 1 - other["corrected_low"]
    return None, None
