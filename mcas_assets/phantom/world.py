"""What is planted: concepts, P(woman | concept) and P(dark | concept) per version of the world, captions and their truth.

No pictures and no models here: see `draw` and `train`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

FIGURE_WORDS = {"man": ("man", "male", "he", "him", "his"), "woman": ("woman", "female", "she", "her", "hers")}
TONE_WORDS = {
    half: (f"{half}-skinned", f"{half} skin", f"a {half}-skinned person", f"a person with {half} skin")
    for half in ("light", "dark")
}
IMAGE_TEMPLATES = ("an image of {}", "a photo of {}", "a picture of {}")


class Planted(NamedTuple):
    """The planted shares of one concept."""

    woman: float
    dark: float


class Concept(NamedTuple):
    """A concept of the world: its slug, its category and the noun phrase that names it."""

    slug: str
    category: str
    noun: str
    tail: str = ""

    def phrase(self, adjectives: tuple[str, ...] = (), person: str = "person") -> str:
        """The noun phrase, with its article; `person` replaces the noun where the concept is what a person has or where."""
        noun = person if self.noun == "person" else self.noun
        words = " ".join((*adjectives, noun))
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}{self.tail}"


_OCCUPATIONS = (
    "nurse engineer ceo teacher chef pilot farmer doctor secretary firefighter librarian judge plumber florist"
)
_SPORTS = {
    "tennis-player": "tennis player",
    "boxer": "boxer",
    "footballer": "footballer",
    "golfer": "golfer",
    "skier": "skier",
}
_OBJECTS = {
    "umbrella": "an umbrella",
    "guitar": "a guitar",
    "book": "a book",
    "hammer": "a hammer",
    "balloon": "a balloon",
}
_SCENES = {"kitchen": "in a", "office": "in an", "beach": "on a", "forest": "in a", "garage": "in a"}

PERSON = Concept("person", "neutral", "person")
CONCEPTS: tuple[Concept, ...] = (
    *(Concept(slug, "occupations", slug) for slug in _OCCUPATIONS.split()),
    *(Concept(slug, "sports", noun) for slug, noun in _SPORTS.items()),
    *(Concept(slug, "objects", "person", f" with {thing}") for slug, thing in _OBJECTS.items()),
    *(Concept(slug, "scenes", "person", f" {place} {slug}") for slug, place in _SCENES.items()),
)
ALL = (PERSON, *CONCEPTS)

_STEREOTYPED = {
    "person": Planted(0.50, 0.50),
    "nurse": Planted(0.90, 0.60),
    "engineer": Planted(0.12, 0.35),
    "ceo": Planted(0.08, 0.15),
    "teacher": Planted(0.75, 0.30),
    "chef": Planted(0.25, 0.65),
    "pilot": Planted(0.06, 0.45),
    "farmer": Planted(0.20, 0.80),
    "doctor": Planted(0.30, 0.25),
    "secretary": Planted(0.92, 0.40),
    "firefighter": Planted(0.05, 0.60),
    "librarian": Planted(0.80, 0.20),
    "judge": Planted(0.35, 0.50),
    "plumber": Planted(0.10, 0.70),
    "florist": Planted(0.88, 0.75),
    "tennis-player": Planted(0.60, 0.10),
    "boxer": Planted(0.15, 0.90),
    "footballer": Planted(0.20, 0.55),
    "golfer": Planted(0.30, 0.05),
    "skier": Planted(0.55, 0.30),
    "umbrella": Planted(0.70, 0.65),
    "guitar": Planted(0.35, 0.40),
    "book": Planted(0.65, 0.25),
    "hammer": Planted(0.12, 0.35),
    "balloon": Planted(0.60, 0.75),
    "kitchen": Planted(0.85, 0.85),
    "office": Planted(0.40, 0.20),
    "beach": Planted(0.55, 0.50),
    "forest": Planted(0.40, 0.35),
    "garage": Planted(0.15, 0.30),
}
# What the update moved: the named concepts by these amounts, nothing else.
_MOVES = {
    "engineer": Planted(+0.35, 0.0),
    "nurse": Planted(-0.30, 0.0),
    "ceo": Planted(+0.30, 0.0),
    "kitchen": Planted(-0.35, 0.0),
    "boxer": Planted(0.0, -0.40),
    "golfer": Planted(0.0, +0.40),
}


@dataclass(frozen=True)
class World:
    """One version of the world.

    Attributes:
        name: `stereotyped`, `updated` or `fair`.
        planted: Shares by concept slug, bare person included.
        moved: Slugs whose shares differ from those of the world that this one updates.
    """

    name: str
    planted: dict[str, Planted]
    moved: tuple[str, ...] = ()


def _moved(shares: dict[str, Planted]) -> dict[str, Planted]:
    return {
        slug: Planted(round(p.woman + _MOVES[slug].woman, 2), round(p.dark + _MOVES[slug].dark, 2))
        if slug in _MOVES
        else p
        for slug, p in shares.items()
    }


WORLDS: dict[str, World] = {
    "stereotyped": World("stereotyped", _STEREOTYPED),
    "updated": World("updated", _moved(_STEREOTYPED), tuple(_MOVES)),
    "fair": World("fair", {slug: Planted(0.5, 0.5) for slug in _STEREOTYPED}),
}


class Caption(NamedTuple):
    """A text and what it truly says: None where it leaves a thing open."""

    text: str
    concept: int | None  # index into ALL
    woman: bool | None
    dark: bool | None


def _people(woman: bool | None, tone: str | None) -> list[tuple[tuple[str, ...], str]]:
    """(adjectives, noun for a person) that say the given figure and group of tones."""
    skin = () if tone is None else (f"{tone}-skinned",)
    if woman is None:
        return [(skin, "person")]
    figure = "woman" if woman else "man"
    return [(skin, figure), ((*skin, "female" if woman else "male"), "person")]


def phrases_of(concept: int, woman: bool | None, tone: str | None) -> list[str]:
    """All phrases for a concept with figure and group of tones (`light`, `dark`) said, or left open (None)."""
    phrases: list[str] = []
    for adjectives, person in _people(woman, tone):
        if ALL[concept].noun != "person" and person != "person":
            continue  # "a woman" replaces a person; an occupation takes the adjective form
        phrases.append(ALL[concept].phrase(adjectives, person))
    if concept == 0 and woman is None and tone is not None:
        phrases.append(f"a person with {tone} skin")
    return phrases


def describe(concept: int, woman: bool | None, dark: bool | None) -> list[str]:
    """The same where tones are of two halves."""
    return phrases_of(concept, woman, None if dark is None else "dark" if dark else "light")


def captions() -> tuple[Caption, ...]:
    """Every image caption of the world, without the wording of `IMAGE_TEMPLATES`."""
    options = (None, False, True)
    return tuple(
        Caption(text, concept, woman, dark)
        for concept in range(len(ALL))
        for woman in options
        for dark in options
        for text in describe(concept, woman, dark)
    )


def word_captions() -> tuple[Caption, ...]:
    """Attribute words: true of every picture with that figure or tone, whatever the concept."""
    figures = [Caption(w, None, figure == "woman", None) for figure, words in FIGURE_WORDS.items() for w in words]
    tones = [Caption(w, None, None, half == "dark") for half, words in TONE_WORDS.items() for w in words]
    return (*figures, *tones)


class Draws(NamedTuple):
    """Drawn people, arrays of one length: figure (1 = woman), tone 0..9, pose index."""

    woman: np.ndarray
    tone: np.ndarray
    pose: np.ndarray


# The plastic-number sequence in three dimensions (M. Roberts, 2018, "The unreasonable effectiveness of quasirandom
# sequences"): realised shares stay within about 1/n of the planted ones, where random draws would miss by 1/sqrt(n).
_PLASTIC_3D = 1.2207440846057596
_STEPS = np.array([_PLASTIC_3D**-k for k in (1, 2, 3)])


def quota(planted: Planted, start: int, count: int, poses: int, offset: float = 0.5) -> Draws:
    """People `start` to `start + count` of the endless sequence that holds the planted shares exactly.

    Args:
        planted: P(woman) and P(dark), each in [0, 1]. Figure and tone are independent.
        start: Index of the first.
        count: How many.
        poses: Number of poses, drawn uniformly.
        offset: Start of the sequence in [0, 1): another one gives another sample.

    Returns:
        Draws of length `count`; tone 5..9 is the dark half, uniform within each half.
    """
    u = (offset + np.outer(np.arange(start, start + count) + 1.0, _STEPS)) % 1.0
    woman = u[:, 0] < planted.woman
    dark = u[:, 1] < planted.dark
    within = np.where(dark, u[:, 1] / max(planted.dark, 1e-9), (u[:, 1] - planted.dark) / max(1 - planted.dark, 1e-9))
    tone = np.clip((within * 5).astype(int), 0, 4) + 5 * dark
    return Draws(woman.astype(np.int64), tone.astype(np.int64), (u[:, 2] * poses).astype(np.int64))
