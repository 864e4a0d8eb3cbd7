"""Who is shown: perceived groups of images, their shares, and every image that shows none of them.

Perceived presentation is measured, nobody's identity. Images that cannot be read, or were never made, are
counted and bound the shares; they are not dropped. Error of the labels is corrected in label_error.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, softmax

from mcas_assets.scoring.mcas.association import project, unit
from mcas_assets.scoring.stats.arrays import Floats, Ints, as_matrix, unit_matrix

ABSTAIN = -1
"""Label of an image whose group is not clear enough to count."""


@dataclass(frozen=True)
class GroupLabels:
    """Perceived group of each image.

    Attributes:
        labels: (n,) integers in [0, k), or `ABSTAIN`.
        probabilities: (n, k) softmax over the groups, rows summing to 1.
    """

    labels: Ints
    probabilities: Floats


def group_labels(
    images: ArrayLike, groups: Sequence[ArrayLike], *, scale: float = 100.0, confidence: float = 0.8
) -> GroupLabels:
    """Zero-shot group of each image, with abstention.

    Args:
        images: (n, d) unit embeddings.
        groups: k matrices (texts, d) of unit embeddings, the texts of each group; a group is their normalised
            mean.
        scale: Inverse temperature of the softmax, the embedder's own (100 for CLIP).
        confidence: Probability below which an image is not counted for any group, in [0, 1].

    Returns:
        Labels and probabilities.

    Raises:
        ValueError: Fewer than 2 groups, a group without texts, or vectors that are not unit vectors of one
        width.
    """
    if len(groups) < 2:
        raise ValueError("groups must hold the texts of 2 or more groups")
    width = as_matrix(images, "images").shape[1]
    texts = [unit_matrix(group, f"texts of group {k}", width) for k, group in enumerate(groups)]
    if empty := [k for k, rows in enumerate(texts) if not len(rows)]:
        raise ValueError(f"group {empty[0]} has no texts")
    means = unit(np.stack([rows.mean(axis=0) for rows in texts]))
    probabilities = softmax(scale * project(images, np.ascontiguousarray(means.T), "images"), axis=1)
    best = probabilities.argmax(axis=1)
    sure = probabilities.max(axis=1, initial=0.0) >= confidence
    return GroupLabels(np.where(sure, best, ABSTAIN).astype(np.int64), probabilities)


@dataclass(frozen=True)
class GroupShare:
    """Share of one declared group among the images of one concept.

    Attributes:
        count: Images counted for the group.
        share: count / images counted for any group, or None where there are none.
        low, high: Wilson interval of the share, or None.
        worst, best: Share of all images requested if every image not counted belonged to another group, or to
            this one.
        reason: Why the share is None, or None.
    """

    count: int
    share: float | None
    low: float | None
    high: float | None
    worst: float | None
    best: float | None
    reason: str | None = None


@dataclass(frozen=True)
class Representation:
    """Shares of all declared groups of one concept, and what came of every image requested.

    Attributes:
        groups: One entry per declared group, in order; a group that never appears has count 0.
        n_counted: Images counted for a group.
        n_abstained: Images that exist but are not clear enough.
        outcomes: Images requested that do not exist, by outcome.
        n_requested: All of these together.
    """

    groups: tuple[GroupShare, ...]
    n_counted: int
    n_abstained: int
    outcomes: dict[str, int]
    n_requested: int


def representation(
    labels: ArrayLike, k: int, outcomes: Mapping[str, int] | None = None, *, level: float = 0.95
) -> Representation:
    """Shares of k declared groups, with bounds over all that is not known.

    Args:
        labels: (n,) integers in [0, k), or `ABSTAIN`.
        k: Declared groups, 2 or more.
        outcomes: Images requested that do not exist, by outcome, such as refused_prompt or failed.
        level: Nominal coverage of the intervals.

    Returns:
        The shares.

    Raises:
        ValueError: A label that is neither a group nor `ABSTAIN`, or a negative count.
    """
    array = np.asarray(labels, dtype=np.int64)
    if k < 2 or array.ndim != 1 or ((array < ABSTAIN) | (array >= k)).any():
        raise ValueError(f"labels must be one-dimensional, in [0, {k}) or {ABSTAIN}, of 2 or more groups")
    lost = dict(outcomes or {})
    if any(number < 0 for number in lost.values()):
        raise ValueError("outcomes must be counts of 0 or more")
    counts = np.bincount(array[array >= 0], minlength=k)
    counted, abstained = int(counts.sum()), int((array == ABSTAIN).sum())
    unknown = abstained + sum(lost.values())
    groups = []
    for count in counts.tolist():
        low, high = wilson_interval(count, counted, level=level) if counted else (None, None)
        worst, best = missing_bounds(count, counted, unknown) if counted + unknown else (None, None)
        share = count / counted if counted else None
        reason = None if counted else "no image shows a declared group"
        groups.append(GroupShare(count, share, low, high, worst, best, reason))
    return Representation(tuple(groups), counted, abstained, lost, counted + unknown)


def wilson_interval(count: float, n: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927): holds its level at shares near 0 and 1 too.

    Args:
        count: Successes, in [0, n].
        n: Independent images, > 0.
        level: Nominal coverage.

    Returns:
        (low, high) in [0, 1].

    Raises:
        ValueError: n is not positive, or count lies outside [0, n].
    """
    if not n > 0 or not 0 <= count <= n:
        raise ValueError(f"count must be in [0, n] with n above 0, not {count} of {n}")
    z2 = float(ndtri((1 + level) / 2)) ** 2
    share = count / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2) / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (0.0 if count == 0 else float(centre - half)), (1.0 if count == n else float(centre + half))


def missing_bounds(count: int, counted: int, unknown: int) -> tuple[float, float]:
    """Bounds of a share when nothing is assumed of what is not known (Manski 1989).

    Args:
        count: Images of the group.
        counted: Images of any group.
        unknown: Images requested whose group is not known.

    Returns:
        (worst, best): the share if none, and if all, of the unknown images belonged to the group.

    Raises:
        ValueError: Negative counts, or no image at all.
    """
    total = counted + unknown
    if total < 1 or not 0 <= count <= counted or unknown < 0:
        raise ValueError(f"cannot bound {count} of {counted} counted and {unknown} unknown images")
    return count / total, (count + unknown) / total
