"""What of a set may be taken: only files inside it, only whole images of a bearable size, only pictures that show something.

Nothing is raised here for what a set holds: a file that is not taken is an outcome with a reason.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.core.pictures import NotAPicture, decode
from mcas_assets.systems.image_sets.names import Names, is_absolute, is_address
from mcas_assets.systems.protocol import Outcome


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
        self._names = Names(root)
        self._folders: dict[str, str] = {}  # where folders really are: most files of a set share a few

    def locate(self, named: str) -> Located:
        """The file that a row names, relative to the set as the row has it, or why it is not taken."""
        label = repr(named)[:200]
        if "\0" in named:
            return Located(outcome="rejected", reason=f"{label} is no name of a file")
        if is_address(named):
            return Located(
                outcome="missing", reason=f"{label} is an address: nothing is fetched, download it into the set"
            )
        if is_absolute(named):
            return Located(outcome="rejected", reason=f"{label} is an absolute path")
        if ".." in named.replace("\\", "/").split("/"):
            return Located(outcome="rejected", reason=f"{label} leads out of the set")
        try:
            try:
                real, status = self._look(os.path.join(self._root, named))  # noqa: PTH118 - for 100,000 files it counts
            except (FileNotFoundError, NotADirectoryError):
                alike = self._names.alike(named)
                if alike is None:
                    return Located(outcome="missing", reason=f"the set has no file {label}")
                named = alike
                real, status = self._look(os.path.join(self._root, named))  # noqa: PTH118
        except FileNotFoundError:
            return Located(outcome="missing", reason=f"{label} is a link to nothing")
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

    A picture that would be too large once decoded is not decoded.
    """
    try:
        picture = decode(data, limits.pixels)
    except NotAPicture as fault:
        return Outcome(fault.outcome, reason=str(fault), size=fault.size)
    if reason := picture.blank():
        return Outcome("blank", reason=reason, size=picture.size)
    return Outcome("ok", image=data, suffix=picture.suffix, size=picture.size)


def _trusted(root: Path) -> list[Path]:
    """The set's folder; for a snapshot in a Hugging Face cache also the blobs that its links lead to."""
    folders = [root.resolve()]
    if root.parent.name == "snapshots":
        folders += [root.parent.parent.resolve() / "blobs", root.parent.parent.parent.resolve() / "blobs"]
    return folders
