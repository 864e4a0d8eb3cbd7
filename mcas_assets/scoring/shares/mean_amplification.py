"""The mean of directional amplification over concepts, with an interval over images.

A mean of corrected shares is made of shares that are not cut to [0, 1]. Cutting moves each by a little to the same side, and a
mean over many concepts at the border is off by more than its interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from mcas_assets.scoring.shares.label_error import BLIND, PRIOR
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.mover import satterthwaite


@dataclass(frozen=True)
class Answers:
    """What a labeller answered on images of t concepts that count for one of k groups, one entry an image.

    Attributes:
        group: (n,) the group, 0 to k - 1.
        concept: (n,) 0 to t - 1.
        seed: (n,) images with one label share a seed, and err alike.
    """

    group: Ints
    concept: Ints
    seed: Ints


@dataclass(frozen=True)
class MeanAmplification:
    """A mean over concepts.

    Attributes:
        value: Weighted mean over concepts of the mean over groups; positive = associations of the population are made stronger.
        low, high: Ends of its interval, over other seeds of the same prompts.
        n_images: Images that were counted.
        n_effective: So many that share no seed would give the mean as surely, at most `n_images`. Of label errors it says nothing.
        of_labels: Part of the variance that the matrix of label errors brings in, 0 to 1.
    """

    value: float
    low: float
    high: float
    n_images: int
    n_effective: float
    of_labels: float = 0.0


def mean_amplification(
    answers: Answers,
    associated: ArrayLike,
    references: ArrayLike,
    weights: ArrayLike,
    *,
    confusion: ArrayLike | None = None,
    level: float = 0.95,
) -> MeanAmplification | str:
    """Weighted mean of directional amplification (Wang & Russakovsky 2021), by the delta method; or why there is none.

    The shares of the k groups sum to 1, so the mean over groups of a concept is 2 / k times the share of the groups that are
    associated with it less their share in the population. Errors of images that share a seed are added up before they are
    squared, over concepts. Where labels are corrected, each row of the matrix brings in its multinomial variance, with half an
    image in each cell, once for all concepts. Student's t has the degrees of freedom of Satterthwaite (1946).

    Args:
        answers: Of the images that were counted, 2 or more of each concept.
        associated: (t, k) bool, as of `associations`.
        references: (t, k) shares in the population.
        weights: (t,) above 0.
        confusion: (k, k + 1) counts, as in `corrected_shares`; None for the shares as labelled.
        level: Nominal coverage.

    Returns:
        The mean, or a reason: too few images, or a matrix that cannot be inverted.
    """
    chosen, fair = np.asarray(associated, dtype=np.float64), np.asarray(references, dtype=np.float64)
    t, k = fair.shape
    counts = np.zeros((t, k))
    np.add.at(counts, (answers.concept, answers.group), 1)
    n = counts.sum(axis=1)
    if not t or n.min() < 2:
        return "fewer than 2 images of a concept were counted"
    parts = counts / n[:, None]
    known = None if confusion is None else np.asarray(confusion, dtype=np.float64)
    inverse = np.eye(k)
    if known is not None:
        n_labelled = known[:, :k].sum(axis=1)
        if (n_labelled == 0).any() or np.linalg.cond(known[:, :k] / n_labelled[:, None]) > BLIND:
            return "the labels do not tell the groups apart"
        inverse = np.linalg.inv(known[:, :k] / known.sum(axis=1, keepdims=True))
    raw = parts @ inverse
    if (raw.sum(axis=1) <= 0).any():
        return "the labels of a concept go with no mixture of the groups"
    total = raw.sum(axis=1)
    shares = (raw * chosen).sum(axis=1) / total
    # By how much the share of the associated groups moves with the part of each answer.
    moves = (chosen @ inverse.T - shares[:, None] * inverse.sum(axis=1)) / total[:, None]
    sizes = np.asarray(weights, dtype=np.float64)
    each = sizes / sizes.sum() * 2 / k
    value = float(each @ (shares - (chosen * fair).sum(axis=1)))
    errors = _image_errors(answers, moves, parts, each, n)
    by_seed = np.bincount(np.unique(answers.seed, return_inverse=True)[1], weights=errors)
    together, alone = float((by_seed**2).sum()), float((errors**2).sum())
    variances, freedom = [together], [max(1, np.count_nonzero(by_seed) - 1)]
    if known is not None:
        slopes = -(each[:, None, None] * raw[:, :, None] * moves[:, None, :]).sum(axis=0)
        variances += list(_row_variances(known, slopes))
        freedom += list(np.maximum(known.sum(axis=1) - 1, 1))
    variance, df = satterthwaite(np.array([variances]), np.array([freedom], dtype=np.float64))
    half = float(stdtrit(df[0], (1 + level) / 2) * variance[0] ** 0.5)
    n_images = int(n.sum())
    of_labels = float(1 - together / variance[0]) if variance[0] > 0 else 0.0
    n_effective = n_images * alone / together if together > 0 else float(n_images)
    return MeanAmplification(value, value - half, value + half, n_images, min(n_effective, float(n_images)), of_labels)


def _image_errors(answers: Answers, moves: Floats, parts: Floats, each: Floats, n: Floats) -> Floats:
    """(n,) errors that images bring into the mean, scaled to an unbiased variance."""
    centred = moves - (moves * parts).sum(axis=1, keepdims=True)
    scale = each / n * np.sqrt(n / (n - 1))
    return scale[answers.concept] * centred[answers.concept, answers.group]


def _row_variances(known: Floats, slopes: Floats) -> Floats:
    """(k,) multinomial variance that each row of the matrix brings in, with slopes (k, k) by its rates; of none, 0."""
    rates = (known + PRIOR) / (known + PRIOR).sum(axis=1, keepdims=True)
    full = np.zeros_like(known)
    full[:, : slopes.shape[1]] = slopes
    return ((rates * full**2).sum(axis=1) - (rates * full).sum(axis=1) ** 2) / known.sum(axis=1)
