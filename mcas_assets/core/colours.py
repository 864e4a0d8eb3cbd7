"""Samples of every range and colour space as 8-bit sRGB, by what the file says of them."""

import io
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms


class NotFaithful(ValueError):  # noqa: N818 - says what the samples are
    """Samples that cannot be shown as they are meant. The message names what they are, and what to do."""


_SRGB_GAMMA = 0.45455  # PNG's gAMA of pictures for sRGB screens
_SRGB_PRIMARIES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # white, red, green, blue, as PNG's cHRM has them
_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
_WHITE_IS_ZERO = 0


def scaled(image: Image.Image, source: Image.Image) -> Image.Image:
    """The image with 8 bits a sample. Pillow's own conversion clips deeper ones instead of scaling them.

    Args:
        image: Without transparency.
        source: The file that it is from, which says how many bits count.

    Raises:
        NotFaithful: The samples' range is not stated (floating point, integers of 32 bits).
    """
    if image.mode == "F":
        raise NotFaithful("floating-point samples, whose white is not stated: save it with 8 or 16 bits")
    if not image.mode.startswith("I"):
        return image
    tags = getattr(source, "tag_v2", {})
    bits = tags.get(_TIFF_BITS, (16,))[0] if tags else 16
    if bits > 16 or (image.mode == "I" and source.format not in ("PNG", "PPM")):
        raise NotFaithful(f"integers of {max(bits, 32)} bits, whose white is not stated: save it with 8 or 16 bits")
    samples = np.asarray(image).astype(np.float64) / (2**bits - 1)
    if samples.size and not 0 <= samples.min() <= samples.max() <= 1:
        raise NotFaithful(f"samples beyond the {bits} bits that it states")
    if tags.get(_TIFF_PHOTOMETRIC) == _WHITE_IS_ZERO:
        samples = 1 - samples
    return Image.fromarray(np.round(samples * 255).astype(np.uint8))


def to_srgb(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """RGB in sRGB, by the file's colour profile, else by PNG's gamma, else taken for sRGB as browsers do.

    Raises:
        NotFaithful: It states primaries without a profile that are not those of sRGB.
    """
    profile = info.get("icc_profile")
    if profile and (converted := _by_profile(image, profile)) is not None:
        return converted
    if image.mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        return _transformed(image, ImageCms.ImageCmsProfile(lab))
    rgb = image.convert("RGB")
    if profile or "srgb" in info:
        return rgb
    primaries = info.get("chromaticity")
    if primaries and max(abs(a - b) for a, b in zip(primaries, _SRGB_PRIMARIES, strict=False)) > 0.02:
        raise NotFaithful("primaries (cHRM) other than those of sRGB, and no colour profile: convert it to sRGB")
    gamma = info.get("gamma")
    if not gamma or abs(gamma - _SRGB_GAMMA) < 0.02:
        return rgb
    levels = np.linspace(0, 1, 256) ** (_SRGB_GAMMA / gamma)
    return rgb.point(np.round(levels * 255).astype(int).tolist() * 3)


def _by_profile(image: Image.Image, data: bytes) -> Image.Image | None:
    """The image by its profile; None where that is none, or is for another kind of picture: browsers then pass it over."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
        if ImageCms.getProfileDescription(profile).strip().startswith("sRGB"):
            return None
        fits = {"RGB": ("RGB", "P", "1"), "GRAY": ("L", "1"), "CMYK": ("CMYK",), "Lab": ("LAB",)}
        if image.mode not in fits.get(space, ()):
            return None
        kinds = {"RGB": "RGB", "GRAY": "L"}
        return _transformed(image.convert(kinds[space]) if space in kinds else image, profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    made = ImageCms.profileToProfile(image, profile, _srgb(), renderingIntent=intent, outputMode="RGB")
    assert made is not None  # it is one only where it is asked to work in place
    return made


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
