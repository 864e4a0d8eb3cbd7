"""Two shares of the same requests: paired by prompt and seed, so what counts is where the versions disagree."""

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, ndtr, ndtri

from mcas_assets.scoring.changes.changes import Comparison, blank
from mcas_assets.scoring.shares.label_error import CorrectedShares
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.intervals import FEW_UNITS, MIN_UNITS
from mcas_assets.scoring.stats.power import minimum_detectable


class Table(NamedTuple):
    """How often a thing was so in both versions of a pair, in one of them alone, or in neither. Counts."""

    both: int
    only_before: int
    only_after: int
    neither: int

    @property
    def n(self) -> int:
        """Pairs."""
        return sum(self)

    @property
    def shares(self) -> tuple[float, float]:
        """Share before and after; needs a pair."""
        return (self.both + self.only_before) / self.n, (self.both + self.only_after) / self.n


def paired_table(before: np.ndarray, after: np.ndarray) -> Table:
    """Counts of two (n,) arrays of booleans in the same order."""
    old, new = np.asarray(before, dtype=np.bool_), np.asarray(after, dtype=np.bool_)
    if old.shape != new.shape or old.ndim != 1:
        raise ValueError(f"before and after must be of the same pairs, not {old.shape} and {new.shape}")
    return Table(*(int(np.count_nonzero(cell)) for cell in (old & new, old & ~new, ~old & new, ~old & ~new)))


def paired_share(table: Table, *, level: float = 0.95) -> Comparison:
    """The change of a share between two versions.

    Args:
        table: Counts of pairs.
        level: Of the interval.

    Returns:
        Interval by Newcombe's hybrid score (1998, Statistics in Medicine 17: 2635, method 10), p-value by the exact
        McNemar test (binomial over the pairs that disagree), minimum detectable change by the variance of Agresti & Min
        (2005, Statistics in Medicine 24: 729), half a count added to each cell, so that it is never 0.
    """
    if not table.n:
        return blank(0, "no pair")
    before, after = table.shares
    if table.n < MIN_UNITS:
        return blank(table.n, FEW_UNITS, after - before)
    low, high = _newcombe(table, level)
    apart = table.only_before + table.only_after
    p = 2 * float(bdtr(min(table.only_before, table.only_after), apart, 0.5)) if apart else 1.0
    n = table.n + 2
    change, spread = (table.only_after - table.only_before) / n, (apart + 1) / n
    least = minimum_detectable(float(np.sqrt((spread - change**2) / n)), level=level)
    return Comparison(after - before, low, high, min(p, 1.0), None, least, "not shown", table.n)


def _newcombe(table: Table, level: float) -> tuple[float, float]:
    before, after = table.shares
    old, new = (wilson_interval(round(share * table.n), table.n, level=level) for share in (before, after))
    return square_and_add((before, *old), (after, *new), _correlation(table))


def square_and_add(
    before: tuple[float, float, float], after: tuple[float, float, float], correlation: float = 0.0
) -> tuple[float, float]:
    """Interval of after - before from (estimate, low, high) of each (Zou & Donner 2008, Statistics in Medicine 27: 1693)."""
    (p, p_low, p_high), (q, q_low, q_high) = before, after
    low = _distance(q - q_low, p_high - p, correlation)
    high = _distance(q_high - q, p - p_low, correlation)
    return max(q - p - low, -1.0), min(q - p + high, 1.0)


def _distance(one: float, other: float, correlation: float) -> float:
    return float(np.sqrt(max(one**2 - 2 * correlation * one * other + other**2, 0.0)))


def _correlation(table: Table) -> float:
    """Newcombe's phi, with half a pair taken off where it is positive, and 0 where a margin is empty."""
    both, old, new, neither = table
    margins = (both + old) * (new + neither) * (both + new) * (old + neither)
    if not margins:
        return 0.0
    product = both * neither - old * new
    if product > table.n / 2:
        product -= table.n / 2
    elif product > 0:
        product = 0
    return product / float(np.sqrt(margins))


def corrected_change(
    before: CorrectedShares,
    after: CorrectedShares,
    group: int,
    n_pairs: int,
    *,
    level: float = 0.95,
) -> Comparison:
    """The change of a share from which label error is removed.

    The versions count as independent: what pairing would gain is left unused, since the label errors of the two are
    measured on images of their own, so the interval errs on the wide side.

    Args:
        before: Of the old version, at `level`.
        after: Of the new one.
        group: Which of the groups.
        n_pairs: Pairs that were counted.
        level: Of the intervals.

    Returns:
        Interval by `square_and_add`; p-value two-sided by its half-width towards 0, normal.
    """
    for one in (before, after):
        if one.reason or not np.isfinite(one.shares[group]):
            return blank(n_pairs, one.reason or "no corrected share")
    old, new = ((float(s.shares[group]), float(s.low[group]), float(s.high[group])) for s in (before, after))
    difference = new[0] - old[0]
    if n_pairs < MIN_UNITS:
        return blank(n_pairs, FEW_UNITS, difference)
    low, high = square_and_add(old, new)
    half = difference - low if difference > 0 else high - difference
    z = float(ndtri((1 + level) / 2))
    p = float(2 * ndtr(-abs(difference) / half * z)) if half > 0 else 1.0
    error = float(np.hypot(before.standard_error[group], after.standard_error[group]))
    least = minimum_detectable(error, level=level) if error > 0 else None
    return Comparison(difference, low, high, max(p, np.finfo(float).tiny), None, least, "not shown", n_pairs)
