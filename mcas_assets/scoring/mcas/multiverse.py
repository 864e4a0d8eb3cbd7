"""The score under every combination of choices that an audit declared and could have declared otherwise.

A multiverse analysis (Steegen, Tuerlinckx, Gelman & Vanpaemel 2016, *Perspectives on Psychological Science* 11: 702; the
specification curve of Simonsohn, Simmons & Nelson 2020, *Nature Human Behaviour* 4: 1208). Nothing is drawn or embedded for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints, unit_matrix

ALL, FIRST_HALF, SECOND_HALF = "all", "first half", "second half"
NO_BASELINE = "none"


@dataclass(frozen=True)
class Universe:
    """One combination of choices, and what comes of it.

    Attributes:
        wording: The template alone, or `ALL`.
        words: Attribute words: `ALL`, `FIRST_HALF` or `SECOND_HALF` of either pole's list.
        attribute_prompts: The same of the prompts of the attribute images.
        baseline: What is taken off, by name; `NO_BASELINE` for the raw score.
        values: (c,) scores; NaN where a set is empty.
    """

    wording: str
    words: str
    attribute_prompts: str
    baseline: str
    values: Floats


def universes(vectors: AuditVectors, baselines: Mapping[str, Sequence[int]]) -> Iterator[Universe]:
    """The scores of all concepts in every universe of one axis and embedder; the first with each baseline is as declared.

    Args:
        vectors: The embeddings, with their wordings.
        baselines: By name, the indices of the concepts whose mean score is taken off; none for the raw score.
    """
    by_words = _directions(vectors.a_words, vectors.b_words, None, None)
    by_prompts = _directions(vectors.a_images, vectors.b_images, vectors.a_prompts, vectors.b_prompts)
    choices = product(_targets(vectors), by_words, by_prompts)  # which makes each of the three once
    for (wording, targets), (words, of_words), (prompts, of_images) in choices:
        raw = targets @ (of_words + of_images)
        for name, neutral in baselines.items():
            yield Universe(wording, words, prompts, name, raw - (raw[list(neutral)].mean() if neutral else 0.0))


def shared_wordings(vectors: AuditVectors) -> list:
    """The wordings that two concepts or more have images of; none where there are fewer than two such."""
    if vectors.wordings is None:
        return []
    pairs = {*zip(np.asarray(vectors.wordings).tolist(), np.asarray(vectors.concept).tolist(), strict=True)}
    labels = [wording for wording, _ in pairs]
    shared = [wording for wording in dict.fromkeys(np.asarray(vectors.wordings).tolist()) if labels.count(wording) > 1]
    return shared if len(shared) > 1 else []


def rows_in(vectors: AuditVectors, wording: object) -> list[Ints]:
    """For each concept the rows of its images in a wording; of one that is asked in a single wording, all."""
    concept, labels = np.asarray(vectors.concept), np.asarray(vectors.wordings)
    own = [np.flatnonzero(concept == c) for c in range(len(np.asarray(vectors.prompts)))]
    if wording == ALL:
        return own
    return [rows[labels[rows] == wording] if len(set(labels[rows].tolist())) > 1 else rows for rows in own]


def _targets(vectors: AuditVectors) -> Iterator[tuple[str, Floats]]:
    """For each choice of wording (c, d): the mean image of each concept plus its prompt."""
    images, means = np.asarray(vectors.images, dtype=np.float64), vectors.mean_prompts()
    for wording in (ALL, *shared_wordings(vectors)):
        prompts = means.copy()
        if wording != ALL and vectors.texts is not None:
            texts, labels = unit_matrix(vectors.texts, "texts"), np.asarray(vectors.text_wording).tolist()
            for text, label, concept in zip(texts, labels, np.asarray(vectors.text_concept).tolist(), strict=True):
                if label == wording:
                    prompts[concept] = text
        of_images = [
            images[rows].mean(axis=0) if len(rows) else np.full(images.shape[1], np.nan)
            for rows in rows_in(vectors, wording)
        ]
        yield str(wording), np.stack(of_images) + prompts


def _directions(
    a: ArrayLike, b: ArrayLike, a_labels: ArrayLike | None, b_labels: ArrayLike | None
) -> Iterator[tuple[str, Floats]]:
    """For each choice of attributes (d,) the difference of the poles' means; halves only where both poles have them."""
    poles = [unit_matrix(pole, "attributes") for pole in (a, b)]
    labels = [
        np.arange(len(pole)) if of is None else np.asarray(of)
        for pole, of in zip(poles, (a_labels, b_labels), strict=True)
    ]
    orders = [list(dict.fromkeys(one.tolist())) for one in labels]
    choices = (ALL, FIRST_HALF, SECOND_HALF) if min(map(len, orders)) > 1 else (ALL,)
    for choice in choices:
        means = []
        for pole, label, order in zip(poles, labels, orders, strict=True):
            half = (len(order) + 1) // 2
            kept = {ALL: order, FIRST_HALF: order[:half], SECOND_HALF: order[half:]}[choice]
            chosen = pole[np.isin(label, kept)]
            means.append(chosen.mean(axis=0) if len(chosen) else np.full(pole.shape[1], np.nan))
        yield choice, means[0] - means[1]
