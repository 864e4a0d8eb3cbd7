"""What of a set may be taken: only files inside it, only whole images of a bearable size, only pictures that show something.

Nothing is raised here for what a set holds: a file that is not taken is an outcome with a reason.
"""

import io
import os
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from PIL import Image, ImageStat

from mcas_assets.core.errors import one_line
from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.systems.protocol import Outcome

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}
"""The formats that are read, and the ending that a kept file gets. Others can run code of their own (EPS) or are none."""

IMAGE_NAMES = frozenset((*SUFFIXES.values(), ".jpeg", ".tiff"))
NEAR_CONSTANT = 2.0
"""Standard deviation of grey, in levels of 255, below which a picture may be a blank one."""

# What Pillow raises for what is not, or no longer, a whole image; the last ones come from broken headers.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, OverflowError, MemoryError)


@dataclass(frozen=True)
class Limits:
    """The largest image that is taken, in bytes of the file and in pixels once decoded."""

    bytes: int
    pixels: int


@dataclass(frozen=True)
class Located:
    """The file that a row names: its path relative to the set, or the outcome and why it is not taken."""

    file: str | None = None
    size: int = 0
    outcome: OutcomeName | None = None
    reason: str | None = None


class Fence:
    """Finds the files that rows name, and none outside their set. Made anew for each reading of a set.

    Args:
        root: The set's folder.
        limits: The largest file that is taken.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root, self._limits = str(root), limits
        self._inside = tuple(str(folder) for folder in _trusted(root))
        self._folders: dict[str, str] = {}  # where folders really are: most files of a set share a few

    def locate(self, named: str) -> Located:
        """The file that a row names, relative to the set as the row has it, or why it is not taken."""
        label = repr(named)[:200]
        if "\0" in named:
            return Located(outcome="rejected", reason=f"{label} is no name of a file")
        if named.startswith("/") or PureWindowsPath(named).anchor:
            return Located(outcome="rejected", reason=f"{label} is an absolute path")
        if ".." in named.replace("\\", "/").split("/"):
            return Located(outcome="rejected", reason=f"{label} leads out of the set")
        try:
            real, status = self._look(os.path.join(self._root, named))  # noqa: PTH118 - for 100,000 files it counts
        except FileNotFoundError:
            return Located(outcome="empty", reason=f"the set has no file {label}")
        except (
            OSError,
            RuntimeError,
            ValueError,
        ) as error:  # too long a name, a folder that is closed, a ring of links
            return Located(outcome="rejected", reason=f"{label} cannot be reached ({error})"[:300])
        if not any(real.startswith(folder + os.sep) for folder in self._inside):
            return Located(outcome="rejected", reason=f"{label} is a link that leads out of the set")
        if not stat.S_ISREG(status.st_mode):
            return Located(outcome="rejected", reason=f"{label} is not a file")
        if status.st_size > self._limits.bytes:
            return Located(outcome="rejected", reason=too_large(status.st_size, self._limits))
        return Located(file=PurePosixPath(os.path.normpath(named)).as_posix(), size=status.st_size)

    def _look(self, path: str) -> tuple[str, os.stat_result]:
        """(the path with every link followed, what lies there)."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = str(Path(folder).resolve(strict=True))
        real = f"{self._folders[folder]}{os.sep}{name}"
        status = os.lstat(real)
        if not stat.S_ISLNK(status.st_mode):
            return real, status
        real = str(Path(real).resolve(strict=True))
        return real, os.stat(real)  # noqa: PTH116


def too_large(size: int, limits: Limits) -> str:
    """Why a file of so many bytes is not taken."""
    return f"the file has {size:,} bytes, more than the {limits.bytes:,} allowed (max_bytes)"


def inspect(data: bytes, limits: Limits) -> Outcome:
    """Look at the bytes of an image: `ok` with these very bytes, or why not.

    A black picture is what a safety checker leaves and counts as `blanked`; one that is all but of one colour is kept,
    and marked `suspect_blank`. A picture that would be too large once decoded is not decoded.
    """
    if not data:
        return Outcome("decode_error", reason="the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # our own limit is stricter, and is declared
            with Image.open(io.BytesIO(data), formats=list(SUFFIXES)) as image:
                size, suffix = image.size, SUFFIXES.get(str(image.format), ".jpg")  # a JPEG may be an MPO
                if size[0] * size[1] > limits.pixels:
                    return _too_many_pixels(size, limits)
                pixels = image.convert("RGB")
    except Image.DecompressionBombError as error:
        return Outcome("rejected", reason=f"a decompression bomb ({error})"[:300])
    except _BROKEN as error:
        message = one_line(error).partition(" <_io")[0][:200]
        return Outcome("decode_error", reason=f"not a whole image ({message or type(error).__name__})")
    if pixels.getbbox() is None:
        return Outcome("blanked", reason="the picture is black all over", size=size)
    spread = ImageStat.Stat(pixels.convert("L")).stddev[0]
    provider = {"suspect_blank": True} if spread < NEAR_CONSTANT else {}
    return Outcome("ok", image=data, suffix=suffix, size=size, provider=provider)


def _too_many_pixels(size: tuple[int, int], limits: Limits) -> Outcome:
    problem = f"{size[0]} x {size[1]} pixels, more than the {limits.pixels:,} allowed (max_pixels)"
    return Outcome("rejected", reason=f"a decompression bomb or nearly one: {problem}", size=size)


def _trusted(root: Path) -> list[Path]:
    """The set's folder; for a snapshot in a Hugging Face cache also the blobs that its links lead to."""
    folders = [root.resolve()]
    if root.parent.name == "snapshots":
        folders += [root.parent.parent.resolve() / "blobs", root.parent.parent.parent.resolve() / "blobs"]
    return folders
