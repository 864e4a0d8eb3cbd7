"""The mean score of an audit's concepts, and how many independent images it is worth.

Concepts that share seeds err alike, so their mean is less sure than that of as many images that share none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from mcas_assets.scoring.mcas.association import ComponentScores
from mcas_assets.scoring.mcas.draws import Grouping, grouping
from mcas_assets.scoring.mcas.labelled_parts import Attributes
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.mover import satterthwaite


@dataclass(frozen=True)
class MeanScore:
    """Mean MCAS over concepts, with what is taken off or not.

    Attributes:
        value, low, high: The mean and its interval, over seeds with these prompts.
        n_images: Images of the concepts.
        n_effective: So many that share no seed would give the mean as surely, at most `n_images`.
    """

    value: float
    low: float
    high: float
    n_images: int
    n_effective: float


def mean_score(
    vectors: AuditVectors,
    asked: Sequence[int],
    neutral: Sequence[int] = (),
    *,
    level: float = 0.95,
) -> MeanScore | str:
    """Mean MCAS of the concepts `asked`, less that of the neutral ones, with Student's interval; or why there is none.

    The errors of images that share a seed are added up before they are squared, over concepts and attribute images.

    Args:
        vectors: The embeddings and which of them belong together.
        asked: Indices of concepts.
        neutral: Indices of those whose mean is taken off; none for the raw mean.
        level: Nominal coverage.

    Returns:
        The mean, or a reason: fewer than 2 images of a concept or pole.

    Raises:
        ValueError: Bad vectors or labels.
    """
    scores, groups = vectors.scores(), grouping(vectors)
    sets = np.concatenate([np.asarray(asked, np.int64), np.asarray(neutral, np.int64)])
    if not len(asked) or scores.n_images[sets].min() < 2 or min(vectors.sizes()[1:]) < 2:
        return "fewer than 2 images of a concept or of a pole"
    weights = np.zeros(len(scores.n_images))
    weights[list(asked)] = 1 / len(asked)
    weights[list(neutral)] -= 1 / max(len(neutral), 1)
    values = scores.s_img + scores.s_word
    errors = _by_seed(_image_errors(values, weights, scores, groups.concept), groups)
    attributes = Attributes(vectors, groups)
    targets = weights @ (scores.mean_images + vectors.mean_prompts())
    beside = attributes.errors(targets[None])[0]
    parts = np.array([[(errors**2).sum(), (beside**2).sum()]])
    freedom = np.array([[max(1, np.count_nonzero(errors) - 1), attributes.freedom]])
    total, df = satterthwaite(parts, freedom)
    variance = max(float(total[0] + 2 * errors[attributes.units] @ beside), 0.25 * float(total[0]))
    half = float(stdtrit(df[0], (1 + level) / 2)) * variance**0.5
    value = float(weights @ scores.mcas)
    alone = _image_errors(values, np.maximum(weights, 0), scores, groups.concept)
    together = float((_by_seed(alone, groups) ** 2).sum())
    n_images = int(scores.n_images[list(asked)].sum())
    n_effective = n_images * float((alone**2).sum()) / together if together > 0 else float(n_images)
    return MeanScore(value, value - half, value + half, n_images, min(n_effective, float(n_images)))


def _image_errors(values: Floats, weights: Floats, scores: ComponentScores, concept: Ints) -> Floats:
    """(n,) errors that images bring into the weighted mean of concepts, scaled to an unbiased variance."""
    counts = np.maximum(scores.n_images, 2)
    means = np.bincount(concept, weights=values, minlength=len(counts)) / counts
    scale = weights / counts * np.sqrt(counts / (counts - 1))
    return scale[concept] * (values - means[concept])


def _by_seed(errors: Floats, groups: Grouping) -> Floats:
    """(u,) errors of images (n,) added up by seed."""
    return np.bincount(groups.seed[: len(errors)], weights=errors, minlength=len(groups.seed_strata)).astype(np.float64)
