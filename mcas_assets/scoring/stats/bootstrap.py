"""Bootstrap intervals of a mean and of an effect size, with prompts and seeds as the units that are resampled.

Images of one prompt, and images that share a seed, are not independent, so the images themselves are
resampled only where neither is given. With both, prompts and seeds are drawn independently and an image
counts as often as both are drawn: the pigeonhole bootstrap (Owen 2007), which is right for crossed effects
and cautious about the residual. All concepts of an audit at once belong in concept_bootstrap.py.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.mcas.effects import effect_size_of_values
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints, as_vector
from mcas_assets.scoring.stats.intervals import (
    FEW_UNITS,
    MIN_UNITS,
    RESAMPLES,
    Influence,
    Interval,
    Method,
    check_options,
    interval_ends,
)
from mcas_assets.scoring.stats.resampling import as_slice, codes_of, strata_of, unit_count_blocks


class Units(NamedTuple):
    """One kind of unit that is resampled: the unit of each value (n,), and the stratum of each unit (u,)."""

    codes: Ints
    strata: Ints


def one_way_variance(means: ArrayLike) -> float:
    """Closed form of the bootstrap variance of a mean of P clusters of equal size: var0(cluster means) / P."""
    vector = as_vector(means, "means")
    return float(vector.var() / len(vector))


def two_way_variance(table: ArrayLike) -> float:
    """Closed form of the pigeonhole bootstrap variance of the mean of a complete table.

    Args:
        table: (P, S) one value for each prompt and seed.

    Returns:
        {[(1-1/P)(1-1/S)-1] T^2 + (1-1/S) sum row^2 + (1-1/P) sum col^2 + sum z^2} / (PS)^2, with T the
        table's sum.
    """
    z = np.asarray(table, dtype=np.float64)
    p, s = z.shape
    z = z - z.mean()  # the variance does not depend on the mean, but the terms below cancel far better without it
    rows, columns = (z.sum(axis=1) ** 2).sum(), (z.sum(axis=0) ** 2).sum()
    return float(((1 - 1 / s) * rows + (1 - 1 / p) * columns + (z**2).sum()) / (p * s) ** 2)


def bootstrap_interval(
    values: ArrayLike,
    *,
    seeds: ArrayLike | None = None,
    prompts: ArrayLike | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    method: Method = "bca",
    is_expanded: bool = True,
    seed: int = 0,
) -> Interval:
    """Interval of the mean of values, such as the associations of the images of one concept.

    Args:
        values: (n,) float, one per image.
        seeds: (n,) labels; images that share a seed are drawn together.
        prompts: (n,) labels; with two or more prompts they are drawn as well, so the interval covers the
            wording. With one prompt, or none given, it is conditional on the wording.
        level: Nominal coverage.
        resamples: Replicates.
        method: `bca` or `percentile`.
        is_expanded: Correct the tails for few units, see `interval_ends`. False gives the textbook interval.
        seed: Of the draws; the same seed and labels give the same draws, whatever the values.

    Returns:
        The interval; a reason instead of ends when there are fewer than 5 units or nothing varies.

    Raises:
        ValueError: Values that are not finite, labels of another length, or bad options.
    """
    check_options(level, method, resamples)
    z = as_vector(values, "values")
    if not len(z):
        return Interval(None, None, None, None, level, method, resamples, "no images")
    estimate = float(z.mean())
    kinds = _kinds(len(z), prompts, seeds, np.zeros(len(z), dtype=np.int64))
    if max(len(kind.strata) for kind in kinds) < MIN_UNITS:
        return Interval(estimate, None, None, None, level, method, resamples, FEW_UNITS)
    moments = np.stack([np.ones(len(z)), z - estimate], axis=1)
    totals = _totals(moments, kinds, [np.arange(len(z))], resamples, seed)[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        replicates = totals[:, 1] / totals[:, 0] + estimate
    parts = [Influence(np.bincount(kind.codes, weights=moments[:, 1])[None, :] / len(z), kind.strata) for kind in kinds]
    return _interval(estimate, replicates, parts, level, method, is_expanded)


def effect_size_interval(
    first: ArrayLike,
    second: ArrayLike,
    *,
    prompts: tuple[ArrayLike, ArrayLike] | None = None,
    seeds: tuple[ArrayLike, ArrayLike] | None = None,
    ddof: int = 1,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    method: Method = "bca",
    is_expanded: bool = True,
    seed: int = 0,
) -> Interval:
    """Interval of the effect size of two target sets, (mean first - mean second) / std over both.

    Args:
        first: (n,) associations of the targets of X.
        second: (m,) of Y.
        prompts: Labels (n,) and (m,): prompts are drawn within each set.
        seeds: Labels (n,) and (m,): a seed that occurs in both sets is drawn for both together.
        ddof: 1 as in iEAT, 0 as in WEFE.
        level: As in `bootstrap_interval`.
        resamples: As in `bootstrap_interval`.
        method: As in `bootstrap_interval`.
        is_expanded: As in `bootstrap_interval`.
        seed: As in `bootstrap_interval`.

    Returns:
        The interval; a reason when the effect size has none, a set has fewer than 5 units, or nothing varies.

    Raises:
        ValueError: As `bootstrap_interval`.
    """
    check_options(level, method, resamples)
    x, y = as_vector(first, "first"), as_vector(second, "second")
    estimate = effect_size_of_values(x, y, ddof)
    if estimate.value is None:
        return Interval(None, None, None, None, level, method, resamples, estimate.reason)
    z = np.concatenate([x, y])
    z -= z.mean()  # moments about the pooled mean keep their digits
    group = np.repeat([0, 1], [len(x), len(y)])
    both = [None if pair is None else np.concatenate([np.asarray(part) for part in pair]) for pair in (prompts, seeds)]
    if both[0] is not None:  # one wording in both sets is still two prompts
        both[0] = np.unique(both[0], return_inverse=True)[1] * 2 + group
    kinds = _kinds(len(z), both[0], both[1], group)
    for kind in kinds:
        if min(len(np.unique(kind.codes[group == g])) for g in (0, 1)) < MIN_UNITS:
            return Interval(estimate.value, None, None, None, level, method, resamples, FEW_UNITS)
    moments = np.stack([np.ones(len(z)), z, z * z], axis=1)
    sets = [np.flatnonzero(group == 0), np.flatnonzero(group == 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        replicates = _effect(*_totals(moments, kinds, sets, resamples, seed), ddof)
    parts = [_jackknife(moments, kind, group, ddof) for kind in kinds]
    return _interval(estimate.value, replicates, parts, level, method, is_expanded)


def _kinds(n: int, prompts: ArrayLike | None, seeds: ArrayLike | None, group: Ints) -> list[Units]:
    """The kinds of unit to resample: prompts within their set, seeds within the images that they link."""
    kinds = []
    prompt = codes_of(prompts, n, "prompts") if prompts is not None else group
    if prompts is not None and len(np.unique(prompt)) > len(np.unique(group)):
        kinds.append(Units(prompt, strata_of(prompt, group)))
    if seeds is not None or not kinds:
        seed = codes_of(seeds, n, "seeds")
        kinds.append(Units(seed, strata_of(seed, prompt)))
    return kinds


def _totals(moments: Floats, kinds: list[Units], sets: list[Ints], resamples: int, seed: int) -> list[Floats]:
    """Replicates of the column sums of `moments` (n, m) over each set of rows: a list of (resamples, m)."""
    streams = [unit_count_blocks(kind.strata, resamples, seed, f"unit {k}") for k, kind in enumerate(kinds)]
    totals = [np.empty((resamples, moments.shape[1])) for _ in sets]
    if len(kinds) == 1:
        units = len(kinds[0].strata)
        tables = [_by_unit(moments[rows], kinds[0].codes[rows], units) for rows in sets]
        for part, counts in streams[0]:
            for total, table in zip(totals, tables, strict=True):
                np.matmul(counts, table, out=total[part])
        return totals
    crossings = [_Crossing(moments[rows], *(kind.codes[rows] for kind in kinds)) for rows in sets]
    for (part, of_prompts), (_, of_seeds) in zip(*streams, strict=True):
        for total, crossing in zip(totals, crossings, strict=True):
            total[part] = crossing.sums(of_prompts, of_seeds)
    return totals


def _by_unit(moments: Floats, codes: Ints, units: int) -> Floats:
    """Column sums of each unit, (units, m)."""
    sums = [np.bincount(codes, weights=column, minlength=units) for column in moments.T]
    return np.stack(sums, axis=1).astype(np.float64)


class _Crossing:
    """Column sums of rows that count as often as their prompt and their seed together; the first column is all ones."""

    def __init__(self, moments: Floats, prompt: Ints, seed: Ints) -> None:
        self.moments = moments
        (prompts, self.prompt), (seeds, self.seed) = (np.unique(c, return_inverse=True) for c in (prompt, seed))
        self.prompts, self.seeds = as_slice(prompts), as_slice(seeds)
        shape = len(prompts), len(seeds)
        cells = shape[0] * shape[1]
        # With seeds of their own in each prompt the table of all pairs would be nearly empty.
        self.is_sparse = cells > 4 * len(moments)
        if self.is_sparse:
            return
        cell = self.prompt * shape[1] + self.seed
        tables = [np.bincount(cell, weights=m, minlength=cells).reshape(shape) for m in moments.T]
        self.is_complete = bool((tables[0] == 1).all())
        self.table = np.concatenate(tables[self.is_complete :], axis=1)

    def sums(self, of_prompts: Floats, of_seeds: Floats) -> Floats:
        """(rows, m) sums from the counts of all prompts and all seeds of as many replicates."""
        first, second = of_prompts[:, self.prompts], of_seeds[:, self.seeds]
        if self.is_sparse:
            return (first[:, self.prompt] * second[:, self.seed]) @ self.moments
        by_seed = (first @ self.table).reshape(len(first), -1, second.shape[1])
        sums = np.vecdot(by_seed, second[:, None, :])
        if not self.is_complete:
            return sums
        return np.column_stack([first.sum(axis=1) * second.sum(axis=1), sums])


def _effect(x: Floats, y: Floats, ddof: int) -> Floats:
    """Effect sizes from count, sum and sum of squares of the two sets, (r, 3) each; NaN where there is no spread."""
    pooled = x + y
    variance = (pooled[:, 2] - pooled[:, 1] ** 2 / pooled[:, 0]) / (pooled[:, 0] - ddof)
    difference = x[:, 1] / x[:, 0] - y[:, 1] / y[:, 0]
    return np.where(variance > NO_SPREAD**2, difference / np.sqrt(np.maximum(variance, NO_SPREAD**2)), np.nan)


def _jackknife(moments: Floats, kind: Units, group: Ints, ddof: int) -> Influence:
    """Influence of each unit on the effect size, from leaving it out."""
    units = len(kind.strata)
    sums = [_by_unit(moments[group == g], kind.codes[group == g], units) for g in (0, 1)]
    left_out = _effect(*(table.sum(axis=0) - table for table in sums), ddof)
    sizes = np.bincount(kind.strata)[kind.strata]
    values = (sizes - 1) / sizes * (_effect(*(table.sum(axis=0)[None] for table in sums), ddof) - left_out)
    return Influence(np.nan_to_num(values)[None, :], kind.strata)


def _interval(
    estimate: float, replicates: Floats, parts: list[Influence], level: float, method: Method, is_expanded: bool
) -> Interval:
    """One interval out of the ends of many."""
    ends = interval_ends(replicates[None, :], np.array([estimate]), parts, level, method, is_expanded)
    resamples = len(replicates)
    if ends.reasons[0]:
        return Interval(estimate, None, None, None, level, method, resamples, ends.reasons[0])
    low, high, error = (float(column[0]) for column in ends[:3])
    return Interval(estimate, low, high, error, level, method, resamples)
