"""The vectors of one audit for one axis and one embedder, held to what the numerics need.

How they are fetched belongs to the store; what is computed from them to the modules beside this one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.mcas.association import ComponentScores, scores_of_texts
from mcas_assets.scoring.stats.arrays import Floats, as_matrix, unit_matrix


@dataclass(frozen=True)
class AuditVectors:
    """Unit embeddings of one axis of an audit, and which images belong together.

    Attributes:
        images: (n, d) generated images of all concepts, neutral ones included.
        concept: (n,) integers in [0, c).
        prompts: (c, d) the text prompt of each concept; of one asked in several wordings the mean of their prompts, so that
            ITPAS and TTAS are means over wordings.
        a_images, b_images: (n_a, d), (n_b, d) generated images of the two poles.
        a_words, b_words: (k_a, d), (k_b, d) attribute words of the two poles.
        seeds: (n,) noise seed of each image, or None if none is shared. Images with one seed are resampled
            together.
        wordings: (n,) template or prompt of each image, or None where each concept has one. A template that
            several concepts share is resampled for all of them together.
        a_seeds, b_seeds: (n_a,), (n_b,) seeds of the attribute images, in the same numbering as `seeds`, or
            None.
        a_prompts, b_prompts: (n_a,), (n_b,) prompt of each attribute image, or None: images are resampled
            within their prompt, since the prompts of a pole are fixed by the audit.
        labels: (n,) which group each image shows: 0 for that of pole a, 1 for that of pole b, others from 2, or -1 where that is
            not clear; None where there are no labels.
        texts: (q, d) the text prompt of each wording of each concept, or None where each has one.
        text_concept: (q,) whose they are, integers in [0, c).
        text_wording: (q,) which wording they are of, in the numbering of `wordings`.
    """

    images: ArrayLike
    concept: ArrayLike
    prompts: ArrayLike
    a_images: ArrayLike
    b_images: ArrayLike
    a_words: ArrayLike
    b_words: ArrayLike
    seeds: ArrayLike | None = None
    wordings: ArrayLike | None = None
    a_seeds: ArrayLike | None = None
    b_seeds: ArrayLike | None = None
    a_prompts: ArrayLike | None = None
    b_prompts: ArrayLike | None = None
    labels: ArrayLike | None = None
    texts: ArrayLike | None = None
    text_concept: ArrayLike | None = None
    text_wording: ArrayLike | None = None

    def scores(self) -> ComponentScores:
        """The component scores of all concepts."""
        return scores_of_texts(
            self.images, self.concept, self.mean_prompts(), self.a_images, self.b_images, self.a_words, self.b_words
        )

    def mean_prompts(self) -> Floats:
        """(c, d) the text prompt of each concept, or the mean over its wordings, float64.

        Raises:
            ValueError: A prompt, or that of a wording, is not a unit vector.
        """
        if self.texts is None:
            return unit_matrix(self.prompts, "prompts")
        texts, concept = unit_matrix(self.texts, "texts"), np.asarray(self.text_concept)
        means = np.zeros((len(np.asarray(self.prompts)), texts.shape[1]))
        np.add.at(means, concept, texts)
        return means / np.maximum(np.bincount(concept, minlength=len(means)), 1)[:, None]

    def wording_values(self, direction: Floats) -> Floats:
        """(n,) what the prompt of each image's own wording adds to its score beyond the mean prompt of its concept.

        Args:
            direction: (d,) what prompts are held against.
        """
        concept = np.asarray(self.concept, dtype=np.int64)
        if self.texts is None or self.wordings is None:
            return np.zeros(len(concept))
        owner, labels = np.asarray(self.text_concept, dtype=np.int64), np.asarray(self.text_wording).tolist()
        beyond = unit_matrix(self.texts, "texts") @ direction - (self.mean_prompts() @ direction)[owner]
        of = dict(zip(zip(owner.tolist(), labels, strict=True), beyond.tolist(), strict=True))
        keys = zip(concept.tolist(), np.asarray(self.wordings).tolist(), strict=True)
        return np.array([of.get(key, 0.0) for key in keys])

    def attributes(self) -> Floats:
        """(n_a + n_b, d) images of pole A, then of pole B, float64."""
        width = as_matrix(self.prompts, "prompts").shape[1]
        poles = ((self.a_images, "attribute images A"), (self.b_images, "attribute images B"))
        return np.concatenate([unit_matrix(pole, name, width) for pole, name in poles])

    def sizes(self) -> tuple[int, int, int]:
        """n, n_a and n_b."""
        return (len(np.asarray(self.images)), len(np.asarray(self.a_images)), len(np.asarray(self.b_images)))
