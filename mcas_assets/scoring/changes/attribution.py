"""Whose doing a change is: the effect of each factor on every concept, and its share of the change as a whole.

A factor's effect is a weighted sum of changes over the same prompts and seeds: half of what switching it first did, from the
version before, and half of what switching it last did, to the version after. With two factors these sum to the change
exactly (they are its Shapley values); with more, what they do not add up to is the interaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.changes.changes import Comparison, Task
from mcas_assets.scoring.changes.comparison import judge
from mcas_assets.scoring.changes.pairs import CHANGES, Pairs, Term, summed

INTERACTION = "interaction"
Weighted = Sequence[tuple[float, Pairs]]


@dataclass(frozen=True)
class Part:
    """The part of one factor.

    Attributes:
        effects: For each concept, of the adjusted score, or of MCAS where there is no baseline.
        share: Of the change over all concepts: sum of effect x change / sum of change squared. The shares of all factors
            and the interaction sum to 1. None where nothing changed.
        low, high: Percentile interval of the share, or None.
    """

    effects: list[Comparison]
    share: float | None
    low: float | None
    high: float | None


def attribute(total: Pairs, factors: Mapping[str, Weighted], task: Task) -> dict[str, Part]:
    """The part of every factor, and of the interaction where there are several or a one-sided replay.

    Args:
        total: The pairs of the two versions.
        factors: For each factor the weighted changes that its effect is the sum of; all over the rows of `total`.
        task: How intervals and tests are made.

    Raises:
        ValueError: Changes of other prompts or seeds.
    """
    column = CHANGES.index("adjusted" if len(total.base) else "mcas")
    asked = asked_concepts(total)
    whole = {c: total.terms(c) for c in asked}
    terms_of = {
        name: {c: summed([(w, pairs.terms(c)) for w, pairs in weighted]) for c in asked}
        for name, weighted in factors.items()
    }
    terms_of[INTERACTION] = {c: _rest(whole[c], [part[c] for part in terms_of.values()]) for c in asked}
    change = np.array([task.differences(whole[c])[column] for c in asked])
    drawn = np.array([task.replicates(whole[c])[column] for c in asked]).reshape(len(asked), -1)
    result = {}
    for name, terms in terms_of.items():
        effects = [task.compare(terms[c], len(total.rows[c]))[column] for c in asked]
        judged = judge(effects, task.level, None)
        effect = np.array([one.difference for one in effects], dtype=np.float64)
        resampled = np.array([task.replicates(terms[c])[column] for c in asked]).reshape(len(asked), -1)
        result[name] = Part(judged, *_share(effect, change, resampled, drawn, task.level))
    return result


def asked_concepts(total: Pairs) -> list[int]:
    """The concepts that `attribute` gives effects for, in their order."""
    column = CHANGES.index("adjusted" if len(total.base) else "mcas")
    return [c for c in range(len(total.rows)) if c not in total.base and total.reasons(c)[column] is None]


def _rest(whole: list[Term], parts: list[list[Term]]) -> list[Term]:
    return summed([(1.0, whole), *((-1.0, part) for part in parts)])


def _share(
    effect: np.ndarray, change: np.ndarray, effects: np.ndarray, changes: np.ndarray, level: float
) -> tuple[float | None, float | None, float | None]:
    """(share, low, high) from (c,) and their replicates (c, r)."""
    size = float(change @ change)
    if not size > 0:
        return None, None, None
    sizes = (changes**2).sum(axis=0)
    if not (sizes > 0).all():
        return float(effect @ change) / size, None, None
    low, high = np.quantile((effects * changes).sum(axis=0) / sizes, [(1 - level) / 2, (1 + level) / 2])
    return float(effect @ change) / size, float(low), float(high)
