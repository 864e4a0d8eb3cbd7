"""Text and tables as offices and spreadsheets write them: marked encodings, and the separators of their countries."""

import codecs
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32", codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip
SEPARATORS = (",", ";", "\t", "|")


def encoding_of(path: Path) -> str:
    """The encoding that a file is marked with, else UTF-8. Nothing is guessed from what a text seems to say.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return encoding_of_start(stream.read(4))


def encoding_of_start(data: bytes) -> str:
    """The encoding that data of which this is the start is marked with, else UTF-8."""
    return next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")


def separator_of(line: str) -> str:
    """The separator of a table, by its first line: that which stands most often outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


@contextmanager
def office_table(path: Path) -> Generator[tuple[TextIO, str]]:
    """A table as a stream at its head, with its separator; a first line `sep=;`, which Excel takes for the separator, is passed.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not text of the encoding that it is marked with, or not UTF-8.
    """
    with path.open(encoding=encoding_of(path), newline="") as stream:
        first = stream.readline()
        if first.lower().startswith("sep=") and len(first.strip()) <= len("sep=;"):
            yield stream, first[4:5].strip("\r\n") or "\t"
            return
        stream.seek(0)
        yield stream, separator_of(first)
