"""Do the embedders of a panel agree? A score that one embedder turns round is a property of the instrument."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcas_assets.scoring.stats.arrays import Floats, Statistic, missing


@dataclass(frozen=True)
class PanelAgreement:
    """Agreement of e embedders over c concepts.

    Attributes:
        stable: (c,) bool, whether the intervals of all embedders lie on one side of 0.
        reasons: Per concept, why it is not stable, or None.
        sign_agreement: (c,) share of embedders whose score is on the side of the majority, in [0, 1]; NaN where one has none.
        rank_agreement: Kendall's W over the concepts that all embedders scored, in [0, 1], or a reason.
        rank_correlations: (e, e) Spearman correlations of each two embedders; NaN where one ranks all
            concepts alike or fewer than 3 concepts are shared.
    """

    stable: NDArray[np.bool_]
    reasons: tuple[str | None, ...]
    sign_agreement: Floats
    rank_agreement: Statistic
    rank_correlations: Floats


def panel_agreement(scores: ArrayLike, low: ArrayLike, high: ArrayLike) -> PanelAgreement:
    """Hold the scores of a panel of embedders against each other.

    That all embedders lean to one pole is an intersection-union test (Berger 1982): each is tested at the full level, and
    the chance that a concept which some embedder does not see leaning to that pole is called so stays at or below half of
    1 - level for each pole, however the embedders depend on each other.

    Args:
        scores: (e, c) float, one row per embedder; NaN where an embedder has no score.
        low: (e, c) lower ends of their intervals; NaN where there is none.
        high: (e, c) upper ends.

    Returns:
        Agreement of sign and of rank. Sizes are not compared: embedders have scales of their own.

    Raises:
        ValueError: `scores` is not a matrix with a row, or the ends are not of its shape.
    """
    table, lowest, highest = (np.asarray(one, dtype=np.float64) for one in (scores, low, high))
    if table.ndim != 2 or not len(table):
        raise ValueError("scores must be a matrix of one row per embedder")
    if not table.shape == lowest.shape == highest.shape:
        raise ValueError("scores and both ends must have one shape")
    lacking = np.asarray(np.isnan(table).any(axis=0))
    above, below = (table > 0).sum(axis=0), (table < 0).sum(axis=0)
    stable = ~lacking & ((lowest > 0).all(axis=0) | (highest < 0).all(axis=0))
    reasons = tuple(
        None if stable[k] else _why_unstable(table[:, k], lowest[:, k], highest[:, k]) for k in range(table.shape[1])
    )
    known = table[:, ~lacking]
    majority = np.where(lacking, np.nan, np.maximum(above, below) / len(table))
    return PanelAgreement(stable, reasons, majority, _kendall_w(known), _spearman(known))


def _why_unstable(scores: Floats, low: Floats, high: Floats) -> str:
    if np.isnan(scores).any():
        return "an embedder has no score"
    if np.isnan(low).any() or np.isnan(high).any():
        return "an embedder has no interval"
    if (scores > 0).any() and (scores < 0).any():
        return "the sign differs between embedders"
    return "an interval holds 0"


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean rank, along the last axis."""
    values = np.asarray(values, dtype=np.float64)
    smaller = (values[..., None, :] < values[..., :, None]).sum(axis=-1)
    equal = (values[..., None, :] == values[..., :, None]).sum(axis=-1)
    return smaller + (equal + 1) / 2


def _kendall_w(table: Floats) -> Statistic:
    """Kendall's coefficient of concordance, corrected for ties."""
    e, c = table.shape
    if e < 2:
        return missing("fewer than 2 embedders")
    if c < 3:
        return missing("fewer than 3 concepts that all embedders scored")
    ranked = ranks(table)
    ties = sum(float((n**3 - n).sum()) for n in (np.unique(row, return_counts=True)[1] for row in table))
    spread = e**2 * (c**3 - c) - e * ties
    if spread == 0:
        return missing("zero variance")
    return Statistic(float(12 * ((ranked.sum(axis=0) - e * (c + 1) / 2) ** 2).sum() / spread))


def _spearman(table: Floats) -> Floats:
    """Spearman correlations between rows."""
    e, c = table.shape
    if c < 3:
        return np.full((e, e), np.nan)
    centred = ranks(table) - (c + 1) / 2
    length = np.sqrt((centred**2).sum(axis=1))
    scale = np.where(length > 0, length, np.nan)
    return centred @ centred.T / np.outer(scale, scale)
