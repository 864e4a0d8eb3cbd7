"""Whether an image shows what was asked for: its cosine with the text of its prompt, and whether that text is the nearest.

The cosine is what CLIPScore scales (Hessel et al. 2021, arXiv 2104.08718: 2.5 times it, at least 0). Its size is the embedder's
own, and differs between kinds of texts; its changes and differences are what tells. That the own text is the nearest of all that
were asked for (R-precision at one, Xu et al. 2018, arXiv 1711.10485) has a known value by chance.
"""

from typing import NamedTuple

import numpy as np

from mcas_assets.scoring.stats.arrays import Floats, Ints


class Alignment(NamedTuple):
    """What is said of each of n images.

    Attributes:
        cosine: (n,) with the text of its own prompt, -1 to 1.
        is_first: (n,) whether no concept's text is nearer than one of its own concept; false where there are no other concepts.
    """

    cosine: Floats
    is_first: np.ndarray


def align(images: Floats, own: Ints, texts: Floats, text_concept: Ints, concept: Ints) -> Alignment:
    """Hold images against the texts that they were asked for by, and against those of other concepts.

    Args:
        images: (n, d), rows of length 1.
        own: (n,) which text each was asked for by.
        texts: (t, d), rows of length 1.
        text_concept: (t,) the concept of each, -1 for one that no image is held against but its own.
        concept: (n,) the concept of each image, -1 for one that is held against none.
    """
    cosines = np.asarray(images, dtype=np.float64) @ np.asarray(texts, dtype=np.float64).T
    of_own = cosines[np.arange(len(cosines)), own]
    asked = np.unique(text_concept[text_concept >= 0])
    if not len(asked):
        return Alignment(of_own, np.zeros(len(of_own), dtype=np.bool_))
    nearest = np.stack([cosines[:, text_concept == one].max(axis=1) for one in asked], axis=1)
    place = np.searchsorted(asked, np.maximum(concept, 0)).clip(0, len(asked) - 1)
    # Of two concepts with one text, as of two languages, neither is nearer.
    is_first = (concept >= 0) & (nearest[np.arange(len(nearest)), place] >= nearest.max(axis=1) - 1e-9)
    return Alignment(of_own, is_first & (len(asked) > 1))
