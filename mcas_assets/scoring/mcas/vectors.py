"""The vectors of one audit for one axis and one embedder, held to what the numerics need.

How they are fetched belongs to the store; what is computed from them to the modules beside this one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.mcas.association import ComponentScores, component_scores
from mcas_assets.scoring.stats.arrays import Floats, as_matrix, unit_matrix


@dataclass(frozen=True)
class AuditVectors:
    """Unit embeddings of one axis of an audit, and which images belong together.

    Attributes:
        images: (n, d) generated images of all concepts, neutral ones included.
        concept: (n,) integers in [0, c).
        prompts: (c, d) the one text prompt of each concept.
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
        labels: (n,) which of two groups each image shows, 0 or 1, or -1 where that is not clear; None where there are
            no labels, or more than two groups.
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

    def scores(self) -> ComponentScores:
        """The component scores of all concepts."""
        return component_scores(
            self.images, self.concept, self.prompts, self.a_images, self.b_images, self.a_words, self.b_words
        )

    def attributes(self) -> Floats:
        """(n_a + n_b, d) images of pole A, then of pole B, float64."""
        width = as_matrix(self.prompts, "prompts").shape[1]
        poles = ((self.a_images, "attribute images A"), (self.b_images, "attribute images B"))
        return np.concatenate([unit_matrix(pole, name, width) for pole, name in poles])

    def sizes(self) -> tuple[int, int, int]:
        """n, n_a and n_b."""
        return (len(np.asarray(self.images)), len(np.asarray(self.a_images)), len(np.asarray(self.b_images)))
