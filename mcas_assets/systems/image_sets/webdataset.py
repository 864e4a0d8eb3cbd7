"""WebDataset archives: in a tar, files of one name up to the first dot are one sample (`0001.png`, `0001.json`)."""

import json
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import encoding_of_start
from mcas_assets.core.pictures import ENDINGS
from mcas_assets.systems.image_sets.files import read_ranges, require_fetched
from mcas_assets.systems.image_sets.names import is_beside
from mcas_assets.systems.image_sets.rows import At, Row

_MOST_TEXT = 1 << 20  # bytes of a .json or .txt
_TEXTS = ("txt", "text", "caption", "cls")


class WebDataset:
    """See `rows.Reader`. A .json gives its keys as columns, a .txt or .cls a column of its own name; nothing is unpacked."""

    def __init__(self, root: Path, tars: Sequence[Path]) -> None:
        self.root, self._tars = root, list(tars)

    def columns(self) -> None:
        """Samples need not all have the same."""
        return

    def files(self) -> Iterator[Path]:
        """Its archives."""
        return iter(self._tars)

    def rows(self) -> Iterator[Row]:
        """One row a sample, archive after archive."""
        for tar in self._tars:
            name = tar.relative_to(self.root).as_posix()
            sample: _Sample | None = None
            number = 0
            for member, stream in _members(tar):
                if is_beside(member.name):
                    continue
                folder, _, base = member.name.removeprefix("./").rpartition("/")
                stem, _, ending = base.partition(".")
                key = f"{folder}/{stem}" if folder else stem
                if sample is None or sample.key != key:
                    if sample is not None:
                        yield sample.row(f"{name}#{number}")
                    sample, number = _Sample(key), number + 1
                sample.add(name, member, ending.lower(), stream)
            if sample is not None:
                yield sample.row(f"{name}#{number}")

    def read(self, places: Sequence[At]) -> Iterator[bytes]:
        """Byte ranges of the archives."""
        return read_ranges(self.root, places)

    def unlisted(self, taken: int) -> int:
        """None: what is in an archive is a sample."""
        return 0


class _Sample:
    """The members of one key, as they come."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._fields: dict[str, Any] = {"__key__": key}
        self._at: At | None = None
        self._is_plain_ending, self._n_alike = False, 0
        self._fault: str | None = None

    def add(self, tar: str, member: tarfile.TarInfo, ending: str, archive: tarfile.TarFile) -> None:
        path = PurePosixPath(member.name)
        is_plain = member.isreg() and not member.issparse()
        if path.is_absolute() or ".." in path.parts:
            self._fault = f"{member.name!r} leads out of the archive"
        elif not is_plain:
            self._fault = f"{member.name!r} is a link or no plain file"
        if ending in ("json", *_TEXTS) and is_plain:
            self._read(ending, member, archive)
        elif f".{ending.rpartition('.')[2]}" in ENDINGS:
            self._take(At(tar, member.offset_data, member.size), "." not in ending)

    def _take(self, at: At, is_plain: bool) -> None:
        """An image of the sample: 1.png stands before 1.mask.png; of two that are equals, none is taken in silence."""
        if self._at is None or is_plain > self._is_plain_ending:
            self._at, self._is_plain_ending, self._n_alike = at, is_plain, 1
        elif is_plain == self._is_plain_ending:
            self._n_alike += 1

    def _read(self, ending: str, member: tarfile.TarInfo, archive: tarfile.TarFile) -> None:
        stream = archive.extractfile(member) if member.size <= _MOST_TEXT else None
        if stream is None:
            self._fault = f"{member.name!r} has {member.size:,} bytes, too many for a text"
            return
        try:
            data = stream.read()
            text = data.decode(encoding_of_start(data))
            value = json.loads(text) if ending == "json" else text.strip()
        except (ValueError, RecursionError, tarfile.TarError, OSError) as error:
            self._fault = f"{member.name!r} is not readable ({error})"[:300]
            return
        self._fields |= value if isinstance(value, dict) else {ending: value}

    def row(self, record: str) -> Row:
        if self._n_alike > 1 and self._fault is None:
            self._fault = f"the sample holds {self._n_alike} images, and nothing says which is meant"
        return Row(f"{record}:{self.key}", self._fields, at=self._at, fault=self._fault)


def _members(path: Path) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    try:
        require_fetched(path)
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                archive.members = []  # ty: ignore[missing-attribute] - or it would remember every member it has met
                if not member.isdir():
                    yield member, archive
    except (
        tarfile.TarError,
        OSError,
        EOFError,
        ValueError,
        OverflowError,
    ) as error:  # the last two: sizes that no file has
        remedy = "Decompress it if it is a .tar.gz, else download it again"
        raise BadInput(path, f"is not a whole, plain tar archive ({error})", remedy) from error
