"""File names as the systems and tools of other people write them: what people cannot tell apart is one name.

Also what packing and file managers leave beside the data, which is no record of any set.
"""

import re
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote

LEFTOVERS = frozenset({
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin", "system volume information",
    "lost+found", "#recycle", "__pycache__",
})  # fmt: skip
"""What macOS, Windows and storage servers add to folders and archives, in small letters. Hidden files are left out too."""


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is none of the set's."""
    return name.startswith(".") or name.lower() in LEFTOVERS


def is_beside(path: str) -> bool:
    """Whether any part of a path within an archive is such a name; `.` is none."""
    return any(is_leftover(part) for part in path.split("/") if part not in ("", ".", ".."))


def is_address(named: str) -> bool:
    """Whether a name is a URL of any scheme, which is no file of a set."""
    return re.match(r"[a-z][a-z0-9+.-]+:/", named, re.IGNORECASE) is not None


def is_absolute(named: str) -> bool:
    """Whether a name starts at the root of a disk, as POSIX or Windows writes it."""
    return named.startswith("/") or bool(PureWindowsPath(named).anchor)


def under(folder: str, named: str) -> str:
    """The path within a set that a table in `folder`, itself relative to the set, means by a name.

    Names are relative to their table. An address or an absolute path stays as it is written, so that it is judged as what it is.
    """
    return named if folder == "." or is_address(named) or is_absolute(named) else f"{folder}/{named}"


def key(name: str) -> str:
    """Equal for names that people cannot tell apart: composed or not (NFC), in capitals or not."""
    return unicodedata.normalize("NFC", name).casefold().strip()


class Names:
    """Finds the file that is meant by a name that is not spelt as the file is.

    Args:
        root: The folder that names are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, dict[str, list[str]]] = {}

    def alike(self, named: str) -> str | None:
        """The path, relative to the root and with forward slashes, of the one file that `named` can mean; None if there is none.

        Taken alike are: separators of Windows, capitals and small letters, composed and decomposed accents, spaces around a
        name, and characters written as in a URL (%20).
        """
        plain = named.replace("\\", "/")
        for spelling in dict.fromkeys((plain, unquote(plain))):
            if (found := self._follow(spelling)) is not None:
                return found
        return None

    def _follow(self, named: str) -> str | None:
        folder = PurePosixPath()
        for part in PurePosixPath(named).parts:
            there = self._listed(str(folder)).get(key(part), [])
            exact = [name for name in there if name == part] or there
            if len(exact) != 1:  # none, or several that differ in capitals only
                return None
            folder /= exact[0]
        return str(folder)

    def _listed(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._folders:
            found: dict[str, list[str]] = {}
            path = self._root / folder
            for entry in path.iterdir() if path.is_dir() else ():
                found.setdefault(key(entry.name), []).append(entry.name)
            self._folders[folder] = found
        return self._folders[folder]
