"""Shares with people as the reference: all images are labelled, some of them are rated, and the rated say what the labels mean.

Prediction-powered inference (Angelopoulos et al. 2023, Science 382: 669) adds to the mean of the labels what the labels miss on
the rated images. For labels of a few kinds, with the rated images of each kind standing for the others of it (Fisch et al. 2024,
"Stratified prediction-powered inference"), that is double sampling (Tenenbein 1970, JASA 65: 1350):

    part of group g = sum over labels l of (share of images labelled l) x (share of g among the rated images labelled l)

Nothing is assumed of the labels. They may be wrong about one group, or unclear, as they like: the better they are, the narrower.
"""

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.shares.label_error import DRAWS, PRIOR, CorrectedShares
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.arrays import Floats

FEW = "fewer than 5 images were rated"
MIN_RATED = 5


def prediction_powered(labelled: ArrayLike, rated: ArrayLike, *, level: float = 0.95, seed: int = 0) -> CorrectedShares:
    """Shares of k groups among the images in which people tell one.

    Args:
        labelled: (k + 1,) counts of all images by label, the last = labelled as no group.
        rated: (k + 1, k + 1) counts of the rated images among them, row = label, column = what people say, the last = no group.
            They must be drawn without a look at label or picture.
        level: Nominal coverage.
        seed: Of the draws.

    Returns:
        A label of which no image is rated is taken to mean what all rated images show. The interval is Wilson's, which holds
        where a share is near 0 or 1, for as many images as would leave the share as unsure as the counts do: that is told by
        `DRAWS` draws of the two sources of error, the labels of other images and the meaning of labels, from their posteriors
        under Jeffreys' prior.

    Raises:
        ValueError: Negative counts, shapes that do not match, more rated than labelled images, or a level outside (0, 1).
    """
    seen, table = np.asarray(labelled, dtype=np.float64), np.asarray(rated, dtype=np.float64)
    k = len(seen) - 1 if seen.ndim == 1 else 0
    if k < 2 or table.shape != (k + 1, k + 1):
        raise ValueError(f"rated must be (labels, labels) for (labels,), not {table.shape} for {seen.shape}")
    if (table < 0).any() or (table.sum(axis=1) > seen).any() or not np.isfinite(seen).all():
        raise ValueError("rated images must be some of the labelled, 0 or more")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    if table.sum() < MIN_RATED:
        return _none(k, FEW)
    if not table[:, :k].sum():
        return _none(k, "people tell no group in any rated image")
    parts = seen / seen.sum() @ _meaning(table)
    estimate = parts[:k] / parts[:k].sum()
    draws = _drawn(seen, table, seed)
    mean, spread = draws.mean(axis=0), draws.std(axis=0, ddof=1)
    # What the prior adds to the images is not theirs.
    worth = np.clip(mean * (1 - mean) / spread**2 - 1 - PRIOR * (k + 1), 1, max(1, seen.sum() * parts[:k].sum()))
    ends = [wilson_interval(min(share * n, n), n, level=level) for share, n in zip(estimate, worth, strict=True)]
    low, high = np.array(ends).T
    return CorrectedShares(estimate, np.minimum(low, estimate), np.maximum(high, estimate), spread, None, draws)


def _meaning(table: Floats) -> Floats:
    """(labels, answers) shares of what people say of images of each label."""
    rated, overall = table.sum(axis=1, keepdims=True), table.sum(axis=0) / table.sum()
    return np.where(rated > 0, table / np.maximum(rated, 1), overall)


def _drawn(seen: Floats, table: Floats, seed: int) -> Floats:
    """(DRAWS, k) shares as likely as the counts leave them."""
    generator, k = np.random.default_rng(seed), len(seen) - 1
    labels = generator.standard_gamma(seen + PRIOR, size=(DRAWS, k + 1))
    meaning = generator.standard_gamma(table + PRIOR, size=(DRAWS, *table.shape))
    meaning /= meaning.sum(axis=2, keepdims=True)
    parts = np.einsum("dl,dla->da", labels, meaning)[:, :k]
    return parts / parts.sum(axis=1, keepdims=True)


def _none(k: int, reason: str) -> CorrectedShares:
    blank = np.full(k, np.nan)
    return CorrectedShares(blank, blank, blank, blank, reason)
