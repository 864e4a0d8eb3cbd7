"""Pictures as pages show them: small, decoded in the one place where files become pixels, and kept in memory alone.

Looking never writes: nothing here touches the home but to read.
"""

import io
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.core.overlap import ahead
from mcas_assets.core.pictures import NotAPicture, decode
from mcas_assets.pages.reader import NotThere
from mcas_assets.store.files import kept_path, read_image, readers

SIDES = (64, 160, 320, 1024)
"""Pixels of the longer side in which pictures are given; smaller ones keep their size."""

MOST_AVERAGED = 400
"""Pictures that an average is over at most: the first ones, which are of the first seeds of every prompt."""

_AVERAGE_SIDE = 192
_MOST_KEPT = 4096  # pictures in memory, some 3 to 15 kB each
_MOST_PIXELS = 64_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")

Kept = tuple[str, str]
"""The sha256 of an image file, and its ending with the dot."""


def kept_of(sha256: str, path: str) -> Kept:
    """How a row of `images` names its file."""
    return sha256, PurePosixPath(path).suffix


class Pictures:
    """The pictures of a home.

    Attributes:
        home: Its folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.small = lru_cache(_MOST_KEPT)(self._small)
        self.average = lru_cache(512)(self._average)

    def original(self, kept: Kept) -> bytes:
        """The bytes of the file, as they came.

        Raises:
            NotThere: It is not there, or is no name of a picture.
            StoreError: It was changed or cannot be read.
        """
        sha256, suffix = kept
        if not _DIGEST.fullmatch(sha256):
            raise NotThere(sha256, "is no digest of a picture", "Follow a link of a page")
        try:
            return read_image(self.home, kept_path(sha256, suffix), sha256)
        except ValueError as error:
            raise NotThere(suffix, "is no ending of a picture", "Follow a link of a page") from error

    def _small(self, kept: Kept, side: int) -> bytes:
        """WebP whose longer side has at most `side` pixels, a number of `SIDES`."""
        if side not in SIDES:
            raise NotThere("side", f"{side} is no size that is given", f"Use one of {', '.join(map(str, SIDES))}")
        image = self._pixels(kept)
        image.thumbnail((side, side))
        return _webp(image, lossless=max(image.size) <= SIDES[0] < side)

    def _pixels(self, kept: Kept) -> Image.Image:
        try:
            return decode(self.original(kept), _MOST_PIXELS).image
        except NotAPicture as error:
            raise BadInput(kept[0], f"cannot be shown: {error}", "The row of the image says what came of it") from error

    def _average(self, kept: tuple[Kept, ...]) -> tuple[bytes, bytes, int]:
        """The mean of pictures pixel by pixel, and how far they lie from it, light where they differ most.

        Both are WebP. The spread is the root of the mean squared distance from the mean over pictures and channels; its
        largest possible value, half of the range, is white.

        Returns:
            Mean, spread, and over how many pictures.
        """
        threads = readers(self.home)
        stack = _stacked(list(ahead(self._pixels, kept[:MOST_AVERAGED], 2 * threads, threads)))
        mean = stack.mean(axis=0)
        spread = np.sqrt(((stack - mean) ** 2).mean(axis=(0, 3)))
        return _webp(_image(mean)), _webp(_image(2 * spread)), len(stack)


def _stacked(images: Sequence[Image.Image]) -> np.ndarray:
    """(n, height, width, 3) float32 in 0 to 255, all of the shape of the first, its longer side at most `_AVERAGE_SIDE`."""
    first = images[0].copy()
    first.thumbnail((_AVERAGE_SIDE, _AVERAGE_SIDE))
    return np.stack([np.asarray(one.resize(first.size, Image.Resampling.BOX), np.float32) for one in images])


def _image(samples: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.round(samples), 0, 255).astype(np.uint8))


def _webp(image: Image.Image, *, lossless: bool = False) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82, method=2, lossless=lossless)
    return buffer.getvalue()
