"""The skin tone of the person in a picture, from its pixels and without any embedder.

`ToneReader` is what the pipeline needs of a reader; `SalientTone` is the one it has. It finds no faces: it
takes for the person what stands out from the picture's border in a colour of the Monk scale. That is right for
a figure before a background, such as the phantom's, and for a portrait before a plain one. It is wrong where
clothes, wood or sand in a colour of skin outweigh the skin, where several people have several tones, and in
pictures without colour; and light is part of every colour. A real model's pictures want a face detector, which
is one more class with the same method.
"""

from functools import cached_property
from typing import Protocol

import numpy as np
from PIL import Image
from scipy.spatial.distance import cdist

from mcas_assets.core.digests import document_digest
from mcas_assets.core.pictures import decode, decoder
from mcas_assets.scoring.shares.skin_tone import UNREADABLE, monk_tone_of_lab, monk_tones_of_lab, srgb_to_lab

SIDE = 64
"""Pictures are read at this many pixels on the longer side."""

STANDS_OUT = 10.0
"""Distance in CIELAB from every colour of the border beyond which a pixel belongs to what is shown."""

SKIN = 20.0
"""Distance in CIELAB from the nearest Monk tone up to which a pixel may be skin."""

LEAST = 0.02
"""Share of the picture that must be one tone and its neighbours."""

RIVAL = 0.7
"""Another tone, not a neighbour, that covers more than this part of the first makes the picture unreadable."""

READS = "2"
"""What tones are read by: raised with any change after which a picture may be read otherwise."""


class ToneReader(Protocol):
    """Tells the skin tone of the person in a picture."""

    @property
    def id(self) -> str:
        """What tones are kept under: differs between readers that can read one picture differently."""
        ...

    def tone(self, file: bytes) -> int:
        """Monk tone 1 (lightest) to 10, or `UNREADABLE`.

        Args:
            file: The bytes of an image file that can be decoded.
        """
        ...


class SalientTone:
    """The tone that most of what stands out from the border has. See the module for what it can and cannot do."""

    @cached_property
    def id(self) -> str:
        """`salient@` and 12 hex digits of the digest of `READS`, of what pictures are read by, and of numpy's version."""
        reads = {"code": READS, "pictures": decoder(), "numpy": np.__version__}
        return f"salient@{document_digest(reads)[:12]}"

    def tone(self, file: bytes) -> int:
        """Median tone of the salient region in CIELAB, or `UNREADABLE` where it is small or of several tones."""
        picture = decode(file).image
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        pixels = np.asarray(picture)
        lab = srgb_to_lab(pixels)
        skin = monk_tones_of_lab(lab.reshape(-1, 3), SKIN).tones.reshape(pixels.shape[:2])
        tones = np.where(_stands_out(pixels, lab), skin, UNREADABLE)
        inner = _in_one_tone(tones)
        counts = np.bincount(tones[inner], minlength=11)[1:]
        # Shading spreads one skin over neighbouring tones.
        near = np.convolve(counts, [1, 1, 1], "same")
        first = int(near.argmax())
        rivals = [near[i] for i in range(10) if abs(i - first) > 2]
        if near[first] < LEAST * tones.size or max(rivals) > RIVAL * near[first]:
            return UNREADABLE
        return monk_tone_of_lab(lab[inner & (np.abs(tones - 1 - first) <= 1)])


def _in_one_tone(tones: np.ndarray) -> np.ndarray:
    """(rows, columns) bool: pixels whose four neighbours have their tone or the next. Outlines and edges fall out."""
    around = np.pad(tones, 1)
    kept = tones != UNREADABLE
    for near in (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]):
        kept = kept & (near != UNREADABLE) & (np.abs(near - tones) <= 1)
    return kept


def _stands_out(pixels: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """(rows, columns) bool: unlike every colour of the left, upper and right border; bodies reach the lower one."""
    border = np.concatenate([pixels[0], pixels[:, 0], pixels[:, -1]])
    colours = srgb_to_lab(np.unique(border // 8, axis=0) * 8.0 + 3.5)
    return cdist(lab.reshape(-1, 3), colours).min(axis=1).reshape(pixels.shape[:2]) > STANDS_OUT
