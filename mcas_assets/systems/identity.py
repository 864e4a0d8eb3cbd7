"""The identity of a model on disk: digests of the files that it is loaded from.

What counts is content: a README edit changes nothing, one flipped weight does. The bytes are read at least once by us.
What lies beside them (the names of blobs in the hub's cache, notes of its client) vouches for nothing: whoever made the
folder wrote that too.
"""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mcas_assets.core.digests import file_digest, text_digest
from mcas_assets.core.drafts import replace_text
from mcas_assets.core.errors import BadInput

_RACY = 2.0  # seconds: a file changed so shortly ago may change again within the resolution of its time stamp


class DigestCache:
    """The sha256 of files, remembered by (path, size, modification and change time, inode).

    Args:
        path: JSON file to keep them in; None remembers nothing. A file that is damaged is begun anew.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, list] | None = None

    def sha256(self, file: Path) -> str:
        """The sha256 of a file's bytes, 64 hex digits: by reading it, or from memory of having read it.

        Raises:
            BadInput: The file cannot be read.
        """
        try:
            stamp = stamp_of(file)
            known = self._entries().get(str(file.resolve()))
            if known is not None and known[:-1] == list(stamp):
                return known[-1]
            content = file_digest(file)
        except OSError as error:
            raise BadInput(file, f"cannot be read ({error.strerror})", "Check the file and its permissions") from error
        if time.time() - max(stamp[1], stamp[2]) / 1e9 > _RACY:
            self._entries()[str(file.resolve())] = [*stamp, content]
            self._keep()
        return content

    def outdated(self) -> list[str]:
        """The files that it remembers and that are gone, or others by now: what it knows of them is never asked for again."""
        return [file for file, known in self._entries().items() if not _is_still(Path(file), known)]

    def forget(self, files: Iterable[str]) -> None:
        """Remember these no longer."""
        for file in files:
            self._entries().pop(file, None)
        self._keep()

    def _entries(self) -> dict[str, list]:
        if self._known is None:
            try:
                read = json.loads(self._path.read_text()) if self._path else {}
            except (OSError, ValueError):
                read = {}
            self._known = read if isinstance(read, dict) else {}
        return self._known

    def _keep(self) -> None:
        if self._path is None:
            return
        # A cache that cannot be written only costs time, so it never stands in the way of an audit.
        with suppress(OSError):
            replace_text(self._path, json.dumps(self._entries()))


def _is_still(file: Path, known: object) -> bool:
    try:
        return isinstance(known, list) and known[:-1] == list(stamp_of(file))
    except (OSError, ValueError):  # gone, or no name that a file can have
        return False


def stamp_of(file: Path) -> tuple[int, int, int, int]:
    """Size in bytes, modification time and change time in nanoseconds, inode: differs if the file was written to."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def fingerprint(folder: Path, files: Iterable[str], digests: DigestCache) -> str:
    """One digest for the files that a model is loaded from: the sha256 over sorted lines `path<tab>sha256`.

    Args:
        folder: What the paths are relative to.
        files: Paths with forward slashes.
        digests: Where the digests of the files come from.
    """
    lines = sorted(f"{name}\t{digests.sha256(folder / name)}\n" for name in files)
    return text_digest("".join(lines))


class FrozenFiles:
    """Files that must stay as they are between the moment that they are identified and the end of their use.

    Weights may be mapped into memory rather than read, so that even a file that is written to after loading can show in
    what the model makes.

    Args:
        folder: What the paths are relative to.
        files: Paths with forward slashes.
    """

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self.folder = folder
        self.files = tuple(sorted(files))
        self._stamps = self._look()

    def check(self, when: str) -> None:
        """Raise if one of them was written to, replaced or removed since this object was made.

        Raises:
            BadInput: Naming the file; `when` says in which stage, for example 'while it was loaded'.
        """
        for name, before, now in zip(self.files, self._stamps, self._look(), strict=True):
            if before != now:
                problem = f"changed {when}, so what is made with it is no longer by what was identified"
                raise BadInput(self.folder / name, problem, "Run again: it will count as another version")

    def _look(self) -> list[tuple[int, int, int, int] | None]:
        paths = [self.folder / name for name in self.files]
        return [stamp_of(path) if path.is_file() else None for path in paths]
