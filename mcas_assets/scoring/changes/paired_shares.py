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


def paired_share(table: Table, *, level: float = 0.95, family: int = 1) -> Comparison:
    """The change of a share between two versions.

    Args:
        table: Counts of pairs.
        level: Of the interval.
        family: Changes that get a verdict together, as in `Task`.

    Returns:
        Interval by Newcombe's hybrid score (1998, Statistics in Medicine 17: 2635, method 10), p-value by McNemar's mid-p test
        (Lancaster 1961; Fagerland, Lydersen & Laake 2013), minimum detectable change by the variance of Agresti & Min
        (2005, Statistics in Medicine 24: 729), half a count added to each cell, so that it is never 0.
    """
    if not table.n:
        return blank(0, "no pair")
    before, after = table.shares
    if table.n < MIN_UNITS:
        return blank(table.n, FEW_UNITS, after - before)
    n = table.n + 2
    change, spread = (table.only_after - table.only_before) / n, (table.only_before + table.only_after + 1) / n
    error, alpha = float(np.sqrt((spread - change**2) / n)), (1 - level) / family
    return Comparison(
        after - before, *_newcombe(table, level), mid_p(table), None, minimum_detectable(error, level=1 - alpha),
        "not shown", table.n, method="newcombe",
    )  # fmt: skip


def mid_p(table: Table) -> float:
    """Two-sided p-value in (0, 1] that a share is the same in both versions: half of what is as extreme counts."""
    fewer, apart = min(table.only_before, table.only_after), table.only_before + table.only_after
    if table.only_before == table.only_after:
        return 1.0
    return float(bdtr(fewer, apart, 0.5) + (bdtr(fewer - 1, apart, 0.5) if fewer else 0.0))


def _newcombe(table: Table, level: float) -> tuple[float, float]:
    before, after = table.shares
    old, new = (wilson_interval(round(share * table.n), table.n, level=level) for share in (before, after))
    return square_and_add((before, *old), (after, *new), correlation(table))


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


def correlation(table: Table) -> float:
    """Newcombe's phi of the two shares, with half a pair taken off where it is positive, and 0 where a margin is empty."""
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
    table: Table,
    sampling: tuple[CorrectedShares, CorrectedShares],
    *,
    level: float = 0.95,
    family: int = 1,
) -> Comparison:
    """The change of a share from which label error is removed.

    Pairing ties what the two versions were drawn from, so the errors of the shares are correlated as the labels of the pairs
    are; the confusion matrices are measured on images of their own, and their errors are not.

    Args:
        before: Of the old version, at `level`.
        after: Of the new one.
        group: Which of the groups.
        table: Pairs by their labels, of this group or another.
        sampling: The same two shares as if the confusion matrices were known for certain: their errors are those of the
            images alone.
        level: Of the intervals.
        family: As in `paired_share`.

    Returns:
        Interval by `square_and_add`; p-value two-sided by its half-width towards 0, normal.
    """
    n_pairs = table.n
    for one in (before, after):
        if one.reason or not np.isfinite(one.shares[group]):
            return blank(n_pairs, one.reason or "no corrected share")
    old, new = ((float(s.shares[group]), float(s.low[group]), float(s.high[group])) for s in (before, after))
    difference = new[0] - old[0]
    if n_pairs < MIN_UNITS:
        return blank(n_pairs, FEW_UNITS, difference)
    errors = [float(one.standard_error[group]) for one in (before, after)]
    of_images = [float(one.standard_error[group]) for one in sampling]
    both = errors[0] * errors[1]
    between = min(correlation(table) * of_images[0] * of_images[1] / both, 0.99) if both > 0 else 0.0
    low, high = square_and_add(old, new, between)
    half = difference - low if difference > 0 else high - difference
    z = float(ndtri((1 + level) / 2))
    p = float(2 * ndtr(-abs(difference) / half * z)) if half > 0 else 1.0
    error = float(np.sqrt(max(errors[0] ** 2 + errors[1] ** 2 - 2 * between * both, 0.0)))
    least = minimum_detectable(error, level=1 - (1 - level) / family) if error > 0 else None
    return Comparison(
        difference, low, high, max(p, np.finfo(float).tiny), None, least, "not shown", n_pairs, method="mover"
    )
