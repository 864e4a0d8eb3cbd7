"""The one place where a file becomes pixels: what a viewer shows of it, or why it cannot be shown faithfully.

Belongs here: formats, orientation, transparency, ranges of samples, colour profiles, frames, and whether a picture shows anything.
Not here: what follows from it for an image (`core.outcomes`). Nothing is clipped, dropped or chosen in silence: what cannot be
read as its maker meant it raises `NotAPicture`, whose message names the property.
"""

import base64
import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, ImageOps, features

from mcas_assets.core.colours import NotFaithful, scaled, to_srgb
from mcas_assets.core.errors import one_line

READS = "1"
"""Raised with any change after which a file may be read otherwise: it is part of every embedder's and reader's identity."""

GROUND = (255, 255, 255)
"""sRGB that shows through where a picture is transparent: white, the page that such pictures are made for."""

SUFFIXES = {
    "PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "DIB": ".bmp", "TIFF": ".tif",
    "AVIF": ".avif", "JPEG2000": ".jp2", "PPM": ".ppm", "TGA": ".tga", "QOI": ".qoi", "PCX": ".pcx", "SGI": ".sgi",
}  # fmt: skip
"""The formats that are read, and the ending that a kept file gets. Others can run code of their own (EPS), hold several pictures
of which none is the picture (ICO), or are none."""

_FORMATS = [name for name in SUFFIXES if name != "MPO"]  # which the reader of JPEG finds by itself

ENDINGS = frozenset(
    (*SUFFIXES.values(), ".jpeg", ".jpe", ".jfif", ".tiff", ".avifs", ".dib", ".j2k", ".pgm", ".pbm", ".pnm", ".apng")
)
"""By which files of pictures are known in a folder, in small letters."""

_FOREIGN = {
    b"ftypheic": "HEIC", b"ftypheix": "HEIC", b"ftypmif1": "HEIF", b"ftyphevc": "HEIC", b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL": "JPEG XL", b"<svg": "SVG", b"<?xml": "SVG or XML", b"%PDF": "PDF", b"%!PS": "PostScript",
    b"8BPS": "Photoshop", b"\x76\x2f\x31\x01": "OpenEXR", b"#?RADIANCE": "Radiance HDR", b"<!DOCTYPE": "a web page",
    b"<!doctype": "a web page", b"<html": "a web page", b"version https://git-lfs": "a Git LFS pointer", b"{": "JSON text",
}  # fmt: skip

_KNOWN = {
    b"\x89PNG": "PNG", b"\xff\xd8": "JPEG", b"GIF8": "GIF", b"RIFF": "WEBP", b"BM": "BMP", b"II*\0": "TIFF", b"MM\0*": "TIFF",
}  # fmt: skip

BLANK_RANGE = 6
"""Levels of 255 that all samples of a channel may differ by for the picture to be of one colour: what compression leaves."""

# What Pillow raises for what is not, or no longer, a whole image; the last ones come from broken headers.
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error, zlib.error, IndexError, KeyError, OverflowError,
    MemoryError, ZeroDivisionError, AttributeError, RuntimeError,
)  # fmt: skip

# Of bombs (our own limits are stricter, and declared) and of odd metadata. Once for the process: pictures are decoded by several
# threads, and to change filters for a while is safe in one alone.
warnings.filterwarnings("ignore", module=r"PIL\.")

Fault = Literal["decode_error", "rejected"]


class NotAPicture(ValueError):  # noqa: N818 - says what the data is
    """Data that cannot be shown faithfully.

    Attributes:
        outcome: `rejected` where it is too large to be decoded, else `decode_error`.
        size: Width and height in pixels, where they could be told.
    """

    def __init__(self, reason: str, outcome: Fault = "decode_error", size: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.outcome, self.size = outcome, size


@dataclass(frozen=True)
class Picture:
    """What a file shows.

    Attributes:
        image: RGB, 8 bits a channel, sRGB, upright, on `GROUND`.
        suffix: The ending for a file of these bytes, with its dot.
        frames: Pictures that the file holds, of which this is the first.
        is_clear: Whether it is transparent all over.
    """

    image: Image.Image
    suffix: str
    frames: int = 1
    is_clear: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as shown."""
        return self.image.size

    def pixels(self) -> NDArray[np.uint8]:
        """(height, width, 3)."""
        return np.asarray(self.image)

    def blank(self) -> str | None:
        """Why it shows nothing, or None if it shows something. Says nothing of who left it blank."""
        of = f"the first of its {self.frames} frames" if self.frames > 1 else "the picture"
        if self.is_clear:
            return f"{of} is transparent all over"
        ranges: list[tuple[int, int]] = self.image.getextrema()  # ty: ignore[invalid-assignment]  # of three channels
        return _of_one_colour(ranges, of)


def blank(samples: NDArray[np.floating]) -> str | None:
    """Why samples in [0, 1], of shape (height, width, 3), show nothing, or None: the same judgement as `Picture.blank`."""
    low, high = (np.round(255 * end(axis=(0, 1))).astype(int) for end in (samples.min, samples.max))
    return _of_one_colour(list(zip(low.tolist(), high.tolist(), strict=True)), "the picture")


def _of_one_colour(ranges: list[tuple[int, int]], of: str) -> str | None:
    if any(high - low > BLANK_RANGE for low, high in ranges):
        return None
    return "{} is of one colour all over (#{:02x}{:02x}{:02x})".format(of, *(low for low, _ in ranges))


@cache
def decoder() -> str:
    """What pictures are read by: differs between installations that can read one file differently."""
    codecs = {name: features.version(name) for name in ("jpg", "webp", "avif", "libtiff", "jpg_2000", "littlecms2")}
    known = ", ".join(f"{name} {version}" for name, version in codecs.items() if version)
    return f"{READS}; pillow {PIL.__version__}; {known}; on #{bytes(GROUND).hex()}"


def decode(data: bytes, most_pixels: int | None = None) -> Picture:
    """What a file shows.

    Args:
        data: The bytes of the file.
        most_pixels: The largest picture that is decoded; None for whatever Pillow takes.

    Raises:
        NotAPicture: It is no picture, not a whole one, too large, or one that cannot be shown faithfully. Says why.
    """
    if not data:
        raise NotAPicture("the file is empty")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if most_pixels is not None and image.width * image.height > most_pixels:
                problem = f"{image.width} x {image.height} pixels, more than the {most_pixels:,} allowed (max_pixels)"
                raise NotAPicture(f"a decompression bomb or nearly one: {problem}", "rejected", image.size)
            return _shown(image, data)
    except NotAPicture:
        raise
    except NotFaithful as error:
        raise NotAPicture(f"it holds {error}") from error
    except Image.DecompressionBombError as error:
        raise NotAPicture(f"a decompression bomb ({error})"[:300], "rejected") from error
    except PIL.UnidentifiedImageError as error:
        raise NotAPicture(_unidentified(data)) from error
    except _BROKEN as error:
        message = one_line(error).partition(" <_io")[0][:200]
        raise NotAPicture(f"not a whole image ({message or type(error).__name__})") from error


def from_base64(text: object) -> bytes:
    """The bytes of a base64 text, broken into lines or not, or of a data: URL (RFC 2397).

    Raises:
        NotAPicture: It is none.
    """
    if not isinstance(text, str):
        raise NotAPicture("it is not valid base64")
    head, _, rest = text.partition(",") if text.startswith("data:") else ("", "", text)
    if head and not head.endswith(";base64"):
        raise NotAPicture("it is a data: URL without base64")
    try:
        return base64.b64decode("".join(rest.split()), validate=True)
    except ValueError as error:
        raise NotAPicture("it is not valid base64") from error


def _shown(image: Image.Image, data: bytes) -> Picture:
    """The first frame, upright, in sRGB, on the ground."""
    frames = int(getattr(image, "n_frames", 1)) if image.format not in ("MPO", "TIFF") else 1
    suffix = SUFFIXES[str(image.format)]
    image.load()
    _refuse_wide_range(image, data)
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        return Picture(to_srgb(scaled(upright, image), image.info), suffix, frames)
    colours, alpha = _apart(upright, image)
    colours = to_srgb(colours, image.info)
    ground = Image.new("RGB", colours.size, GROUND)
    ground.paste(colours, mask=alpha)
    return Picture(ground, suffix, frames, is_clear=alpha.getextrema()[1] == 0)


def _apart(upright: Image.Image, source: Image.Image) -> tuple[Image.Image, Image.Image]:
    """(colours, alpha) of an image with transparency."""
    if upright.mode.startswith("I"):  # grey of which one value is transparent
        is_shown = np.asarray(upright) != source.info["transparency"]
        return scaled(upright, source), Image.fromarray(is_shown.astype(np.uint8) * 255)
    clear = upright.convert("LA" if upright.mode in ("LA", "La") else "RGBA")
    return clear.convert("L" if clear.mode == "LA" else "RGB"), clear.getchannel("A")


def _refuse_wide_range(image: Image.Image, data: bytes) -> None:
    """Colours that are stated in a way that Pillow passes over, and that are not those of sRGB.

    The chunk cICP of PNG (third edition, 11.3.2.6) and the box colr of AVIF name primaries and transfer by the numbers of
    ITU-T H.273: 1 and 1 or 13 are those of sRGB, 2 is "not stated".
    """
    place = data.find(b"cICP") if image.format == "PNG" else data.find(b"colrnclx") if image.format == "AVIF" else -1
    if place < 0:
        return
    if image.format == "PNG":
        primaries, transfer = struct.unpack_from(">BB", data, place + 4)
    else:
        primaries, transfer = struct.unpack_from(">HH", data, place + 8)
    if primaries not in (1, 2, 5, 6) or transfer not in (1, 2, 6, 13, 14, 15):
        raise NotAPicture(
            f"{image.format} in a colour space that is not read (H.273 primaries {primaries}, transfer {transfer}): "
            "convert it to sRGB",
            size=image.size,
        )


def _unidentified(data: bytes) -> str:
    head = data[:64].lstrip(b" \t\r\n\xef\xbb\xbf")
    for mark, name in _FOREIGN.items():
        if head.startswith(mark) or (mark.startswith(b"ftyp") and mark in data[:16]):
            return f"it is {name}, which is not read as a picture"
    for mark, name in _KNOWN.items():
        if data.startswith(mark):
            return f"not a whole image (the head of a {name} file is damaged)"
    known = ", ".join(sorted(set(SUFFIXES) - {"MPO", "DIB"}))
    return f"no image in a format that is read ({known}; {len(data):,} bytes)"
