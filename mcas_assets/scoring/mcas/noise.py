"""The noise band: by how much the scores of one version differ between two audits of it, measured on split halves."""

from collections.abc import Sequence

import numpy as np

from mcas_assets.scoring.mcas.association import pole_difference
from mcas_assets.scoring.mcas.draws import Grouping, grouping, rows_of_concepts
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints, unit_matrix
from mcas_assets.scoring.stats.resampling import bit_stream, members_of

SPLITS = 200
_HALF_TO_WHOLE = np.sqrt(0.5)
"""Two halves of n images differ by sigma sqrt(4 / n), two audits of n images each by sigma sqrt(2 / n)."""


def noise_band(
    versions: Sequence[AuditVectors],
    neutral: Sequence[int] = (),
    *,
    level: float = 0.95,
    splits: int = SPLITS,
    seed: int = 0,
) -> Floats:
    """Half-width that holds a share `level` of the changes between a version and itself under fresh seeds (A/A).

    The images of each version are split at random into halves, seed by seed within their stratum, so that images which
    share a seed stay together; the halves' difference is scaled to two audits of full size.

    Args:
        versions: The versions whose noise is pooled: those that are compared.
        neutral: As in `compare_changes`.
        level: Share of the changes that the band holds.
        splits: Halvings of each version.
        seed: Of the halvings.

    Returns:
        (c, 5) in the order of `pairs.CHANGES`; NaN where half of the images are none, or there is no baseline.

    Raises:
        ValueError: Bad vectors.
    """
    changes = [np.abs(_halves(vectors, neutral, splits, seed)) for vectors in versions]
    pooled = np.concatenate(changes) * _HALF_TO_WHOLE
    gone = np.isnan(pooled).any(axis=0)
    return np.where(gone, np.nan, np.quantile(np.where(gone, 0.0, pooled), level, axis=0))


def _halves(vectors: AuditVectors, neutral: Sequence[int], splits: int, seed: int) -> Floats:
    """(s, c, 5) score of one half less that of the other."""
    groups, rows = grouping(vectors), rows_of_concepts(vectors)
    n, n_a, _ = vectors.sizes()
    is_first = _split(groups, splits, seed)[:, groups.seed]  # (s, rows)
    images, attributes = unit_matrix(vectors.images, "images"), vectors.attributes()
    prompts = vectors.mean_prompts()
    words = pole_difference(vectors.a_words, vectors.b_words)
    base = np.asarray(neutral, dtype=np.int64)
    scores = []
    for half in (is_first, ~is_first):
        poles = [
            _means(half[:, at], attributes[at - n]) for at in (np.arange(n, n + n_a), np.arange(n + n_a, half.shape[1]))
        ]
        direction = poles[0] - poles[1]  # (s, d)
        components = []
        for prompt, members in zip(prompts, rows, strict=True):
            mean = _means(half[:, members], images[members])
            parts = [np.vecdot(mean, direction), direction @ prompt, mean @ words]
            components.append(np.stack([*parts, np.add.reduce(parts)], axis=1))
        table = np.stack(components, axis=1)  # (s, c, 4)
        mcas = table[:, :, 3]
        baseline = mcas[:, base].mean(axis=1, keepdims=True) if len(base) else np.full((splits, 1), np.nan)
        scores.append(np.concatenate([table, (mcas - baseline)[:, :, None]], axis=2))
    return scores[0] - scores[1]


def _split(groups: Grouping, splits: int, seed: int) -> np.ndarray:
    """(s, u) whether each seed unit is in the first half; each stratum is split evenly."""
    chosen = np.zeros((splits, len(groups.seed_strata)), dtype=np.bool_)
    for stratum, members in enumerate(members_of(groups.seed_strata)):
        keys = bit_stream(seed, f"halves {stratum}").random_raw(splits * len(members)).reshape(splits, len(members))
        chosen[:, members] = _ranks(keys) < len(members) // 2
    return chosen


def _ranks(keys: np.ndarray) -> Ints:
    return np.argsort(np.argsort(keys, axis=1), axis=1)


def _means(weights: np.ndarray, vectors: Floats) -> Floats:
    """(s, d) mean of the chosen rows of each split; NaN where none was chosen."""
    counts = weights.sum(axis=1, keepdims=True)
    return (weights.astype(np.float64) @ vectors) / np.where(counts > 0, counts, np.nan)
