"""Bootstrap of all concepts of an audit at once: components, MCAS, and both less the neutral baseline.

In every replicate the attribute images are drawn once and shared by all concepts, and images that share a
seed are drawn together, so differences between concepts keep their covariance. With w the weights of a
concept's images, v those of the attribute images (negative for pole B) and S their cosines, IIAS* = w S v:
one matrix product gives all replicates. The attribute words are fixed by the audit and are not resampled; nor are
prompts, unless concepts are asked in several wordings: then a wording is drawn with its images and its prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.mcas.association import COMPONENTS, ComponentScores, Score
from mcas_assets.scoring.mcas.draws import Draws, grouping, influence_by_unit, rows_of_concepts
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.mcas.wordings import Wordings
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.intervals import (
    FEW_UNITS,
    MIN_UNITS,
    RESAMPLES,
    Ends,
    Influence,
    Method,
    check_options,
    interval_ends,
)

COLUMNS: tuple[Score, ...] = (*COMPONENTS, "mcas", "differing")
"""Order of the columns of every array here."""

NO_IMAGE_IN_TTAS = "holds no generated image, so nothing is resampled"

Reasons = tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class ConceptIntervals:
    """Intervals of c concepts; columns as `COLUMNS`. A NaN stands only where the reasons say why.

    Attributes:
        scores: The component scores, effect sizes and values per image.
        estimates: (c, 6) raw scores.
        low, high, standard_error, p_values: (c, 6) of the raw scores.
        reasons: (c)(6) why a raw interval is missing, or None.
        baseline: (6,) mean score of the neutral concepts; NaN where there is none.
        adjusted: (c, 6) estimates less baseline.
        adjusted_low, adjusted_high, adjusted_p_values: (c, 6) of the adjusted scores.
        adjusted_reasons: (c)(6) why an adjusted interval is missing, or None.
        replicates: (c, 6, r) raw replicates, for intervals of anything else that is made of them.
        level, method, resamples: How the intervals were made.
    """

    scores: ComponentScores
    estimates: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    reasons: Reasons
    p_values: Floats
    baseline: Floats
    adjusted: Floats
    adjusted_low: Floats
    adjusted_high: Floats
    adjusted_reasons: Reasons
    adjusted_p_values: Floats
    replicates: Floats
    level: float
    method: Method
    resamples: int


def columns_of(components: Floats) -> Floats:
    """Components (..., 4) with MCAS and the part of it that can differ between systems appended: (..., 6)."""
    mcas, differing = components.sum(axis=-1), components[..., :3].sum(axis=-1)
    return np.concatenate([components, mcas[..., None], differing[..., None]], axis=-1)


def bootstrap_concepts(
    vectors: AuditVectors,
    neutral: Sequence[int] = (),
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    method: Method = "bca",
    seed: int = 0,
) -> ConceptIntervals:
    """Score all concepts and give every score its interval.

    Args:
        vectors: The embeddings and which of them belong together.
        neutral: Indices of the neutral concepts; their mean score is the baseline.
        level: Nominal coverage.
        resamples: Replicates, 2,000 or more for a report.
        method: `bca` or `percentile`.
        seed: Of the draws. The same seed and grouping give the same draws for every embedder and axis.

    Returns:
        The scores with intervals; reasons where images are too few or nothing varies.

    Raises:
        ValueError: Bad vectors, labels or options, or a neutral index that is not a concept.
    """
    check_options(level, method, resamples)
    scores = vectors.scores()
    count = len(scores.n_images)
    base = np.asarray(neutral, dtype=np.int64)
    if len(base) and (base.min() < 0 or base.max() >= count):
        raise ValueError(f"neutral must hold indices of concepts, in [0, {count})")
    problem = _Problem(vectors, scores, base, resamples, seed)
    estimates = columns_of(scores.components)
    baseline = estimates[base].mean(axis=0) if len(base) else np.full(6, np.nan)
    replicates = np.stack([problem.replicates(c) for c in range(count)]) if count else np.empty((0, 6, resamples))
    base_replicates = replicates[base].mean(axis=0) if len(base) else np.full((6, resamples), np.nan)
    raw, adjusted = [], []
    for c in range(count):
        own, baseline_part = problem.influence(c)
        reasons = problem.reasons(c)
        raw.append(_ends(replicates[c], estimates[c], own, reasons, level, method))
        why = _with_baseline(reasons, problem, base)
        moved = replicates[c] - base_replicates, estimates[c] - baseline
        adjusted.append(_ends(*moved, baseline_part, why, level, method))
    low, high, _, why, p_values = _stack(adjusted)
    return ConceptIntervals(
        scores, estimates, *_stack(raw), baseline, estimates - baseline, low, high, why, p_values,
        replicates, level, method, resamples,
    )  # fmt: skip


def _stack(rows: list[Ends]) -> tuple[Floats, Floats, Floats, Reasons, Floats]:
    """Ends of many concepts as (c, 6) arrays, and their reasons."""
    columns = [(row.low, row.high, row.standard_error, row.p_values) for row in rows]
    low, high, error, p_values = np.array(columns, dtype=np.float64).reshape(-1, 4, 6).transpose(1, 0, 2)
    return low, high, error, tuple(row.reasons for row in rows), p_values


def _with_baseline(reasons: list[str | None], problem: "_Problem", base: Ints) -> list[str | None]:
    """Why an adjusted score has no interval: its own reason, or the baseline's."""
    if not len(base):
        return ["no neutral baseline"] * len(COLUMNS)
    of_base = [problem.reasons(int(b)) for b in base]
    return [own or next((f"baseline: {row[k]}" for row in of_base if row[k]), None) for k, own in enumerate(reasons)]


def _ends(
    replicates: Floats, estimates: Floats, parts: list[Influence], reasons: list[str | None],
    level: float, method: Method,
) -> Ends:  # fmt: skip
    """Ends of the six columns of one concept, where they have any."""
    usable = np.array([reason is None for reason in reasons])
    columns = [np.full(6, np.nan) for _ in range(4)]
    explained = list(reasons)
    if usable.any():
        usable_parts = [Influence(part.values[usable], part.strata) for part in parts]
        ends = interval_ends(replicates[usable], estimates[usable], usable_parts, level, method)
        found = (ends.low, ends.high, ends.standard_error, ends.p_values)
        for column, values in zip(columns, found, strict=True):
            column[usable] = values
        for place, why in zip(np.flatnonzero(usable), ends.reasons, strict=True):
            explained[place] = why
    return Ends(columns[0], columns[1], columns[2], tuple(explained), columns[3])


def unsure_reasons(missing: tuple[str | None, ...], seeds: Ints, poles: tuple[int, int]) -> list[str | None]:
    """Why the six columns of one concept can have no interval.

    Args:
        missing: Why its components are missing.
        seeds: Of its images.
        poles: Attribute images of poles A and B.
    """
    images = missing[2] or (FEW_UNITS if len(np.unique(seeds)) < MIN_UNITS else None)
    few = next((pole for pole, size in zip("AB", poles, strict=True) if size < MIN_UNITS), None)
    attributes = missing[1] or (f"fewer than {MIN_UNITS} images of pole {few}" if few else None)
    both = images or attributes
    return [both, attributes, images, NO_IMAGE_IN_TTAS, both, both]


class _Problem:
    """What the concepts share: weights of the attribute images, and the draws of seeds and wordings."""

    def __init__(self, vectors: AuditVectors, scores: ComponentScores, base: Ints, resamples: int, seed: int) -> None:
        self.scores, self.base, self.resamples, self.seed = (scores, base, resamples, seed)
        self.images = np.asarray(vectors.images)
        self.n, self.n_a, self.n_b = vectors.sizes()
        self.attributes = vectors.attributes()
        self.groups = grouping(vectors)
        self.draws = Draws(self.groups, resamples, seed)
        self.rows = rows_of_concepts(vectors)
        self.cosines_of_prompts = vectors.mean_prompts() @ self.attributes.T
        self.wordings = Wordings(vectors, self.groups, self.attributes) if self.groups.wording is not None else None
        self.cosines_of_means = scores.mean_images @ self.attributes.T
        self.poles = self._poles()

    def _poles(self) -> Floats:
        """(r, n_a + n_b) weights of the attribute images, of sum 1 over pole A and -1 over pole B."""
        drawn = self.draws.seed_counts(np.arange(self.n, self.n + self.n_a + self.n_b))
        a, b = drawn[:, : self.n_a], drawn[:, self.n_a :]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.concatenate([a / a.sum(1, keepdims=True), -b / b.sum(1, keepdims=True)], axis=1)

    def replicates(self, c: int) -> Floats:
        """(6, r) replicates of the columns of one concept; NaN where a set was drawn empty."""
        rows, result = self.rows[c], np.full((self.resamples, 4), np.nan)
        result[:, 3] = self.scores.components[c, 3]
        if self.n_a and self.n_b:
            result[:, 1] = self.poles @ self.cosines_of_prompts[c]
        if self.wordings is not None and self.draws.wordings is not None:
            self.wordings.replicate(c, self.draws.wordings, self.poles, result)
        if len(rows):
            weights = self.draws.image_weights(rows)
            # One product gives the drawn sums of the cosines, of the word associations and of the weights themselves.
            cosines = self.images[rows].astype(np.float64) @ self.attributes.T
            columns = np.column_stack([cosines, self.scores.s_word[rows], np.ones(len(rows))])
            drawn = weights @ columns
            total = np.where(drawn[:, -1] > 0, drawn[:, -1], np.nan)
            result[:, 2] = drawn[:, -2] / total
            if self.n_a and self.n_b:
                result[:, 0] = np.vecdot(drawn[:, :-2], self.poles) / total
        return np.ascontiguousarray(columns_of(result).T)

    def reasons(self, c: int) -> list[str | None]:
        """Why the six columns of one concept can have no interval."""
        return unsure_reasons(self.scores.reasons[c], self.groups.seed[self.rows[c]], (self.n_a, self.n_b))

    def influence(self, c: int) -> tuple[list[Influence], list[Influence]]:
        """Influence of seeds and wordings on the raw and on the adjusted columns of one concept."""
        own = self._image_influence(c)
        means, prompts = self.cosines_of_means[c], self.cosines_of_prompts[c]
        raw = self._parts([own], means, prompts, {c: 1.0})
        if not len(self.base):
            return raw, raw
        neutral = [(rows, -values / len(self.base)) for rows, values in map(self._image_influence, self.base)]
        means = means - self.cosines_of_means[self.base].mean(axis=0)
        prompts = prompts - self.cosines_of_prompts[self.base].mean(axis=0)
        weights = dict.fromkeys(map(int, self.base), -1 / len(self.base))
        weights[c] = weights.get(c, 0.0) + 1.0
        return raw, self._parts([own, *neutral], means, prompts, weights)

    def _image_influence(self, c: int) -> tuple[Ints, Floats]:
        """Rows of one concept and the influence of each image on the components, (4, n_c)."""
        rows = self.rows[c]
        values = np.zeros((4, len(rows)))
        if len(rows):
            for k, column in ((0, self.scores.s_img), (2, self.scores.s_word)):
                values[k] = (column[rows] - self.scores.components[c, k]) / len(rows)
        return rows, np.nan_to_num(values)

    def _parts(
        self, images: list[tuple[Ints, Floats]], means: Floats, prompts: Floats, concepts: dict[int, float]
    ) -> list[Influence]:
        """Influence by unit, from that of images, of the prompts of weighted concepts, and of the attribute images."""
        rows = np.concatenate([rows for rows, _ in images])
        values = np.concatenate([values for _, values in images], axis=1)
        parts = []
        if self.groups.wording is not None:
            codes, drawn = self.groups.wording[rows], values
            if self.wordings is not None:
                units, of_texts = self.wordings.influence(concepts)
                codes, drawn = np.concatenate([codes, units]), np.concatenate([values, of_texts], axis=1)
            parts.append(influence_by_unit(codes, self.groups.wording_strata, columns_of(drawn.T).T))
        poles = np.zeros((4, self.n_a + self.n_b))
        for pole, sign in ((slice(0, self.n_a), 1), (slice(self.n_a, None), -1)):
            for k, cosines in ((0, means), (1, prompts)):
                part = cosines[pole]
                poles[k, pole] = sign * (part - part.mean()) / len(part) if len(part) else 0.0
        attribute_rows = np.arange(self.n, self.n + self.n_a + self.n_b)
        seeds = self.groups.seed[np.concatenate([rows, attribute_rows])]
        together = np.concatenate([values, poles], axis=1)
        parts.append(influence_by_unit(seeds, self.groups.seed_strata, columns_of(together.T).T))
        return parts
