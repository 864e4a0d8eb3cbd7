"""What the variance of a score comes from, by generalizability theory: wordings, seeds, attribute prompts, images and words.

A score is a mean over conditions that could have been others. How much single conditions vary is estimated by the mean squares of
a random-effects design (Brennan 2001, *Generalizability Theory*, ch. 3; Shavelson & Webb 1991), and how unsure the mean is
follows for any numbers of them: the decision study.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from mcas_assets.scoring.mcas.association import pole_difference
from mcas_assets.scoring.mcas.variance_designs import (
    Estimate,
    crossed,
    crossed_estimates,
    nested,
    nested_estimates,
    spread_estimate,
)
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, unit_matrix
from mcas_assets.scoring.stats.mean_squares import MeanSquare, difference_ends

Source = Literal[
    "concept",
    "wording",
    "seed",
    "wording and seed",
    "attribute wording",
    "attribute image",
    "attribute word",
    "embedder",
    "guidance",
]
SOURCES: tuple[Source, ...] = get_args(Source)
ONE_WORDING = "one wording a concept"
LEVEL = 0.95


@dataclass(frozen=True)
class Part:
    """One source of variance of the score of a concept.

    Attributes:
        source: What varies.
        variance: Of a single condition, such as one wording: by how much MCAS would vary if it were asked in one only. 0 where
            the estimate is below. None with a reason.
        n: Conditions that the audit averages over.
        error: variance / n, the part of the squared standard error of a score; None for the concepts, which are what is measured.
        low, high: Interval of the variance, at the level that was asked for; None with a reason.
        freedom: Degrees of freedom of the variance, where it is one of few conditions; more than those of one concept where
            concepts do not share the conditions.
        common: The part of `variance` that moves all concepts alike; None where that is not told.
        reason: Why there is no variance.
    """

    source: Source
    variance: float | None
    n: float | None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    freedom: float | None = None
    common: float | None = None
    reason: str | None = None


def part_of(source: Source, found: Estimate, n: float, error: float | None = None, common: float | None = None) -> Part:
    """An estimate as the part of a source; `error` is by default the variance over n."""
    variance, low, high, freedom = found
    return Part(source, variance, n, variance / n if error is None else error, low, high, freedom, common)


def variance_parts(vectors: AuditVectors, asked: Sequence[int], level: float = LEVEL) -> list[Part]:
    """The parts of the variance of MCAS of the concepts of one axis, by one embedder.

    Args:
        vectors: The embeddings, with seeds and wordings.
        asked: Indices of concepts.
        level: Of the intervals.

    Returns:
        A part for each of `SOURCES` but the embedder and what no audit varies. That of images is estimated in each concept and
        averaged over them; that of attributes is of the mean image and prompt of each concept, averaged likewise. From the
        variance between concepts that of images is taken off, as far as it does not move all concepts alike.
    """
    scores = vectors.scores()
    places = [i for i in asked if scores.n_images[i] >= 2]
    if len(places) < 2 or min(vectors.sizes()[1:]) < 2:
        return [
            Part(source, None, None, reason="fewer than 2 images of a concept or of a pole") for source in SOURCES[:-2]
        ]
    of_images = _of_images(vectors, places, level)
    error = sum(one.error - (one.common or 0.0) / one.n for one in of_images if one.error is not None and one.n)
    spread = MeanSquare(float(scores.mcas[places].var(ddof=1)), len(places) - 1.0)
    known = MeanSquare(error, sum(one.freedom or 0.0 for one in of_images) or 1.0)
    ends = difference_ends(spread, known, level)
    first = Part("concept", max(0.0, spread.value - error), float(len(places)), None, *ends, spread.freedom)
    return [first, *of_images, *_of_attributes(vectors, places, level)]


def _of_images(vectors: AuditVectors, places: list[int], level: float) -> list[Part]:
    """Wording, seed, and the two together."""
    scores = vectors.scores()
    values, concept = (
        scores.s_img + scores.s_word + vectors.wording_values(_direction(vectors)),
        np.asarray(vectors.concept),
    )
    if vectors.wordings is None:
        wording = np.zeros(len(values), dtype=np.int64)
    else:
        wording = np.unique(np.asarray(vectors.wordings), return_inverse=True)[1]
    seeds = (
        np.arange(len(values))
        if vectors.seeds is None
        else np.unique(np.asarray(vectors.seeds), return_inverse=True)[1]
    )
    own = [np.flatnonzero(concept == place) for place in places]
    n_wordings = min(len(np.unique(wording[rows])) for rows in own)
    if n_wordings < 2:
        by_seed = [values[rows[np.argsort(seeds[rows], kind="stable")]] for rows in own]
        n = float(np.mean([len(rows) for rows in own]))
        return [
            Part("wording", None, 1.0, reason=ONE_WORDING),
            part_of("seed", spread_estimate([by_seed], level), n),
            Part("wording and seed", None, None, reason=ONE_WORDING),
        ]
    tables = [_table(values[rows], wording[rows], seeds[rows]) for rows in own]
    if any(table is None for table in tables):
        return _of_nested(values, wording, own, level)
    full = [table for table in tables if table is not None]
    found = np.mean([crossed(table) for table in full], axis=0)
    w, s = (float(np.mean([table.shape[axis] for table in full])) for axis in (0, 1))
    common = [None, None, None]
    if len({table.shape for table in full}) == 1 and len({tuple(np.unique(wording[rows])) for rows in own}) == 1:
        # What all concepts share: the mean over them varies by it, and by a c-th of what each has of its own.
        together, c = np.array(crossed(np.mean(full, axis=0))), len(full)
        common = [max(0.0, float(one)) for one in (c * together - found) / (c - 1)]
    names: tuple[Source, ...] = ("wording", "seed", "wording and seed")
    estimates = crossed_estimates(full, level)
    return [
        part_of(source, one, n, common=None if both is None else min(both, one.variance))
        for source, one, n, both in zip(names, estimates, (w, s, w * s), common, strict=True)
    ]


def _table(values: Floats, wording: np.ndarray, seeds: np.ndarray) -> Floats | None:
    """(wordings, seeds) values where every wording has an image of every seed that two wordings share; else None."""
    labels = np.unique(wording)
    shared = set.intersection(*(set(seeds[wording == label].tolist()) for label in labels))
    if len(shared) < 2:
        return None
    columns = {seed: i for i, seed in enumerate(sorted(shared))}
    table = np.empty((len(labels), len(columns)))
    for i, label in enumerate(labels):
        for value, seed in zip(values[wording == label], seeds[wording == label], strict=True):
            if seed in columns:
                table[i, columns[seed]] = value
    return table


def _of_nested(values: Floats, wording: np.ndarray, own: list[np.ndarray], level: float) -> list[Part]:
    """Where each wording has seeds of its own: wordings, and seeds within them."""
    groups = [[values[rows][wording[rows] == label] for label in np.unique(wording[rows])] for rows in own]
    if any(len(one) < 2 for group in groups for one in group):
        reason = "a wording has fewer than 2 images"
        return [Part(source, None, None, reason=reason) for source in ("wording", "seed", "wording and seed")]
    between, within = nested_estimates([groups], level)
    w = float(np.mean([len(group) for group in groups]))
    n = float(np.mean([sum(len(one) for one in group) for group in groups]))
    return [
        part_of("wording", between, w),
        part_of("seed", within, n),
        Part("wording and seed", None, None, reason="each wording has seeds of its own"),
    ]


def _of_attributes(vectors: AuditVectors, places: list[int], level: float) -> list[Part]:
    """Attribute wording, attribute image within it, and attribute word; summed over the poles, as the score subtracts them."""
    scores = vectors.scores()
    targets = (scores.mean_images + vectors.mean_prompts())[places]
    images, words = [], []
    for pole, prompts, said in (
        (vectors.a_images, vectors.a_prompts, vectors.a_words),
        (vectors.b_images, vectors.b_prompts, vectors.b_words),
    ):
        cosines = unit_matrix(pole, "attribute images") @ targets.T
        labels = np.zeros(len(cosines)) if prompts is None else np.asarray(prompts)
        images.append([cosines[labels == label] for label in np.unique(labels)])
        words.append(unit_matrix(said, "attribute words") @ targets.T)
    return [*_of_prompts(images, level), _of_words(words, level)]


def _of_prompts(images: list[list[Floats]], level: float) -> list[Part]:
    n_prompts, n_images = (
        float(np.mean([size(pole) for pole in images])) for size in (len, lambda pole: sum(map(len, pole)))
    )
    if min(map(len, images)) < 2 or min(len(one) for pole in images for one in pole) < 2:
        whole = [np.concatenate(pole) for pole in images]
        error = sum(float(one.var(axis=0, ddof=1).mean()) / len(one) for one in whole)
        few = "one attribute prompt a pole, or one image of it"
        return [
            Part("attribute wording", None, n_prompts, reason=few),
            part_of("attribute image", spread_estimate([list(one.T) for one in whole], level), n_images, error),
        ]
    concepts = range(images[0][0].shape[1])
    poles = [[[one[:, i] for one in pole] for i in concepts] for pole in images]
    found = [np.mean([nested(groups) for groups in pole], axis=0) for pole in poles]
    errors = [
        (max(0.0, pole[0]) / len(own), pole[1] / sum(map(len, own))) for pole, own in zip(found, images, strict=True)
    ]
    between, within = nested_estimates(poles, level)
    return [
        part_of("attribute wording", between, n_prompts, sum(float(one[0]) for one in errors)),
        part_of("attribute image", within, n_images, sum(float(one[1]) for one in errors)),
    ]


def _of_words(words: list[Floats], level: float) -> Part:
    n = float(np.mean([len(one) for one in words]))
    if min(map(len, words)) < 2:
        return Part("attribute word", None, n, reason="one attribute word a pole")
    error = sum(float(one.var(axis=0, ddof=1).mean()) / len(one) for one in words)
    return part_of("attribute word", spread_estimate([list(one.T) for one in words], level), n, error)


def of_embedders(mcas: Floats, others: Sequence[Floats], level: float = LEVEL) -> Part:
    """By how much the embedders of a panel place a concept differently, on the scale of one of them.

    Embedders have zeros and units of their own: each is brought to the mean and spread of that one over the concepts first.

    Args:
        mcas: (c,) scores of the concepts by one embedder.
        others: (c,) those by each other one of the panel.
        level: Of the interval, which takes embedders for a sample of those that could have been used.
    """
    panel = [mcas]
    for theirs in others:
        if np.isfinite(theirs).all() and theirs.std() > 0:
            panel.append((theirs - theirs.mean()) / theirs.std() * mcas.std() + mcas.mean())
    if len(panel) < 2 or not np.isfinite(mcas).all():
        return Part("embedder", None, 1.0, reason="one embedder alone has scores of all concepts")
    return part_of("embedder", spread_estimate([list(np.stack(panel).T)], level), 1.0)


def of_guidance() -> Part:
    """An audit does not vary it."""
    return Part(
        "guidance", None, None, reason="a setting of the system: declare it as a system of its own, and compare"
    )


def _direction(vectors: AuditVectors) -> Floats:
    """(d,) what images and prompts are held against: the poles' images and their words."""
    return pole_difference(vectors.a_images, vectors.b_images) + pole_difference(vectors.a_words, vectors.b_words)
