"""What every reader gives: rows, and where the bytes of their images lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class At(NamedTuple):
    """Where the bytes of one image lie.

    Attributes:
        file: Path relative to the set's folder, with forward slashes.
        offset: Byte at which they begin, or in a table the row, from 0.
        size: How many bytes.
    """

    file: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a set.

    Attributes:
        record: Names it within the set: no other row has the same.
        fields: Its columns.
        named: The file that it names, relative to the set's folder, as written and not yet judged; None if it names none.
        at: Where its image lies, if the set itself holds it (an archive, a table).
        data: The image itself, where reading the row reads it anyway.
        fault: Why the image cannot be used, where the reader sees that already.
    """

    record: str
    fields: dict[str, Any]
    named: str | None = None
    at: At | None = None
    data: bytes | None = None
    fault: str | None = None


class Reader(Protocol):
    """A set in one format.

    Attributes:
        root: The folder that all paths are relative to.
    """

    root: Path

    def columns(self) -> list[str] | None:
        """The columns that rows can have, or None where only reading all of them would tell."""
        ...

    def files(self) -> Iterator[Path]:
        """The files that the set is read from: if none of them was touched, it is as it was."""
        ...

    def rows(self) -> Iterator[Row]:
        """All rows, in an order that does not change; the memory taken does not grow with their number.

        Raises:
            BadInput: The set cannot be read.
        """
        ...

    def read(self, places: Sequence[At]) -> Iterator[bytes]:
        """The bytes of images, in the order asked. Cheapest in the order of the rows.

        Raises:
            BadInput: A file cannot be read.
        """
        ...

    def unlisted(self, taken: int) -> int:
        """How many files lie in the set without a row, where `taken` rows had theirs; known after `rows`."""
        ...
