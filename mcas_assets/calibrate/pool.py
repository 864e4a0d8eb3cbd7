"""What a calibration works on: many images of every prompt, as vectors, labels and known truth.

Arrays only: where they come from is `calibrate`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.mcas.vectors import AuditVectors

UNREAD = -1
"""Truth of an image whose group cannot be read from its pixels."""


@dataclass(frozen=True)
class Mixture:
    """Images of one concept with the group said in the prompt, to mix sets of known shares from.

    Attributes:
        concept: Which, without the group.
        images: (n, d) unit vectors.
        labels: (n,) what the embedder says: 0 or 1 for the groups of pole a and b, -1 for neither.
        truth: (n,) 0 or 1 as read from the pixels, or `UNREAD`.
    """

    concept: str
    images: NDArray[np.floating]
    labels: NDArray[np.int64]
    truth: NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """Images of one axis by one embedder: c concepts x r replicates, the r-th of each from the r-th noise seed.

    Attributes:
        axis, embedder: Names.
        concepts: (c) slugs, neutral ones included.
        neutral: Places of the neutral ones.
        images: (c, r, d) unit vectors.
        prompts: (c, d) of the text prompts.
        a_images, b_images: (p, r, d) of the attribute prompts of each pole.
        a_words, b_words: (k, d).
        labels: (c, r) what the embedder says: 0 or 1 for the groups of pole a and b, -1 for neither.
        a_labels, b_labels: (p, r) the same of the attribute images.
        truth: (c, r) 0 or 1 as read from the pixels, or `UNREAD`.
        mixtures: For the dose-response.
    """

    axis: str
    embedder: str
    concepts: tuple[str, ...]
    neutral: tuple[int, ...]
    images: NDArray[np.floating]
    prompts: NDArray[np.floating]
    a_images: NDArray[np.floating]
    b_images: NDArray[np.floating]
    a_words: NDArray[np.floating]
    b_words: NDArray[np.floating]
    labels: NDArray[np.int64]
    a_labels: NDArray[np.int64]
    b_labels: NDArray[np.int64]
    truth: NDArray[np.int64]
    mixtures: tuple[Mixture, ...] = ()

    @property
    def replicates(self) -> int:
        """Images of each prompt."""
        return self.images.shape[1]

    @property
    def asked(self) -> NDArray[np.int64]:
        """Places of the concepts that are no neutral ones."""
        return np.setdiff1d(np.arange(len(self.concepts)), self.neutral)

    def shares(self) -> NDArray[np.float64]:
        """(c,) share of group b among the images that can be read; NaN where none can."""
        read = self.truth != UNREAD
        with np.errstate(invalid="ignore"):
            return np.where(read, self.truth, 0).sum(axis=1) / np.where(read.any(axis=1), read.sum(axis=1), np.nan)

    def audit(self, draw: NDArray[np.int64], which: NDArray[np.int64] | None = None) -> AuditVectors:
        """The vectors of an audit that got these replicates of every prompt.

        Args:
            draw: (n,) replicates. One that is drawn twice counts as two, with seeds of their own.
            which: Places of the concepts, in the order of the scores; by default all.
        """
        places = np.arange(len(self.concepts)) if which is None else which
        n, d = len(draw), self.images.shape[2]
        a, b = (pole[:, draw].reshape(-1, d) for pole in (self.a_images, self.b_images))
        p, q = len(self.a_images), len(self.b_images)
        return AuditVectors(
            images=self.images[places][:, draw].reshape(-1, d),
            concept=np.repeat(np.arange(len(places)), n),
            prompts=self.prompts[places],
            a_images=a,
            b_images=b,
            a_words=self.a_words,
            b_words=self.b_words,
            seeds=np.tile(np.arange(n), len(places)),
            a_seeds=np.tile(np.arange(n), p),
            b_seeds=np.tile(np.arange(n), q),
            a_prompts=np.repeat(np.arange(p), n),
            b_prompts=np.repeat(np.arange(q), n) + p,
            labels=self.labels[places][:, draw].ravel(),
        )

    def confusion(self, draw: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """(2, 2) counts of attribute images: row = pole asked for, column = label; what has no label is left out."""
        some = slice(None) if draw is None else draw
        poles = (self.a_labels[:, some], self.b_labels[:, some])
        return np.array([[int((pole == label).sum()) for label in (0, 1)] for pole in poles])


def spread_over_shares(pool: Pool, wanted: tuple[float, ...]) -> NDArray[np.int64]:
    """Places of concepts, no neutral ones, whose shares are nearest to those wanted; each at most once."""
    shares, chosen = pool.shares(), []
    for share in wanted[: len(pool.asked)]:
        left = [c for c in pool.asked if c not in chosen and np.isfinite(shares[c])]
        if left:
            chosen.append(min(left, key=lambda c: abs(shares[c] - share)))
    return np.array(chosen, dtype=np.int64)
