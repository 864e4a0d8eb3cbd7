"""Whose doing a change is: the effect of each factor on every concept, and its share of the change as a whole.

A factor's effect is a weighted sum of changes over the same prompts and seeds: half of what switching it first did, from the
version before, and half of what switching it last did, to the version after. With two factors these sum to the change
exactly (they are its Shapley values); with more, what they do not add up to is the interaction.

The share of a factor is sum(effect x change) / sum(change^2) over concepts. From the same seeds both products hold the chance
that effect and change have in common, which credits a factor that does nothing. They are therefore cross-fitted: the effect from
some seeds times the change from others. Averaged over all ways to part the seeds, that is the product less the estimated
covariance of its two factors (a U-statistic: Hoeffding 1948).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mcas_assets.scoring.changes.changes import Comparison, Task
from mcas_assets.scoring.changes.comparison import judge
from mcas_assets.scoring.changes.pairs import CHANGES, Pairs, Term, summed
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.intervals import MIN_UNITS

INTERACTION = "interaction"
Weighted = Sequence[tuple[float, Pairs]]


@dataclass(frozen=True)
class Part:
    """The part of one factor.

    Attributes:
        effects: For each concept, of the adjusted score, or of MCAS where there is no baseline.
        share: Of the change over all concepts, cross-fitted. The shares of all factors and the interaction sum to 1. None
            where the change is no larger than what chance alone makes of none.
        low, high: Student's interval of the share by the jackknife over seeds, or None.
    """

    effects: list[Comparison]
    share: float | None
    low: float | None
    high: float | None


def attribute(total: Pairs, factors: Mapping[str, Weighted], task: Task) -> dict[str, Part]:
    """The part of every factor, and of the interaction where there are several or a one-sided recombination.

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
    of_change = _influence(task, [whole[c] for c in asked], column)
    strata = task.draws.groups.seed_strata
    result = {}
    for name, terms in terms_of.items():
        effects = [task.compare(terms[c], len(total.rows[c]))[column] for c in asked]
        judged = judge(effects, task.level, None)
        effect = np.array([one.difference for one in effects], dtype=np.float64)
        of_effect = _influence(task, [terms[c] for c in asked], column)
        products = cross_fitted(effect, change, of_effect, of_change, strata)
        sizes = cross_fitted(change, change, of_change, of_change, strata)
        share = _share(products, sizes, strata, task.level)
        result[name] = Part(judged, *share)
    return result


def asked_concepts(total: Pairs) -> list[int]:
    """The concepts that `attribute` gives effects for, in their order."""
    column = CHANGES.index("adjusted" if len(total.base) else "mcas")
    return [c for c in range(len(total.rows)) if c not in total.base and total.reasons(c)[column] is None]


def _rest(whole: list[Term], parts: list[list[Term]]) -> list[Term]:
    return summed([(1.0, whole), *((-1.0, part) for part in parts)])


def _influence(task: Task, terms: list[list[Term]], column: int) -> Floats:
    """(c, u) influence of each seed on the change of each concept: for a mean of n values, their distances from it by n."""
    return np.array([task.influence_by_seed(one)[column] for one in terms]).reshape(len(terms), -1)


def cross_fitted(one: Floats, other: Floats, of_one: Floats, of_other: Floats, strata: Ints) -> Floats:
    """(1 + u) products of two changes summed over concepts, less their covariance: of all seeds, then without each of them.

    Args:
        one: (c,) the first.
        other: (c,) the second.
        of_one: (c, u) influences of the seeds on the first.
        of_other: (c, u) influences of the seeds on the second.
        strata: (u,) which seeds are drawn among each other.
    """
    sizes = np.bincount(strata)[strata].astype(np.float64)
    by_seed = (of_one * of_other).sum(axis=0)
    shrink = sizes / np.maximum(sizes - 1, 1)
    within = np.bincount(strata, by_seed)[strata]
    covariance = float((by_seed * shrink).sum())
    # Without a seed the mean lies by n / (n - 1) of its influence on the other side, and its cross product is gone.
    fewer = sizes**2 * (within - shrink * by_seed) / np.maximum((sizes - 1) * (sizes - 2), 1)
    without = ((one[:, None] - shrink * of_one) * (other[:, None] - shrink * of_other)).sum(axis=0)
    return np.concatenate([[one @ other - covariance], without - (covariance - within * shrink + fewer)])


def _share(
    products: Floats, sizes: Floats, strata: Ints, level: float
) -> tuple[float | None, float | None, float | None]:
    """(share, low, high): Student's interval by the jackknife over seeds, stratum by stratum (Efron & Tibshirani 1993, ch. 11)."""
    if not sizes[0] > 0:
        return None, None, None
    share = float(products[0] / sizes[0])
    counts = np.bincount(strata)
    if not (sizes > 0).all() or counts.min() < MIN_UNITS:
        return share, None, None
    without = products[1:] / sizes[1:]
    away = without - (np.bincount(strata, without) / counts)[strata]
    error = float(np.sqrt((((counts - 1) / counts)[strata] * away**2).sum()))
    half = float(stdtrit(counts.min() - 1, (1 + level) / 2)) * error
    return share, share - half, share + half
