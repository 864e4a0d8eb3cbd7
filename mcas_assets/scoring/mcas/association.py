"""Association of embeddings with two poles: the score of MCAS (arXiv 2304.13855) and its effect sizes.

All embeddings are unit vectors, so a cosine is a dot product, and the mean cosine with a set is the dot
product with the set's mean. With m the mean image of a concept, p the embedding of its prompt and D = mean(A)
- mean(B):

    IIAS = m . D_images    ITPAS = p . D_images    ITAAS = m . D_words    TTAS = p . D_words

so a score costs one pass over the images. Resampling and tests belong in the modules beside this one.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.stats.arrays import (
    BLOCK,
    NO_SPREAD,
    Floats,
    Ints,
    Statistic,
    as_matrix,
    blocks,
    check_unit,
    missing,
    unit_matrix,
)

Component = Literal["iias", "itpas", "itaas", "ttas"]
Score = Component | Literal["mcas", "differing"]

COMPONENTS: tuple[Component, ...] = get_args(Component)
"""Order of the components in every array of this package."""


def unit(x: ArrayLike) -> np.ndarray:
    """Scale rows to length 1.

    Args:
        x: (n, d) embeddings of any positive length.

    Returns:
        (n, d), float64 where `x` is float64 or integer, else float32; lengths are summed in float64.

    Raises:
        ValueError: `x` is not a matrix, or a row is zero or not finite, so it has no direction.
    """
    matrix = as_matrix(x, "x")
    wide = matrix.astype(np.float64)
    # Scaled by its largest entry first, so that squaring neither overflows nor underflows.
    largest = np.abs(wide).max(axis=1, initial=0.0, keepdims=True)
    bad = ~((largest > 0) & np.isfinite(largest)).ravel()
    if bad.any():
        raise ValueError(f"x row {int(np.flatnonzero(bad)[0])} is zero or not finite, so it has no direction")
    wide /= largest
    wide /= np.sqrt(np.vecdot(wide, wide))[:, None]
    return wide if matrix.dtype == np.float64 else wide.astype(np.float32)


def pole_difference(a: ArrayLike, b: ArrayLike, name: str = "attribute") -> Floats:
    """D = mean(A) - mean(B), the direction from pole B to pole A.

    Args:
        a: (n_a, d) unit attribute embeddings of pole A, n_a >= 1.
        b: (n_b, d) of pole B, n_b >= 1.
        name: What the attributes are, for messages.

    Returns:
        (d,) float64.

    Raises:
        ValueError: A pole is empty, the widths differ, or a row is not a unit vector.
    """
    first = unit_matrix(a, f"{name} set A")
    second = unit_matrix(b, f"{name} set B", first.shape[1])
    if not len(first) or not len(second):
        raise ValueError(f"{name} set {'A' if not len(first) else 'B'} is empty")
    return first.mean(axis=0) - second.mean(axis=0)


def project(w: ArrayLike, directions: Floats, name: str = "w") -> Floats:
    """Dot products of unit rows with one or more directions, read once and summed in float64.

    Args:
        w: (n, d) unit embeddings, float16, float32 or float64, also memory-mapped.
        directions: (d,) or (d, k).
        name: What `w` is, for messages.

    Returns:
        (n,) or (n, k) float64.

    Raises:
        ValueError: `w` is not a matrix of unit rows as wide as the directions.
    """
    matrix = as_matrix(w, name, len(directions))
    result = np.empty((len(matrix), *directions.shape[1:]))
    buffer = np.empty((min(len(matrix), BLOCK), matrix.shape[1]))
    for part in blocks(len(matrix)):
        rows = buffer[: part.stop - part.start]
        check_unit(matrix[part], name, part)
        np.copyto(rows, matrix[part])
        np.matmul(rows, directions, out=result[part])
    return result


def association(w: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """s(w, A, B) = mean over a of cos(w, a) - mean over b of cos(w, b), for every target.

    Args:
        w: (n, d) unit target embeddings.
        a: (n_a, d) unit attribute embeddings of pole A, n_a >= 1.
        b: (n_b, d) of pole B, n_b >= 1.

    Returns:
        (n,) float64 in [-2, 2]; positive leans to A.

    Raises:
        ValueError: Not matrices of one width, not unit vectors, or an empty pole.
    """
    return project(w, pole_difference(a, b))


@dataclass(frozen=True)
class ComponentScores:
    """Scores of c concepts. A NaN stands only where `reasons` says why; `statistic` turns it into None.

    Attributes:
        components: (c, 4) float64 in [-2, 2], columns as `COMPONENTS`.
        effect_sizes: (c, 4), (mean_A - mean_B) / std over A and B of cos(w, .), ddof 1.
        reasons: For each concept and component, why the score is missing, or None.
        effect_reasons: The same for the effect sizes.
        n_images: (c,) images per concept.
        s_img: (n,) association of each image with the attribute images (NaN throughout where a pole has no
            images).
        s_word: (n,) association of each image with the attribute words.
        mean_images: (c, d) mean embedding per concept, zero where it has no image.
    """

    components: Floats
    effect_sizes: Floats
    reasons: tuple[tuple[str | None, ...], ...]
    effect_reasons: tuple[tuple[str | None, ...], ...]
    n_images: Ints
    s_img: Floats
    s_word: Floats
    mean_images: Floats

    @property
    def mcas(self) -> Floats:
        """(c,) sum of the four components, NaN where one is missing."""
        return self.components.sum(axis=1)

    @property
    def differing(self) -> Floats:
        """(c,) IIAS + ITPAS + ITAAS: the part of MCAS that can differ between systems, since TTAS holds no image."""
        return self.components[:, :3].sum(axis=1)

    def statistic(self, concept: int, name: Score) -> Statistic:
        """A score by name of one concept, as a value or a reason."""
        columns = {"mcas": range(4), "differing": range(3)}.get(name) or [COMPONENTS.index(name)]
        for column in columns:
            if reason := self.reasons[concept][column]:
                return missing(reason)
        return Statistic(float(self.components[concept, list(columns)].sum()))

    def effect_size(self, concept: int, name: Component) -> Statistic:
        """Single-category effect size of one component of one concept, as a value or a reason."""
        column = COMPONENTS.index(name)
        if reason := self.effect_reasons[concept][column]:
            return missing(reason)
        return Statistic(float(self.effect_sizes[concept, column]))


def component_scores(
    images: ArrayLike,
    concept: ArrayLike,
    prompts: ArrayLike,
    a_images: ArrayLike,
    b_images: ArrayLike,
    a_words: ArrayLike,
    b_words: ArrayLike,
) -> ComponentScores:
    """IIAS, ITPAS, ITAAS, TTAS and MCAS of many concepts, in one pass over their images.

    Args:
        images: (n, d) unit embeddings of generated images; fastest when the images of a concept lie together.
        concept: (n,) integers in [0, c), the concept of each image.
        prompts: (c, d) unit embedding of the one text prompt of each concept.
        a_images: (n_a, d) unit embeddings of generated images of pole A; may be empty.
        b_images: (n_b, d) of pole B; may be empty.
        a_words: (k_a, d) unit embeddings of the attribute words of pole A, k_a >= 1.
        b_words: (k_b, d) of pole B, k_b >= 1.

    Returns:
        The scores; a concept without images or an axis without attribute images has a reason instead of a
        number.

    Raises:
        ValueError: Not matrices of one width, not unit vectors, no words, or a concept index out of range.
    """
    return scores_of_texts(images, concept, unit_matrix(prompts, "prompts"), a_images, b_images, a_words, b_words)


def scores_of_texts(
    images: ArrayLike,
    concept: ArrayLike,
    texts: Floats,
    a_images: ArrayLike,
    b_images: ArrayLike,
    a_words: ArrayLike,
    b_words: ArrayLike,
) -> ComponentScores:
    """`component_scores`, with texts (c, d) that may be means over the prompts of several wordings, shorter than unit vectors."""
    count, width = texts.shape
    matrix = as_matrix(images, "images", width)
    index = np.asarray(concept)
    if index.shape != (len(matrix),) or (index.dtype.kind not in "iu" and len(index)):
        raise ValueError(f"concept must be one integer per image, ({len(matrix)},), not {index.dtype}{index.shape}")
    if len(index) and (index.min() < 0 or index.max() >= count):
        raise ValueError(f"concept must be in [0, {count}), the rows of prompts")
    poles = [unit_matrix(s, f"attribute images {p}", width) for s, p in ((a_images, "A"), (b_images, "B"))]
    words = [unit_matrix(s, f"attribute words {p}", width) for s, p in ((a_words, "A"), (b_words, "B"))]
    d_words = pole_difference(*words, name="attribute words")
    without = [pole for pole, rows in zip("AB", poles, strict=True) if not len(rows)]
    d_images = poles[0].mean(axis=0) - poles[1].mean(axis=0) if not without else np.full(width, np.nan)

    values, means, n_images = _one_pass(matrix, index.astype(np.int64), np.stack([d_images, d_words], axis=1), count)
    components = np.stack([means @ d_images, texts @ d_images, means @ d_words, texts @ d_words], axis=1)
    no_pole = f"no image of pole {' and '.join(without)}" if without else None
    reasons = tuple(
        (no_pole or no_image, no_pole, no_image, None)
        for no_image in ("no image of the concept" if n == 0 else None for n in n_images)
    )
    components[np.array([[r is not None for r in row] for row in reasons], dtype=bool).reshape(-1, 4)] = np.nan
    effects, effect_reasons = _single_category(means, texts, poles, words, reasons)
    return ComponentScores(components, effects, reasons, effect_reasons, n_images, values[:, 0], values[:, 1], means)


def _one_pass(matrix: np.ndarray, index: Ints, directions: Floats, count: int) -> tuple[Floats, Floats, Ints]:
    """Association of each image, mean image and number of images per concept, each image read once."""
    values = np.empty((len(matrix), directions.shape[1]))
    sums = np.zeros((count, matrix.shape[1]))
    n_images = np.bincount(index, minlength=count).astype(np.int64)
    together = bool((np.diff(index) >= 0).all())
    order = None if together else np.argsort(index, kind="stable")
    ones = np.ones(min(len(matrix), BLOCK))
    buffer = np.empty((len(ones), matrix.shape[1]))
    stops = np.cumsum(n_images)
    for which in np.flatnonzero(n_images):
        start = stops[which] - n_images[which]
        for part in blocks(int(n_images[which])):
            span = slice(start + part.start, start + part.stop)
            where = span if order is None else order[span]
            rows = buffer[: part.stop - part.start]
            given = matrix[where]
            check_unit(given, "images", where)
            np.copyto(rows, given)
            values[where] = rows @ directions
            sums[which] += ones[: len(rows)] @ rows
    return values, sums / np.maximum(n_images, 1)[:, None], n_images


def _single_category(
    means: Floats, texts: Floats, poles: list[Floats], words: list[Floats], reasons: tuple[tuple[str | None, ...], ...]
) -> tuple[Floats, tuple[tuple[str | None, ...], ...]]:
    """(mean_A - mean_B) / std over A and B, ddof 1, of the cosine with the mean image or with the prompt."""
    columns = []
    for attributes in (poles, words):
        for targets in (means, texts):
            columns.append(row_effect_sizes(targets @ attributes[0].T, targets @ attributes[1].T))
    effects = np.stack([value for value, _ in columns], axis=1)
    explained = tuple(
        tuple(reasons[c][k] or columns[k][1][c] for k in range(len(COMPONENTS))) for c in range(len(means))
    )
    effects[np.array([[r is not None for r in row] for row in explained], dtype=bool).reshape(-1, 4)] = np.nan
    return effects, explained


def row_effect_sizes(first: Floats, second: Floats) -> tuple[Floats, list[str | None]]:
    """Row-wise effect sizes of cosines (c, n_a) and (c, n_b), and why one is missing."""
    pooled = np.concatenate([first, second], axis=1)
    if not first.shape[1] or not second.shape[1] or pooled.shape[1] < 3:
        few = "fewer than 3 attributes in the two poles together"
        return np.full(len(first), np.nan), [few] * len(first)
    spread = pooled.std(axis=1, ddof=1)
    flat = spread < NO_SPREAD
    effects = (first.mean(axis=1) - second.mean(axis=1)) / np.where(flat, 1.0, spread)
    return effects, ["zero variance" if f else None for f in flat]
