"""Which ranks numbers can have, given how sure their differences are: simultaneous confidence sets for ranks.

Mogstad, Romano, Shaikh & Wilhelm (2024, Review of Economic Studies 91: 476): with intervals of all pairwise differences that
hold together at a level, a number ranks below each that is surely larger and above each that is surely smaller. The sets of
all ranks then hold together at that level, ties and near ties included. Here the intervals hold together by Bonferroni's
inequality: their dependence is known too badly from few seeds to be made use of.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mcas_assets.scoring.stats.arrays import Floats, Ints


@dataclass(frozen=True)
class Ranks:
    """Ranks of p numbers from the largest, 1 to p; numbers that are equal have the same.

    Attributes:
        rank: (p,) of the estimates.
        low, high: (p,) ends of the sets of ranks. high - low others cannot be told apart from a number.
    """

    rank: Ints
    low: Ints
    high: Ints


def pairwise_alpha(count: int, level: float) -> float:
    """The level alpha of each of the intervals of all differences of `count` numbers, 2 or more, that together hold at `level`."""
    return 2 * (1 - level) / (count * (count - 1))


def rank_sets(estimates: Floats, low: Floats) -> Ranks:
    """Ranks from simultaneous intervals of differences.

    Args:
        estimates: (p,).
        low: (p, p) lower end of the interval of number i less number j.
    """
    larger = low > 0
    np.fill_diagonal(larger, False)
    rank = 1 + (estimates[None, :] > estimates[:, None]).sum(axis=1)
    return Ranks(rank, 1 + larger.sum(axis=0), len(estimates) - larger.sum(axis=1))


def normal_ranks(estimates: Floats, errors: Floats, level: float) -> Ranks:
    """Ranks of independent normal estimates (p,) with standard errors (p,), whose sets hold together at `level`."""
    if len(estimates) < 2:
        return rank_sets(estimates, np.zeros((len(estimates),) * 2))
    z = -float(ndtri(pairwise_alpha(len(estimates), level) / 2))
    apart = estimates[:, None] - estimates[None, :]
    return rank_sets(estimates, apart - z * np.hypot(errors[:, None], errors[None, :]))
