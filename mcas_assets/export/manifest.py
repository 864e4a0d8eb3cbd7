"""The list of a folder's files with their sha256, in the form that `sha256sum --check` reads, and what is there in its place.

Nothing in a folder is trusted: no link is followed, no name leads out of it, nothing but plain files and folders is opened.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mcas_assets.core.digests import file_digest

MANIFEST = "manifest.sha256"
STATEMENT = "statement.json"

MOST_BYTES = 64 << 20
"""Of a manifest or a document that is read whole: beyond any of ours, and short of what fills a memory."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class NotAManifest(ValueError):  # noqa: N818 - says what the file is
    """A file that lists no files. Its message says why."""


@dataclass(frozen=True)
class Entry:
    """Something in a folder.

    Attributes:
        name: Its path in the folder, with forward slashes.
        problem: Why it is no plain file, or None.
    """

    name: str
    problem: str | None = None


def write_manifest(folder: Path) -> str:
    """List every file of a folder in `MANIFEST`, sorted. Returns the sha256 of the list, 64 hex digits."""
    names = sorted(entry.name for entry in entries(folder) if entry.name not in (MANIFEST, STATEMENT))
    lines = [f"{file_digest(folder / name)}  {name}\n" for name in names]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8", newline="\n")
    return file_digest(folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, str]:
    """The sha256 of each file by its name.

    Raises:
        NotAManifest: It is not there, not plain text of that form, or a name of it leads out of the folder or stands twice.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(read_small(folder / MANIFEST).split("\n"), start=1):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise NotAManifest(f"line {number} is no sha256 and name of a file")
        digest, name = match.groups()
        if not is_inside(name):
            raise NotAManifest(f"line {number} names a file outside of the folder: {name}")
        if name in found:
            raise NotAManifest(f"line {number} names a second time {name}")
        found[name] = digest
    return found


def read_small(file: Path) -> str:
    """The text of a document.

    Raises:
        NotAManifest: It is not there, no plain file, too large, or not UTF-8.
    """
    try:
        about = file.lstat()
        if not stat.S_ISREG(about.st_mode):
            raise NotAManifest("is no plain file")
        if about.st_size > MOST_BYTES:
            raise NotAManifest(f"is larger than {MOST_BYTES >> 20} MiB")
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise NotAManifest("is missing") from None
    except (OSError, UnicodeError) as error:
        raise NotAManifest(f"cannot be read ({error})") from error


def is_inside(name: str) -> bool:
    """Whether a name is that of a file within a folder, written in the one way that it can be."""
    path = PurePosixPath(name)
    is_plain = not path.is_absolute() and str(path) == name and ".." not in path.parts and name != "."
    return is_plain and not any(sign in name for sign in "\\\0\r") and ":" not in path.parts[0]


def entries(folder: Path) -> Iterator[Entry]:
    """Everything below a folder but folders; links are told, and not followed.

    Raises:
        OSError: The folder cannot be read.
    """
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(folder / above) as found:
            for one in sorted(found, key=lambda entry: entry.name):
                name = f"{above}{one.name}"
                if one.is_symlink():
                    yield Entry(name, "is a link, which is not followed")
                elif one.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                elif one.is_file(follow_symlinks=False):
                    yield Entry(name)
                else:
                    yield Entry(name, "is no plain file")
