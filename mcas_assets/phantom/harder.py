"""The harder world: prompts that are not always obeyed, figures between the two, and three groups of tones.

What `draw` draws, by no model: so what each picture shows is known to the letter, from its prompt and its seed. A trained
phantom obeys nearly always and shows one of two figures, on which intervals and corrections of labels have an easy time.
"""

import zlib
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from mcas_assets.phantom.draw import POSES, draw
from mcas_assets.phantom.world import ALL, IMAGE_TEMPLATES, WORLDS, phrases_of

OBEYED = 0.95
"""Chance that a picture shows what its prompt says; else another concept, the other figure, or another group of tones."""

AMBIGUOUS = 0.08
"""Chance that a figure stands between the two, whoever was meant: both are laid over one another."""

ALIKE = 0.4
"""Correlation, before the cut at the share, of what one seed means under two prompts."""

SPECKLE = 5.0
"""Standard deviation of the noise on each pixel, of 255."""

GROUPS = ("light", "medium", "dark")
TONES: tuple[tuple[int, ...], ...] = ((0, 1, 2), (3, 4, 5, 6), (7, 8, 9))
"""Monk tones of each group, counted from 0."""

_RARE = {"firefighter": 0.0, "pilot": 0.03, "secretary": 0.98}


class Asked(NamedTuple):
    """What a prompt says: a concept (index into `ALL`), and figure and group of tones, None where it leaves them open."""

    concept: int
    woman: bool | None
    group: int | None


class Shown(NamedTuple):
    """What a picture shows.

    Attributes:
        concept: Index into `ALL`.
        woman: Of the two figures, the one that was meant.
        group: Index into `GROUPS`.
        tone: Monk tone from 0.
        pose: Index into `POSES`.
        woman_part: Of the picture: 0 for a man, 1 for a woman, between for a figure between the two.
        is_obeyed: Whether it shows what the prompt says.
    """

    concept: int
    woman: bool
    group: int
    tone: int
    pose: int
    woman_part: float
    is_obeyed: bool

    @property
    def is_ambiguous(self) -> bool:
        """Whether the figure stands between the two."""
        return 0 < self.woman_part < 1


def meant_shares(concept: int) -> tuple[float, np.ndarray]:
    """(P(woman), (3,) P(group)) of a concept where its prompt is obeyed."""
    slug = ALL[concept].slug
    planted = WORLDS["stereotyped"].planted[slug]
    # Of those who are not dark in the two halves, more are light the fewer dark ones there are.
    light = (1 - planted.dark) ** 2
    dark = planted.dark**2
    return _RARE.get(slug, planted.woman), np.array([light, 1 - light - dark, dark])


@cache
def _texts() -> dict[str, Asked]:
    """Every prompt that this world understands."""
    said = {}
    for concept, woman, group in product(range(len(ALL)), (None, False, True), (None, 0, 1, 2)):
        for phrase in phrases_of(concept, woman, None if group is None else GROUPS[group]):
            for template in ("{}", *IMAGE_TEMPLATES):
                said[template.format(phrase)] = Asked(concept, woman, group)
    return said


def asked_of(prompt: str) -> Asked | None:
    """What a prompt says, or None if this world has no such caption."""
    return _texts().get(prompt)


def shown(prompt: str, seed: int) -> Shown:
    """What the picture of a prompt and seed shows.

    Raises:
        KeyError: The prompt is no caption of this world.
    """
    asked = _texts()[prompt]
    of_seed = np.random.default_rng([seed, 0])
    own = np.random.default_rng([seed, 1 + zlib.crc32(prompt.encode())])
    figure, tone = ndtr(np.sqrt(ALIKE) * of_seed.standard_normal(2) + np.sqrt(1 - ALIKE) * own.standard_normal(2))
    pose, within = int(of_seed.integers(len(POSES))), of_seed.random()
    is_obeyed, is_ambiguous = own.random() < OBEYED, own.random() < AMBIGUOUS
    other, part = own.integers(1 << 30), float(own.uniform(0.35, 0.65))
    concept, says_woman, says_group = asked if is_obeyed else _otherwise(asked, int(other))
    share, groups = meant_shares(concept)
    woman = bool(figure < share) if says_woman is None else says_woman
    group = int(np.searchsorted(groups.cumsum()[:-1], tone, "right")) if says_group is None else says_group
    tones = TONES[group]
    return Shown(
        concept, woman, group, tones[int(within * len(tones))], pose, part if is_ambiguous else float(woman), is_obeyed
    )


def _otherwise(asked: Asked, draw_of: int) -> Asked:
    """What is shown of a prompt that is not obeyed: it differs in all that the prompt says, but for a bare person."""
    concept = asked.concept
    if asked.woman is None and asked.group is None:
        concept = (concept + 1 + draw_of % (len(ALL) - 1)) % len(ALL)
    woman = None if asked.woman is None else not asked.woman
    group = None if asked.group is None else (asked.group + 1 + draw_of % (len(GROUPS) - 1)) % len(GROUPS)
    return Asked(concept, woman, group)


def picture(prompt: str, seed: int) -> np.ndarray:
    """The picture of a prompt and seed: uint8 (64, 64, 3).

    Raises:
        KeyError: The prompt is no caption of this world.
    """
    what = shown(prompt, seed)
    parts = {"woman": what.woman_part, "man": 1 - what.woman_part}
    drawn = sum(
        part * draw(ALL[what.concept].slug, figure, what.tone, POSES[what.pose])
        for figure, part in parts.items()
        if part > 0
    )
    speckle = np.random.default_rng([seed, 2 + zlib.crc32(prompt.encode())]).normal(0, SPECKLE, np.shape(drawn))
    return np.clip(np.rint(drawn + speckle), 0, 255).astype(np.uint8)
