"""How far apart two pictures of the same thing are, and what is near enough to be the same drawing."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcas_assets.core.pictures import decode

PSNR = 40.0
"""Decibels at and above which two drawings are within tolerance."""

COSINE = 0.999
"""Cosine of the two vectors of an embedder at and above which they are, where one is at hand."""

Verdict = Literal["equal", "within tolerance", "different"]


@dataclass(frozen=True)
class Distance:
    """How far two pictures of one size are apart.

    Attributes:
        largest: Largest difference of two values, 0 to 255.
        differing: Share of values that differ, 0 to 1.
        psnr: Peak signal-to-noise ratio in decibels, 10 log10(255^2 / mean squared difference); infinite if equal.
        cosine: Of the pictures' vectors by an embedder, -1 to 1, or None.
    """

    largest: int
    differing: float
    psnr: float
    cosine: float | None = None

    @property
    def is_none(self) -> bool:
        """Whether every pixel is equal."""
        return self.largest == 0

    @property
    def verdict(self) -> Verdict:
        """By `PSNR` and, where there is one, `COSINE`."""
        if self.is_none:
            return "equal"
        near = self.psnr >= PSNR and (self.cosine is None or self.cosine >= COSINE)
        return "within tolerance" if near else "different"

    def with_cosine(self, cosine: float) -> "Distance":
        """The same with a cosine."""
        return replace(self, cosine=cosine)


def distance(first: bytes, second: bytes) -> Distance | None:
    """How far two image files are apart in RGB, or None where their sizes differ."""
    before, after = _pixels(first), _pixels(second)
    if before.shape != after.shape:
        return None
    apart = np.abs(before - after)
    error = float(np.square(apart).mean())
    psnr = 10 * math.log10(255**2 / error) if error else math.inf
    return Distance(int(apart.max()), float((apart > 0).mean()), psnr)


def cosine(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Of two vectors (d,), no longer than 1 by rounding."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    return float(np.clip(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)), -1, 1))


def _pixels(file: bytes) -> NDArray[np.int32]:
    return decode(file).pixels().astype(np.int32)
