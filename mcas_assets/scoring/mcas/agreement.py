"""Do the embedders of a panel agree? A score that one embedder turns round is a property of the instrument."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcas_assets.scoring.stats.arrays import Floats, Statistic, missing


@dataclass(frozen=True)
class PanelAgreement:
    """Agreement of e embedders over c concepts.

    Attributes:
        stable: (c,) bool, whether all embedders give the concept one sign.
        reasons: Per concept, why it is not stable, or None.
        sign_agreement: (c,) share of embedders on the side of the majority, in [0.5, 1]; NaN beside a reason.
        rank_agreement: Kendall's W over the concepts that all embedders scored, in [0, 1], or a reason.
        rank_correlations: (e, e) Spearman correlations of each two embedders; NaN where one ranks all
            concepts alike or fewer than 3 concepts are shared.
    """

    stable: NDArray[np.bool_]
    reasons: tuple[str | None, ...]
    sign_agreement: Floats
    rank_agreement: Statistic
    rank_correlations: Floats


def panel_agreement(scores: ArrayLike) -> PanelAgreement:
    """Hold the scores of a panel of embedders against each other.

    Args:
        scores: (e, c) float, one row per embedder; NaN where an embedder has no score.

    Returns:
        Agreement of sign and of rank. Sizes are not compared: embedders have scales of their own.

    Raises:
        ValueError: `scores` is not a matrix with a row.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or not len(table):
        raise ValueError("scores must be a matrix of one row per embedder")
    lacking = np.asarray(np.isnan(table).any(axis=0))
    above, below = (table > 0).sum(axis=0), (table < 0).sum(axis=0)
    stable = np.where(lacking, False, np.maximum(above, below) == len(table))
    reasons = tuple(
        "an embedder has no score" if lacking[k] else None if stable[k] else "the sign differs between embedders"
        for k in range(table.shape[1])
    )
    known = table[:, ~lacking]
    majority = np.where(lacking, np.nan, np.maximum(above, below) / len(table))
    return PanelAgreement(stable, reasons, majority, _kendall_w(known), _spearman(known))


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
