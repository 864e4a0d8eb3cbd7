"""Simulated audits whose true scores are known: concepts of two groups or three in given shares, drawn anew for every number."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mcas_assets.scoring.mcas.vectors import AuditVectors

SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95)
"""Of the first group, in the concepts of a world, in turn."""

WORD = 0.3
"""Of the words of the two poles, on the axis, to either side."""

WIDTH = 8
"""Of the vectors: the axis, a trait of the seed, five more, and what completes the length to 1."""


@dataclass(frozen=True)
class World:
    """How images come about.

    Attributes:
        repeats: Concepts of each share.
        shares: Of the first group, one for each concept of a repeat.
        gap: Between the groups' images on the axis; a cosine.
        unequal: Standard deviation of the gap between concepts, as a part of it.
        within: Standard deviation on the axis of images of one group.
        alike: Correlation of the groups that one seed draws for two concepts.
        attribute, neutral: Images of each of two prompts a pole, and of each of two neutral wordings.
        neutral_share: Of the first group in the neutral images.
        wrong: Share of images whose label is that of the other group.
        unclear: Share of images without a label.
        third: Share, of the images that do not show the first group, that show a third one.
        third_at: Where that lies on the axis between the second group (0) and the first (1), or beyond.
        is_plain: Whether nothing but the group tells concepts apart, and no prompt leans.
    """

    repeats: int = 4
    shares: tuple[float, ...] = SHARES
    gap: float = 0.5
    unequal: float = 0.15
    within: float = 0.08
    alike: float = 0.43
    attribute: int = 16
    neutral: int = 48
    neutral_share: float = 0.5
    wrong: float = 0.0
    unclear: float = 0.0
    third: float = 0.0
    third_at: float = 0.5
    is_plain: bool = False

    @property
    def concepts(self) -> int:
        """How many, without the two neutral ones, which come last."""
        return self.repeats * len(self.shares)

    def share(self) -> np.ndarray:
        """(c + 2,) true shares."""
        return np.array([*self.shares * self.repeats, self.neutral_share, self.neutral_share])

    def truth(self) -> np.ndarray:
        """(c + 2, 4) true IIAS, ITPAS, ITAAS and TTAS."""
        gaps, _, prompts = self._fixed()
        means = (self.share() - 0.5 + self._of_third() * self.third_at) * gaps
        # Poles and words differ on the axis only.
        return np.stack(
            [means * self.gap, prompts[:, 0] * self.gap, means * 2 * WORD, prompts[:, 0] * 2 * WORD], axis=1
        )

    def _of_third(self) -> np.ndarray:
        """(c + 2,) shares of the third group."""
        return self.third * (1 - self.share())

    def audit(self, number: int, images: int, generator: "np.random.Generator | Alike | None" = None) -> AuditVectors:
        """Audit `number`, with so many images of a concept; every audit has seeds of its own.

        The n-th image of every concept and attribute prompt has one seed; each neutral wording has seeds of its own.
        """
        generator = generator or np.random.default_rng([number, images])
        gaps, middles, prompts = self._fixed()
        count, neutral = self.concepts, np.arange(self.concepts, self.concepts + 2)
        concept = np.concatenate([np.repeat(np.arange(count), images), np.repeat(neutral, self.neutral)])
        seeds = np.concatenate([np.tile(np.arange(images), count), 1000 + np.arange(2 * self.neutral)])
        latent = generator.standard_normal((1000 + 2 * self.neutral, 2))
        mixed = np.sqrt(self.alike) * latent[seeds, 0] + np.sqrt(1 - self.alike) * generator.standard_normal(len(seeds))
        first = mixed < ndtri(self.share())[concept]
        is_third = mixed > ndtri(1 - self._of_third())[concept]
        at = first + is_third * self.third_at
        drawn = self._images(at, gaps[concept], middles[concept], latent[seeds, 1], generator)
        attribute_seeds = np.tile(np.arange(self.attribute), 2)
        poles = [
            self._images(np.full(2 * self.attribute, float(is_a)), self.gap, 0.0, latent[attribute_seeds, 1], generator)
            for is_a in (True, False)
        ]
        labels = np.where(first ^ (generator.random(len(first)) < self.wrong), 0, np.where(is_third, 2, 1))
        labels[generator.random(len(first)) < self.unclear] = -1
        words = np.zeros((2, WIDTH - 1))
        words[:, 0] = WORD, -WORD
        words = _complete(words)
        of = np.repeat([0, 1], self.attribute)
        return AuditVectors(
            images=drawn, concept=concept, prompts=_complete(prompts), a_images=poles[0], b_images=poles[1],
            a_words=words[:1], b_words=words[1:], seeds=seeds, a_seeds=attribute_seeds, b_seeds=attribute_seeds,
            a_prompts=of, b_prompts=of + 2, labels=labels,
        )  # fmt: skip

    def _fixed(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(c + 2) gaps, (c + 2, 6) middles off the axis, (c + 2, 7) prompts: the same in every audit."""
        generator = np.random.default_rng(20)
        count = self.concepts + 2
        gaps = self.gap * (1 + self.unequal * generator.standard_normal(count))
        middles, prompts = (size * generator.standard_normal((count, WIDTH - k)) for size, k in ((0.05, 2), (0.1, 1)))
        return (gaps, 0.0 * middles, 0.0 * prompts) if self.is_plain else (gaps, middles, prompts)

    def _images(
        self, at: np.ndarray, gaps: np.ndarray | float, middles: np.ndarray | float, traits: np.ndarray,
        generator: "np.random.Generator | Alike",
    ) -> np.ndarray:  # fmt: skip
        rows = self.within * generator.standard_normal((len(at), WIDTH - 1))
        rows[:, 0] += (at - 0.5) * gaps
        rows[:, 1] += 0.1 * traits
        rows[:, 1:] += middles
        return _complete(rows)


class Alike:
    """Draws for a second version: normal ones are correlated with those of a first audit, uniform ones are fresh."""

    def __init__(self, number: int, images: int, alike: float) -> None:
        self._same, self._fresh = np.random.default_rng([number, images]), np.random.default_rng([number, images, 1])
        self._alike = alike

    def standard_normal(self, size: int | tuple[int, ...]) -> np.ndarray:
        """Of the given shape."""
        rest = np.sqrt(1 - self._alike**2)
        return self._alike * self._same.standard_normal(size) + rest * self._fresh.standard_normal(size)

    def random(self, size: int) -> np.ndarray:
        """Of the given shape; those of the first audit are passed over."""
        self._same.random(size)
        return self._fresh.random(size)


def mixed_with(
    before: World, after: World, number: int, images: int, alike: float
) -> tuple[AuditVectors, AuditVectors]:
    """Audit `number` of two versions, whose images of one prompt and seed are alike."""
    return before.audit(number, images), after.audit(number, images, Alike(number, images, alike))


def _complete(rows: np.ndarray) -> np.ndarray:
    """Rows with the entry that makes their length 1."""
    return np.column_stack([rows, np.sqrt(1 - (rows**2).sum(axis=1))])
