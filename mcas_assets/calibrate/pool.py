"""What a calibration works on: many images of every prompt, as vectors, labels and known truth.

Arrays only: where they come from is `calibrate`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.mcas.vectors import AuditVectors

UNREAD = -1
"""Truth of an image whose group cannot be read from its pixels."""

NEITHER = -2
"""Truth of an image that is known to show no group, but something between two."""


@dataclass(frozen=True)
class Drawn:
    """The replicates that one simulated audit gets of every prompt. One that is drawn twice counts as two images.

    Attributes:
        concept: (n,) of each concept, the k-th of all from one seed; or (c, n), each from seeds of its own.
        attribute: (m,) of each attribute prompt, the k-th from the seed of the k-th of a concept.
        neutral: (b, l) of each neutral prompt, from seeds of its own.
    """

    concept: NDArray[np.int64]
    attribute: NDArray[np.int64]
    neutral: NDArray[np.int64]


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
        labels: (c, r) what the embedder says: 0 or 1 for the groups of pole a and b, 2 or more for others, -1 for none.
        a_labels, b_labels: (p, r) the same of the attribute images.
        truth: (c, r) 0 or 1 as it is known, 2 for a third group, `NEITHER` or `UNREAD`.
        mixtures: For the dose-response.
        groups: Of the axis.
        a_truth, b_truth: (p, r) the same of the attribute images, or None.
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
    groups: int = 2
    a_truth: NDArray[np.int64] | None = None
    b_truth: NDArray[np.int64] | None = None

    @property
    def replicates(self) -> int:
        """Images of each prompt."""
        return self.images.shape[1]

    @property
    def asked(self) -> NDArray[np.int64]:
        """Places of the concepts that are no neutral ones."""
        return np.setdiff1d(np.arange(len(self.concepts)), self.neutral)

    def shares(self) -> NDArray[np.float64]:
        """(c,) share of group b among the images that show a group that can be read; NaN where none does."""
        read = self.truth >= 0
        with np.errstate(invalid="ignore"):
            return (self.truth == 1).sum(axis=1) / np.where(read.any(axis=1), read.sum(axis=1), np.nan)

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

    def drawn(self, draw: Drawn, which: NDArray[np.int64]) -> AuditVectors:
        """The vectors of an audit of some concepts, then of the neutral ones, with seeds as an audit has them.

        Args:
            draw: The replicates.
            which: Places of the concepts.
        """
        shared = draw.concept.ndim == 1
        own = np.broadcast_to(draw.concept, (len(which), draw.concept.shape[-1]))
        places, rows = [*which, *self.neutral], [*own, *draw.neutral]
        n, m = own.shape[1], len(draw.attribute)
        of_attributes = np.arange(m)
        # Numbers of their own begin above those that are shared.
        of_concepts = np.tile(np.arange(n), len(which)) if shared else m + np.arange(own.size)
        seeds = np.concatenate([of_concepts, m + own.size + np.arange(draw.neutral.size)])
        labels = np.concatenate([self.labels[c, some] for c, some in zip(places, rows, strict=True)])
        a, b = (pole[:, draw.attribute] for pole in (self.a_images, self.b_images))
        return AuditVectors(
            images=np.concatenate([self.images[c, some] for c, some in zip(places, rows, strict=True)]),
            concept=np.repeat(np.arange(len(places)), [*[n] * len(which), *[draw.neutral.shape[1]] * len(self.neutral)]),
            prompts=self.prompts[places],
            a_images=a.reshape(-1, a.shape[-1]), b_images=b.reshape(-1, b.shape[-1]),
            a_words=self.a_words, b_words=self.b_words, seeds=seeds,
            a_seeds=np.tile(of_attributes, len(a)), b_seeds=np.tile(of_attributes, len(b)),
            a_prompts=np.repeat(np.arange(len(a)), m), b_prompts=np.repeat(np.arange(len(b)), m) + len(a),
            labels=labels,
        )  # fmt: skip

    def disobeyed(self) -> tuple[int, int]:
        """Attribute images that show another group than was asked for, and those of which the group is known."""
        shown = [(place, pole) for place, pole in enumerate((self.a_truth, self.b_truth)) if pole is not None]
        return (
            sum(int(((pole >= 0) & (pole != place)).sum()) for place, pole in shown),
            sum(int((pole >= 0).sum()) for _, pole in shown),
        )

    def confusion(self, draw: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
        """(2, 3) counts of attribute images: row = pole asked for, column = label, the last = none."""
        some = slice(None) if draw is None else draw
        poles = (self.a_labels[:, some], self.b_labels[:, some])
        return np.array([[int((pole == label).sum()) for label in (0, 1, -1)] for pole in poles])


def spread_over_shares(pool: Pool, wanted: tuple[float, ...]) -> NDArray[np.int64]:
    """Places of concepts, no neutral ones, whose shares are nearest to those wanted; each at most once."""
    shares, chosen = pool.shares(), []
    for share in wanted[: len(pool.asked)]:
        left = [c for c in pool.asked if c not in chosen and np.isfinite(shares[c])]
        if left:
            chosen.append(min(left, key=lambda c: abs(shares[c] - share)))
    return np.array(chosen, dtype=np.int64)
