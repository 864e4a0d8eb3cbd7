"""Nearest tone of the Monk Skin Tone scale, in CIELAB under D65.

The scale is Ellis Monk's (skintone.google, CC BY 4.0). Lab values are true ones (L* 0..100), not the 8-bit
form of image libraries. Which pixels show skin is the business of whoever reads the picture.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from mcas_assets.scoring.stats.arrays import Floats, Ints

MONK_HEX = (
    "#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96", "#a07e56", "#825c43", "#604134", "#3a312a", "#292420",
)  # fmt: skip
"""Tones 1 (lightest) to 10 (darkest)."""

PERLA_HEX = (
    "#fbf2f3", "#f3dad6", "#e7c1b8", "#e5c8a6", "#bea07e", "#9d7a54", "#81654f", "#6f503c", "#513b2e", "#422811", "#373028",
)  # fmt: skip
"""Tones 1 (lightest) to 11 (darkest) of the palette of the Project on Ethnicity and Race in Latin America (Telles 2014), in the
colours that public software has for it: the palette is a printed card, so these are near to it rather than it."""

UNREADABLE = 0
"""Tone of a colour that is too far from every tone, or of no pixels at all."""

SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ at D65 (IEC 61966-2-1)."""

WHITE = SRGB_TO_XYZ.sum(axis=1)
"""XYZ of sRGB white, so that white is exactly L* = 100, a* = b* = 0."""


@dataclass(frozen=True)
class Tones:
    """Monk tones of n colours.

    Attributes:
        tones: (n,) 1..10, or `UNREADABLE`.
        distances: (n,) distance to the nearest tone in CIELAB (CIE76), in delta E.
    """

    tones: Ints
    distances: Floats


def srgb_to_lab(rgb: ArrayLike) -> Floats:
    """CIELAB of sRGB colours.

    Args:
        rgb: (..., 3) in 0..255.

    Returns:
        (..., 3): L* in [0, 100], a* and b*, D65, 2 degree observer.

    Raises:
        ValueError: Not three channels, or values outside 0..255.
    """
    values = np.asarray(rgb, dtype=np.float64)
    if values.shape[-1:] != (3,) or not ((values >= 0) & (values <= 255)).all():
        raise ValueError("rgb must hold three channels of 0..255")
    return linear_to_lab(_linear(values))


def srgb_to_linear(rgb: ArrayLike) -> Floats:
    """Linear light, 0..1, of sRGB colours (..., 3) in 0..255 (IEC 61966-2-1)."""
    return _linear(np.asarray(rgb, dtype=np.float64))


def _linear(rgb: Floats) -> Floats:
    values = rgb / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def linear_to_lab(linear: Floats) -> Floats:
    """CIELAB of linear sRGB, (..., 3), 0 and more; see `srgb_to_lab`."""
    ratio = linear @ SRGB_TO_XYZ.T / WHITE
    # The linear toe of CIE 15, with its exact constants.
    bent = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def monk_tones_of_lab(lab: Floats, farthest: float = 25.0) -> Tones:
    """Nearest Monk tone of each colour, over all of L*, a* and b*.

    Args:
        lab: (n, 3) in CIELAB, such as the median colour of the skin pixels of each image.
        farthest: Distance in delta E beyond which a colour is no skin tone of the scale.

    Returns:
        Tones and distances.
    """
    distances = cdist(lab, monk_lab())
    nearest = distances.argmin(axis=1)
    far = distances[np.arange(len(lab)), nearest]
    return Tones(np.where(far <= farthest, nearest + 1, UNREADABLE).astype(np.int64), far)


def monk_tone_of_lab(lab: Floats, farthest: float = 25.0) -> int:
    """Tone of one picture from its skin pixels (m, 3) in CIELAB: that of their median, or `UNREADABLE`."""
    if not len(lab):
        return UNREADABLE
    return int(monk_tones_of_lab(np.median(lab, axis=0, keepdims=True), farthest).tones[0])


def perla_tone_of_lab(lab: ArrayLike) -> int:
    """Nearest tone, 1 to 11, of the PERLA palette to one colour (3,) in CIELAB."""
    return int(cdist(np.asarray(lab, dtype=np.float64)[None], _lab_of(PERLA_HEX)).argmin()) + 1


def ita_of_lab(lab: ArrayLike) -> float:
    """Individual typology angle, degrees, of one colour (3,) in CIELAB: atan2(L* - 50, b*) (Chardon et al. 1991); high is light."""
    lightness, _, yellow = np.asarray(lab, dtype=np.float64)
    return float(np.degrees(np.arctan2(lightness - 50, yellow)))


@cache
def monk_lab() -> Floats:
    """(10, 3) the tones in CIELAB, read-only."""
    return _lab_of(MONK_HEX)


@cache
def _lab_of(codes: tuple[str, ...]) -> Floats:
    tones = srgb_to_lab([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes])
    tones.flags.writeable = False
    return tones
