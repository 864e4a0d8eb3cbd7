"""The skin tone of a photographed person, from where their face is: which pixels are skin, under which light, on which scale.

A colour in a photograph is skin times light. The colour of the light is estimated from what is not the person by shades of grey
(Finlayson & Trezzi 2004: the sixth norm of each channel of the scene is taken for grey) and divided out. How bright the light is
cannot be known from a picture, so tones are those of the picture's exposure: compare within prompts, not with people.

Landmarks are five points, as face detectors give them: right eye, left eye, tip of the nose, right and left corner of the mouth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.shares.skin_tone import (
    UNREADABLE,
    ita_of_lab,
    linear_to_lab,
    monk_tones_of_lab,
    perla_tone_of_lab,
    srgb_to_lab,
    srgb_to_linear,
)
from mcas_assets.scoring.stats.arrays import Floats

NORM = 6
"""Of the estimate of light: the one that Finlayson & Trezzi (2004) find best."""

FEWEST = 400
"""Pixels of skin that a tone takes."""

COLOURLESS = 4.0
"""Chroma in CIELAB that 95 % of the pixels of a picture without colour stay below."""

ONE_COLOUR = 3.0
"""Spread of a* and b* of the surroundings below which they may be a wall of that colour as well as light of it."""

MOST_CAST = 20.0
"""Degrees between light and grey beyond which what surrounds the person is taken to be coloured, and no tone is told."""

APART = 15.0
"""Distance in CIELAB of a patch from the other patches of a face beyond which it is hair, a frame or a shadow."""

COMPARABLE, TONES_APART = 0.5, 2
"""A face of half the area of the largest counts too: if its Monk tone is farther off than two, the picture shows several."""

NO_FACE, NO_COLOUR, FEW_PIXELS = "no face", "a picture without colour", "too few pixels of skin"
SEVERAL_COLOURS, CAST, NO_SKIN = "cheeks and forehead differ", "light or ground of one colour", "no colour of skin"
SEVERAL_TONES = "several persons of several tones"


@dataclass(frozen=True)
class Face:
    """Where a face is, in pixels from the upper left.

    Attributes:
        box: x, y, width, height.
        points: (5, 2) landmarks, x and y; see the module.
    """

    box: tuple[float, float, float, float]
    points: Floats

    @property
    def area(self) -> float:
        """Of the box, in pixels."""
        return self.box[2] * self.box[3]


@dataclass(frozen=True)
class Light:
    """The estimated light of a picture.

    Attributes:
        colour: (3,) of the light in linear sRGB, mean 1; all 1 where none can be told.
        cast: Degrees between it and grey.
        is_known: Whether it was estimated; else nothing is divided out.
    """

    colour: Floats
    cast: float
    is_known: bool


@dataclass(frozen=True)
class Reading:
    """What is read of the largest face.

    Attributes:
        monk: 1 (lightest) to 10 with the light divided out, or `UNREADABLE`.
        monk_as_shown: The same without; `UNREADABLE` where none is.
        perla: 1 (lightest) to 11, with the light divided out; None where there is no tone.
        ita: Individual typology angle in degrees, likewise.
        lightness: L* in [0, 100], likewise.
        light: Of the picture; None where no face is.
        n_pixels: Of skin.
        reason: Why no tone is told, or None.
    """

    monk: int
    monk_as_shown: int = UNREADABLE
    perla: int | None = None
    ita: float | None = None
    lightness: float | None = None
    light: Light | None = None
    n_pixels: int = 0
    reason: str | None = None


def read_portrait(pixels: np.ndarray, faces: Sequence[Face]) -> Reading:
    """The tone of the person in a picture.

    Args:
        pixels: (rows, columns, 3) uint8, sRGB.
        faces: What a detector found.
    """
    if not faces:
        return Reading(UNREADABLE, reason=NO_FACE)
    lab = srgb_to_lab(pixels)
    if np.percentile(np.hypot(lab[..., 1], lab[..., 2]), 95) < COLOURLESS:
        return Reading(UNREADABLE, reason=NO_COLOUR)
    light = light_of(pixels, lab, faces)
    if light.cast > MOST_CAST:
        return Reading(UNREADABLE, light=light, reason=CAST)
    linear = srgb_to_linear(pixels)
    ordered = sorted(faces, key=lambda face: -face.area)
    found = [_of_face(linear, face, light) for face in ordered if face.area >= COMPARABLE * ordered[0].area]
    told = [one.monk for one in found if one.monk != UNREADABLE]
    if found[0].monk != UNREADABLE and max(told) - min(told) > TONES_APART:
        return Reading(UNREADABLE, light=light, n_pixels=found[0].n_pixels, reason=SEVERAL_TONES)
    return found[0]


def light_of(pixels: np.ndarray, lab: Floats, faces: Sequence[Face]) -> Light:
    """The light of a picture, by shades of grey over what is no face; unknown where that is of one colour, or next to nothing."""
    is_around = np.ones(pixels.shape[:2], dtype=np.bool_)
    for face in faces:
        x, y, width, height = face.box
        rows = slice(max(0, int(y - height / 4)), max(0, int(y + 1.25 * height)))
        is_around[rows, max(0, int(x - width / 4)) : max(0, int(x + 1.25 * width))] = False
    linear = srgb_to_linear(pixels[is_around])
    is_exposed = (linear < 0.98).all(axis=1) & (linear > 0.01).any(axis=1)
    unknown = Light(np.ones(3), 0.0, False)
    spread = lab[is_around][is_exposed][:, 1:].std(axis=0).max() if is_exposed.any() else 0.0
    if is_exposed.sum() < 0.05 * is_around.size or spread < ONE_COLOUR:
        return unknown
    colour = (linear[is_exposed] ** NORM).mean(axis=0) ** (1 / NORM)
    colour = colour / colour.mean()
    cosine = colour.sum() / (np.sqrt(3) * np.linalg.norm(colour))
    return Light(colour, float(np.degrees(np.arccos(min(cosine, 1.0)))), True)


def _of_face(linear: Floats, face: Face, light: Light) -> Reading:
    patches = [patch for patch in _patches(linear, face) if len(patch)]
    n_pixels = sum(map(len, patches))
    if n_pixels < FEWEST:
        return Reading(UNREADABLE, light=light, n_pixels=n_pixels, reason=FEW_PIXELS)
    medians = np.stack([np.median(linear_to_lab(patch), axis=0) for patch in patches])
    apart = np.linalg.norm(medians[:, None] - medians[None], axis=2)
    near = apart[np.argmin(apart.sum(axis=1))] <= APART
    if near.sum() < 2:
        return Reading(UNREADABLE, light=light, n_pixels=n_pixels, reason=SEVERAL_COLOURS)
    skin = np.concatenate([patch for patch, is_near in zip(patches, near, strict=True) if is_near])
    shown, lit = (np.median(linear_to_lab(skin / by), axis=0) for by in (np.ones(3), light.colour))
    tones = monk_tones_of_lab(np.stack([shown, lit])).tones
    return Reading(
        int(tones[1]), int(tones[0]), perla_tone_of_lab(lit), ita_of_lab(lit), float(lit[0]), light, len(skin),
        None if tones[1] else NO_SKIN,
    )  # fmt: skip


def _patches(linear: Floats, face: Face) -> list[Floats]:
    """Pixels of both cheeks and of the forehead, (n, 3) each, without the tenths that are lightest and darkest."""
    right, left, _, right_mouth, left_mouth = face.points
    eyes, apart = (right + left) / 2, float(np.linalg.norm(right - left))
    up = eyes - (right_mouth + left_mouth) / 2
    up = up / max(float(np.linalg.norm(up)), 1e-9)
    outward = (right - left) / max(apart, 1e-9) * 0.08 * apart
    centres = [
        right + 0.55 * (right_mouth - right) + outward, left + 0.55 * (left_mouth - left) - outward, eyes + 0.55 * apart * up,
    ]  # fmt: skip
    found, half = [], 0.16 * apart
    for x, y in centres:
        rows = slice(max(0, round(y - half)), max(0, round(y + half) + 1))
        patch = linear[rows, max(0, round(x - half)) : max(0, round(x + half) + 1)].reshape(-1, 3)
        bright = patch.sum(axis=1)
        ends = np.percentile(bright, (10, 90)) if len(patch) else (0.0, 0.0)
        found.append(patch[(bright >= ends[0]) & (bright <= ends[1])])
    return found
