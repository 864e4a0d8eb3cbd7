"""Ranks of the concepts of an axis by their score, with simultaneous confidence sets.

Differences of two concepts have intervals like those of scores: by MOVER on their two labelled shares where there are labels,
else by Student's t with the variance by seed, and by wording where there are several. All hold together (`stats/rank_sets`).
What two concepts owe to the same seeds is counted within groups, not for the shares, which errs to wide. A zero point falls
out of a difference, so the ranks of MCAS are those of adjusted scores.
"""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array
from scipy.special import stdtrit

from mcas_assets.scoring.mcas.association import pole_difference
from mcas_assets.scoring.mcas.draws import Grouping, grouping
from mcas_assets.scoring.mcas.labelled_parts import MOST_UNCLEAR, Attributes, Labelled
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.mover import Terms, half_widths
from mcas_assets.scoring.stats.rank_sets import Ranks, pairwise_alpha, rank_sets


def concept_ranks(vectors: AuditVectors, asked: Sequence[int], *, level: float = 0.95) -> Ranks | str:
    """Ranks of the MCAS of the concepts `asked`, the one that leans most to pole a first; or why there are none.

    Args:
        vectors: The embeddings, which of them belong together, and the labels of the images.
        asked: Indices of concepts.
        level: Nominal coverage of all sets together.

    Raises:
        ValueError: Bad vectors or labels.
    """
    if len(asked) < 2:
        return "fewer than 2 concepts"
    scores, groups = vectors.scores(), grouping(vectors)
    places = np.asarray(asked, dtype=np.int64)
    if scores.n_images[places].min() < 2 or min(vectors.sizes()[1:]) < 2:
        return "fewer than 2 images of a concept or of a pole"
    direction = pole_difference(vectors.a_images, vectors.b_images) + pole_difference(vectors.a_words, vectors.b_words)
    values = scores.s_img + scores.s_word + vectors.wording_values(direction)
    attributes = Attributes(vectors, groups)
    beside = attributes.errors(scores.mean_images[places] + vectors.mean_prompts()[places])
    means = np.bincount(groups.concept, weights=values, minlength=len(scores.n_images)) / np.maximum(scores.n_images, 1)
    counts = np.maximum(scores.n_images, 2)
    errors = (values - means[groups.concept]) / np.sqrt(counts * (counts - 1.0))[groups.concept]
    alpha = pairwise_alpha(len(places), level)
    labelled = None if vectors.labels is None or groups.wording is not None else Labelled(vectors, scores, groups)
    is_split = labelled is not None and bool((labelled.spread[places] > 0).any())
    first, second = np.triu_indices(len(places), 1)
    estimates = scores.mcas[places]
    if labelled is not None and is_split and labelled.unclear[places].max() <= MOST_UNCLEAR:
        below, above = _labelled_widths(labelled, values, beside, attributes, places, alpha)
    else:
        covariance = _covariance(errors, beside, attributes.units, groups, places)
        freedom = float(min(scores.n_images[places].min() - 1, attributes.freedom))
        if groups.wording is not None:
            by_wording, n_wordings = _wording_covariance(errors, groups.wording, groups, places)
            covariance, freedom = covariance + by_wording, min(freedom, n_wordings - 1.0)
        spread = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
        below = -float(stdtrit(max(freedom, 1.0), alpha / 2)) * np.sqrt(np.maximum(spread, 0.0))
        above = below
    low = np.zeros((len(places),) * 2)
    apart = estimates[first] - estimates[second]
    low[first, second], low[second, first] = apart - below, -apart - above
    return rank_sets(estimates, low)


def _covariance(errors: Floats, beside: Floats, units: Ints, groups: Grouping, places: Ints) -> Floats:
    """(p, p) of scores, from the errors of images (n,) and of attribute images (p, v), added up by seed."""
    by_seed = _by_unit(errors, groups.seed[: len(errors)], groups.concept, places, len(groups.seed_strata))
    crossed = by_seed[:, units] @ beside.T
    return (by_seed @ by_seed.T).toarray() + beside @ beside.T + crossed + crossed.T


def _by_unit(errors: Floats, units: Ints, concept: Ints, places: Ints, count: int) -> csr_array:
    order = np.full(int(concept.max()) + 1, -1)
    order[places] = np.arange(len(places))
    kept = np.flatnonzero(order[concept] >= 0)
    return csr_array((errors[kept], (order[concept[kept]], units[kept])), shape=(len(places), count))


def _wording_covariance(errors: Floats, wording: Ints, groups: Grouping, places: Ints) -> tuple[Floats, int]:
    """(p, p) of scores over wordings, which concepts may share, and the fewest wordings of a concept."""
    by_wording = _by_unit(errors, wording, groups.concept, places, len(groups.wording_strata))
    cells = _by_unit(np.ones(len(errors)), wording, groups.concept, places, len(groups.wording_strata))
    n_wordings = np.maximum((cells > 0).sum(axis=1), 2)
    scaled = by_wording.multiply(np.sqrt(n_wordings / (n_wordings - 1.0))[:, None]).tocsr()
    return (scaled @ scaled.T).toarray(), int(n_wordings.min())


def _labelled_widths(
    labelled: Labelled, values: Floats, beside: Floats, attributes: Attributes, places: Ints, alpha: float
) -> tuple[Floats, Floats]:
    """How far the ends of the intervals of all pairs lie below and above the differences."""
    labelled = labelled.placed(values)
    fit = labelled.fit(values)
    of_image = fit.errors / labelled.counts[labelled.concept]
    units = labelled.groups.seed[: len(values)]
    within = _by_unit(of_image, units, labelled.concept, places, len(labelled.groups.seed_strata))
    crossed = within[:, attributes.units] @ beside.T
    rest = (within @ within.T).toarray() + beside @ beside.T + crossed + crossed.T
    first, second = np.triu_indices(len(places), 1)
    sizes = np.where(fit.gaps.values < 0, -1.0, 1.0) * np.sqrt(fit.gaps.values**2 + fit.gaps.variances)
    correlations = np.tile(np.eye(2), (len(first), 1, 1))
    pairs = np.stack([places[first], places[second]], axis=1)
    variance = rest[first, first] + rest[second, second]
    terms = Terms(
        labelled.scores.mcas[places[first]] - labelled.scores.mcas[places[second]],
        labelled.shares[pairs], labelled.counts[pairs].astype(np.float64), sizes[pairs] * np.array([1.0, -1.0]),
        correlations, np.maximum(variance - 2 * rest[first, second], 0.25 * variance),
        np.minimum(fit.freedom[pairs].sum(axis=1), attributes.freedom),
        None if labelled.distances is None else labelled.distances[:, pairs],
    )  # fmt: skip
    return half_widths(terms, np.full(len(first), alpha))
