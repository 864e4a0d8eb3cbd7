"""What the numerics are held to: closed forms, and audits whose scores are means of values that a test chooses."""

from typing import Any

import numpy as np

from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, ConceptIntervals, bootstrap_concepts
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats

ITAAS = COLUMNS.index("itaas")
EAST, NORTH, UP = np.eye(3)


def one_way_variance(means: Floats) -> float:
    """Bootstrap variance of a mean of P clusters of equal size, from their means (P,): var0 / P."""
    return float(means.var() / len(means))


def two_way_variance(z: Floats) -> float:
    """Pigeonhole bootstrap variance (Owen 2007) of the mean of a complete table (P, S), T its sum.

    {[(1-1/P)(1-1/S)-1] T^2 + (1-1/S) sum row^2 + (1-1/P) sum col^2 + sum z^2} / (PS)^2.
    """
    p, s = z.shape
    total = ((1 - 1 / p) * (1 - 1 / s) - 1) * z.sum() ** 2
    rows = (1 - 1 / s) * (z.sum(axis=1) ** 2).sum()
    columns = (1 - 1 / p) * (z.sum(axis=0) ** 2).sum()
    return float((total + rows + columns + (z**2).sum()) / (p * s) ** 2)


def audit_of_values(values: Floats, seeds: Floats | None = None, wordings: Floats | None = None) -> AuditVectors:
    """An audit in which ITAAS of a concept is the mean of its row of `values` (c, n), each in (-1, 1).

    The words are fixed, so an image is a unit vector whose first coordinate is its value. There are no attribute images:
    the other scores are missing.

    Args:
        values: One row a concept, one column an image.
        seeds: (c, n), or None where no two images share one.
        wordings: (c, n), or None where each concept has one.
    """
    z = np.asarray(values, dtype=np.float64)
    concepts, images = z.shape
    return AuditVectors(
        images=z.ravel()[:, None] * EAST + np.sqrt(1 - z.ravel()[:, None] ** 2) * UP,
        concept=np.repeat(np.arange(concepts), images),
        prompts=np.tile(UP, (concepts, 1)),
        a_images=np.empty((0, 3)),
        b_images=np.empty((0, 3)),
        a_words=EAST[None],
        b_words=NORTH[None],
        seeds=None if seeds is None else np.ravel(seeds),
        wordings=None if wordings is None else np.ravel(wordings),
    )


def intervals_of_means(
    values: Floats, seeds: Floats | None = None, wordings: Floats | None = None, **options: Any
) -> ConceptIntervals:
    """What `bootstrap_concepts` says of such an audit; the means are its column `ITAAS`."""
    return bootstrap_concepts(audit_of_values(values, seeds, wordings), **options)
