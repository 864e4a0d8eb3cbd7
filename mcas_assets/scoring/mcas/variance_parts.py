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
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, unit_matrix

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


@dataclass(frozen=True)
class Part:
    """One source of variance of the score of a concept.

    Attributes:
        source: What varies.
        variance: Of a single condition, such as one wording: by how much MCAS would vary if it were asked in one only. 0 where
            the estimate is below. None with a reason.
        n: Conditions that the audit averages over.
        error: variance / n, the part of the squared standard error of a score; None for the concepts, which are what is measured.
        freedom: Degrees of freedom of the variance, where it is one of few conditions.
        common: The part of `variance` that moves all concepts alike; None where that is not told.
        reason: Why there is no variance.
    """

    source: Source
    variance: float | None
    n: float | None
    error: float | None = None
    freedom: float | None = None
    common: float | None = None
    reason: str | None = None


def crossed(table: Floats) -> tuple[float, float, float]:
    """Variance components of a table (wordings, seeds) of one value a cell: wording, seed, and what is left.

    With the mean squares of the two-way random-effects design, MS_w - MS_r over the seeds, MS_s - MS_r over the wordings, and
    MS_r. Estimates below 0 are returned as they are.
    """
    w, s = table.shape
    rows, columns, whole = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = ((table - rows[:, None] - columns + whole) ** 2).sum() / ((w - 1) * (s - 1))
    by_wording = s * ((rows - whole) ** 2).sum() / (w - 1)
    by_seed = w * ((columns - whole) ** 2).sum() / (s - 1)
    return float(by_wording - rest) / s, float(by_seed - rest) / w, float(rest)


def nested(values: Sequence[Floats]) -> tuple[float, float]:
    """Variance between groups of values and within them, by the one-way random-effects design, groups of any sizes above 1."""
    sizes = np.array([len(one) for one in values], dtype=np.float64)
    means = np.array([one.mean() for one in values])
    within = sum(((one - one.mean()) ** 2).sum() for one in values) / (sizes.sum() - len(sizes))
    whole = (sizes * means).sum() / sizes.sum()
    between = (sizes * (means - whole) ** 2).sum() / (len(sizes) - 1)
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    return float((between - within) / typical), float(within)


def variance_parts(vectors: AuditVectors, asked: Sequence[int]) -> list[Part]:
    """The parts of the variance of MCAS of the concepts of one axis, by one embedder.

    Args:
        vectors: The embeddings, with seeds and wordings.
        asked: Indices of concepts.

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
    of_images = _of_images(vectors, places)
    error = sum(one.error - (one.common or 0.0) / one.n for one in of_images if one.error is not None and one.n)
    spread = float(scores.mcas[places].var(ddof=1))
    first = Part("concept", max(0.0, spread - error), float(len(places)), freedom=float(len(places) - 1))
    return [first, *of_images, *_of_attributes(vectors, places)]


def _of_images(vectors: AuditVectors, places: list[int]) -> list[Part]:
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
        within = float(np.mean([values[rows].var(ddof=1) for rows in own]))
        n = float(np.mean([len(rows) for rows in own]))
        freedom = float(sum(len(rows) - 1 for rows in own))
        return [
            Part("wording", None, 1.0, reason=ONE_WORDING),
            Part("seed", within, n, within / n, freedom),
            Part("wording and seed", None, None, reason=ONE_WORDING),
        ]
    tables = [_table(values[rows], wording[rows], seeds[rows]) for rows in own]
    if any(table is None for table in tables):
        return _of_nested(values, wording, own)
    full = [table for table in tables if table is not None]
    found = np.mean([crossed(table) for table in full], axis=0)
    w, s = (float(np.mean([table.shape[axis] for table in full])) for axis in (0, 1))
    common = [None, None, None]
    if len({table.shape for table in full}) == 1 and len({tuple(np.unique(wording[rows])) for rows in own}) == 1:
        # What all concepts share: the mean over them varies by it, and by a c-th of what each has of its own.
        together, c = np.array(crossed(np.mean(full, axis=0))), len(full)
        common = [max(0.0, float(one)) for one in (c * together - found) / (c - 1)]
    sizes, freedoms = (w, s, w * s), (w - 1, s - 1, (w - 1) * (s - 1))
    return [
        Part(source, variance := max(0.0, float(one)), n, variance / n, free, None if both is None else min(both, variance))
        for source, one, n, free, both in zip(
            ("wording", "seed", "wording and seed"), found, sizes, freedoms, common, strict=True
        )
    ]  # fmt: skip


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


def _of_nested(values: Floats, wording: np.ndarray, own: list[np.ndarray]) -> list[Part]:
    """Where each wording has seeds of its own: wordings, and seeds within them."""
    groups = [[values[rows][wording[rows] == label] for label in np.unique(wording[rows])] for rows in own]
    if any(len(one) < 2 for group in groups for one in group):
        reason = "a wording has fewer than 2 images"
        return [Part(source, None, None, reason=reason) for source in ("wording", "seed", "wording and seed")]
    between, within = (max(0.0, float(one)) for one in np.mean([nested(group) for group in groups], axis=0))
    w = float(np.mean([len(group) for group in groups]))
    n = float(np.mean([sum(len(one) for one in group) for group in groups]))
    return [
        Part("wording", between, w, between / w, w - 1),
        Part("seed", within, n, within / n, n - w),
        Part("wording and seed", None, None, reason="each wording has seeds of its own"),
    ]


def _of_attributes(vectors: AuditVectors, places: list[int]) -> list[Part]:
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
    return [*_of_prompts(images), _of_words(words)]


def _of_prompts(images: list[list[Floats]]) -> list[Part]:
    n_prompts, n_images = (
        float(np.mean([size(pole) for pole in images])) for size in (len, lambda pole: sum(map(len, pole)))
    )
    if min(map(len, images)) < 2 or min(len(one) for pole in images for one in pole) < 2:
        whole = [np.concatenate(pole) for pole in images]
        variance = sum(float(one.var(axis=0, ddof=1).mean()) for one in whole)
        error = sum(float(one.var(axis=0, ddof=1).mean()) / len(one) for one in whole)
        few = "one attribute prompt a pole, or one image of it"
        return [
            Part("attribute wording", None, n_prompts, reason=few),
            Part("attribute image", variance, n_images, error, n_images * 2 - 2),
        ]
    k = images[0][0].shape[1]
    found = np.array([[nested([one[:, i] for one in pole]) for pole in images] for i in range(k)]).mean(
        axis=0
    )  # (poles, 2)
    between, within = np.maximum(found, 0.0).sum(axis=0)
    errors = [
        (max(0.0, pole[0]) / len(own), pole[1] / sum(map(len, own))) for pole, own in zip(found, images, strict=True)
    ]
    return [
        Part("attribute wording", float(between), n_prompts, sum(one[0] for one in errors), 2 * (n_prompts - 1)),
        Part("attribute image", float(within), n_images, sum(one[1] for one in errors), 2 * (n_images - n_prompts)),
    ]


def _of_words(words: list[Floats]) -> Part:
    n = float(np.mean([len(one) for one in words]))
    if min(map(len, words)) < 2:
        return Part("attribute word", None, n, reason="one attribute word a pole")
    variances = [float(one.var(axis=0, ddof=1).mean()) for one in words]
    error = sum(one / len(pole) for one, pole in zip(variances, words, strict=True))
    return Part("attribute word", sum(variances), n, error, 2 * (n - 1))


def of_embedders(mcas: Floats, others: Sequence[Floats]) -> Part:
    """By how much the embedders of a panel place a concept differently, on the scale of one of them.

    Embedders have zeros and units of their own: each is brought to the mean and spread of that one over the concepts first.

    Args:
        mcas: (c,) scores of the concepts by one embedder.
        others: (c,) those by each other one of the panel.
    """
    panel = [mcas]
    for theirs in others:
        if np.isfinite(theirs).all() and theirs.std() > 0:
            panel.append((theirs - theirs.mean()) / theirs.std() * mcas.std() + mcas.mean())
    if len(panel) < 2 or not np.isfinite(mcas).all():
        return Part("embedder", None, 1.0, reason="one embedder alone has scores of all concepts")
    variance = float(np.stack(panel).var(axis=0, ddof=1).mean())
    return Part("embedder", variance, 1.0, variance, float(len(panel) - 1))


def of_guidance() -> Part:
    """An audit does not vary it."""
    return Part(
        "guidance", None, None, reason="a setting of the system: declare it as a system of its own, and compare"
    )


def _direction(vectors: AuditVectors) -> Floats:
    """(d,) what images and prompts are held against: the poles' images and their words."""
    return pole_difference(vectors.a_images, vectors.b_images) + pole_difference(vectors.a_words, vectors.b_words)
