"""Standardised differences of values in cosine units; of embeddings they are taken in association.py."""

import numpy as np

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Statistic, missing


def effect_size_of_values(first: Floats, second: Floats, ddof: int = 1) -> Statistic:
    """(mean first - mean second) / std over both, for values (n,) and (m,) in cosine units; None with a reason."""
    if not len(first) or not len(second):
        return missing("one of the two sets is empty")
    pooled = np.concatenate([first, second])
    if len(pooled) - ddof < 1 or len(pooled) < 3:
        return missing("fewer than 3 values in the two sets together")
    spread = pooled.std(ddof=ddof)
    if spread < NO_SPREAD:
        return missing("zero variance")
    return Statistic(float((first.mean() - second.mean()) / spread))


def row_effect_sizes(first: Floats, second: Floats) -> tuple[Floats, list[str | None]]:
    """Row-wise effect sizes of cosines (c, n_a) and (c, n_b), and why one is missing."""
    pooled = np.concatenate([first, second], axis=1)
    if not first.shape[1] or not second.shape[1] or pooled.shape[1] < 3:
        few = "fewer than 3 attributes in the two poles together"
        return np.full(len(first), np.nan), [few] * len(first)
    spread = pooled.std(axis=1, ddof=1)
    flat = spread < NO_SPREAD
    effects = (first.mean(axis=1) - second.mean(axis=1)) / np.where(flat, 1.0, spread)
    return effects, ["zero variance" if f else None for f in flat]
