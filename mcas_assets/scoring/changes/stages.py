"""Pairs in rounds: some of every concept first, further ones of the concepts where these point.

How many pairs a concept gets that is never dropped is fixed before anything is drawn, and one that is dropped is never called
changed. So the test of all pairs of a concept holds its level as if all concepts had got that many: dropping for futility can
only take rejections away (Lan, Simon & Halperin 1982, Communications in Statistics C 1: 207), whatever decides of it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.intervals import MIN_UNITS

PRIOR = 8.0
"""Pairs that the variance of all concepts together counts as, beside those of one concept."""


class Stages(NamedTuple):
    """How the pairs of a comparison came about.

    Attributes:
        dropped: (c,) whether a concept did not get all the pairs that it could have got.
        whole: Pairs of a concept that did.
        below: A concept goes on only with a p-value below this; one that was dropped keeps no smaller one.
    """

    dropped: NDArray[np.bool_]
    whole: int
    below: float

    def p_value(self, c: int, p_value: float) -> float:
        """That of a concept once it is counted whether it was dropped."""
        return max(p_value, self.below) if self.dropped[c] else p_value

    def detectable(self, c: int, least: float, n_pairs: int) -> float:
        """The least detectable change of a concept: one that was dropped would have gone on, had it changed by as much."""
        return least * float(np.sqrt(min(n_pairs / self.whole, 1.0))) if self.dropped[c] else least


def first_p_values(pairs: Pairs) -> Floats:
    """(c,) p-values of a change of MCAS by the pairs of each concept so far; 1 for neutral ones, and where they are too few.

    Student's t of the pairs' differences, their variance drawn to that of all concepts (the moderated t of Smyth 2004,
    Statistical Applications in Genetics and Molecular Biology 3: 3): the variance of few two-point values is often 0. The
    attribute images are left out, since all pairs share them. It only says where to look further, and needs no labels.
    """
    moved = (pairs.values[1] - pairs.values[0]).sum(axis=0)
    sizes = np.array([len(rows) for rows in pairs.rows])
    usable = sizes >= MIN_UNITS
    usable[pairs.base] = False
    found = np.ones(len(sizes))
    if not usable.any():
        return found
    variances = np.array(
        [moved[rows].var(ddof=1) if is_usable else 0.0 for rows, is_usable in zip(pairs.rows, usable, strict=True)]
    )
    pooled = np.average(variances[usable], weights=sizes[usable] - 1)
    for c in np.flatnonzero(usable if pooled > 0 else np.zeros_like(usable)):
        own, freedom = moved[pairs.rows[c]], sizes[c] - 1 + PRIOR
        error = np.sqrt(((sizes[c] - 1) * variances[c] + PRIOR * pooled) / freedom / sizes[c])
        found[c] = 2 * stdtr(freedom, -abs(own.mean()) / error)
    return found


def worth_more(p_values: Floats, below: float, most: int) -> NDArray[np.bool_]:
    """(c,) the concepts that get further pairs.

    Args:
        p_values: (a, c) of the pairs so far, on each axis.
        below: On some axis the p-value must be below this.
        most: So many concepts at most, those with the smallest.
    """
    smallest = p_values.min(axis=0)
    chosen = np.zeros(len(smallest), dtype=np.bool_)
    chosen[np.argsort(smallest, kind="stable")[:most]] = True
    return chosen & (smallest < below)
