"""Variances of random-effects designs by their mean squares, averaged over concepts, with intervals.

Brennan 2001, *Generalizability Theory*, ch. 3 and 6. A variance that is a difference of two mean squares has the interval of such a
difference; what concepts share makes their mean squares alike, which is in the degrees of freedom (`stats/mean_squares`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.mean_squares import MeanSquare, added, difference_ends, pooled


class Estimate(NamedTuple):
    """A variance, 0 where the estimate is below, with its interval and the degrees of freedom of its mean square."""

    variance: float
    low: float
    high: float
    freedom: float


def crossed(table: Floats) -> tuple[float, float, float]:
    """Variance components of a table (wordings, seeds) of one value a cell: wording, seed, and what is left.

    With the mean squares of the two-way random-effects design, MS_w - MS_r over the seeds, MS_s - MS_r over the wordings, and
    MS_r. Estimates below 0 are returned as they are.
    """
    by_wording, by_seed, rest = ((part**2).sum() / freedom for part, freedom in _crossed_errors(table))
    w, s = table.shape
    return float(by_wording - rest) / s, float(by_seed - rest) / w, float(rest)


def nested(values: Sequence[Floats]) -> tuple[float, float]:
    """Variance between groups of values and within them, by the one-way random-effects design, groups of any sizes above 1."""
    (between, of_between), (within, of_within) = _nested_errors(values)
    squares = float((within**2).sum()) / of_within
    return (float((between**2).sum()) / of_between - squares) / _typical(values), squares


def crossed_estimates(tables: Sequence[Floats], level: float) -> tuple[Estimate, Estimate, Estimate]:
    """Wording, seed, and what is left, averaged over the tables (wordings, seeds) of several concepts."""
    parts = [_crossed_errors(table) for table in tables]
    by_wording, by_seed, rest = (_averaged([part[k] for part in parts]) for k in range(3))
    w, s = (float(np.mean([table.shape[axis] for table in tables])) for axis in (0, 1))
    found = np.maximum(np.mean([crossed(table) for table in tables], axis=0), 0.0)
    return (
        Estimate(float(found[0]), *_divided(difference_ends(by_wording, rest, level), s), by_wording.freedom),
        Estimate(float(found[1]), *_divided(difference_ends(by_seed, rest, level), w), by_seed.freedom),
        Estimate(float(found[2]), *rest.ends(level), rest.freedom),
    )


def nested_estimates(poles: Sequence[Sequence[Sequence[Floats]]], level: float) -> tuple[Estimate, Estimate]:
    """Between groups and within them: of each concept in `poles[p]` the values of each group, the poles added up."""
    between, within, whole = [], [], np.zeros(2)
    for concepts in poles:
        parts = [_nested_errors(groups) for groups in concepts]
        typical = float(np.mean([_typical(groups) for groups in concepts]))
        squares = [_averaged([part[k] for part in parts]) for k in range(2)]
        between.append(MeanSquare(squares[0].value / typical, squares[0].freedom))
        within.append((MeanSquare(squares[1].value / typical, squares[1].freedom), squares[1]))
        whole += np.maximum(np.mean([nested(groups) for groups in concepts], axis=0), 0.0)
    above, below, inside = added(between), added([one for one, _ in within]), added([one for _, one in within])
    return (
        Estimate(float(whole[0]), *difference_ends(above, below, level), above.freedom),
        Estimate(float(whole[1]), *inside.ends(level), inside.freedom),
    )


def spread_estimate(poles: Sequence[Sequence[Floats]], level: float) -> Estimate:
    """The variance of values (u,) of each concept in `poles[p]`, averaged over concepts, the poles added up."""
    found = added([_averaged([(own - own.mean(), len(own) - 1.0) for own in concepts]) for concepts in poles])
    return Estimate(found.value, *found.ends(level), found.freedom)


Errors = tuple[Floats, float]
"""Errors, whose squares add up to a sum of squares, and its degrees of freedom."""


def _crossed_errors(table: Floats) -> tuple[Errors, Errors, Errors]:
    w, s = table.shape
    rows, columns, whole = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = (table - rows[:, None] - columns + whole).ravel()
    return (
        (np.sqrt(s) * (rows - whole), w - 1.0),
        (np.sqrt(w) * (columns - whole), s - 1.0),
        (rest, (w - 1.0) * (s - 1)),
    )


def _nested_errors(values: Sequence[Floats]) -> tuple[Errors, Errors]:
    sizes, means = np.array([len(one) for one in values], dtype=np.float64), np.array([one.mean() for one in values])
    whole = (sizes * means).sum() / sizes.sum()
    within = np.concatenate([one - one.mean() for one in values])
    return (np.sqrt(sizes) * (means - whole), len(sizes) - 1.0), (within, sizes.sum() - len(sizes))


def _typical(values: Sequence[Floats]) -> float:
    """Size of the groups, as it enters the mean square between them."""
    sizes = np.array([len(one) for one in values], dtype=np.float64)
    return float((sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1))


def _averaged(parts: Sequence[Errors]) -> MeanSquare:
    fewest = min(freedom for _, freedom in parts)
    return pooled([errors * np.sqrt(fewest / freedom) for errors, freedom in parts], fewest)


def _divided(ends: tuple[float, float], by: float) -> tuple[float, float]:
    return ends[0] / by, ends[1] / by
