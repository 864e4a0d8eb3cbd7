"""Reading a set's files: walking folders in a fixed order, byte ranges, and tables of metadata row by row."""

import csv
import json
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput, one_line
from mcas_assets.core.office import encoding_of, office_table
from mcas_assets.systems.image_sets.names import is_leftover
from mcas_assets.systems.image_sets.rows import At

LFS = b"version https://git-lfs"
"""What a pointer of Git LFS begins with, which lies where the file itself was not fetched."""

_LOOK = 100  # rows of JSON lines that are looked at for the column with file names
_BATCH = 1024


def in_order(names: Sequence[str]) -> list[str]:
    """Names in the order of people: 2.png before 10.png."""
    return sorted(names, key=lambda name: ([_order(part) for part in re.split(r"([0-9]+)", name)], name))


def _order(part: str) -> tuple[bool, int, str, str]:
    """Digits by the number that they write, however long; what else counts as a digit somewhere is text."""
    number = part.lstrip("0") if part.isascii() and part.isdigit() else ""
    return part.isascii() and part.isdigit(), len(number), number, part


def walk(folder: Path) -> Iterator[Path]:
    """All files below a folder in a fixed order, one folder's names in memory at a time. See `names` for what is left out.

    Raises:
        BadInput: A folder cannot be read.
    """
    try:
        entries = {entry.name: entry for entry in folder.iterdir() if not is_leftover(entry.name)}
    except OSError as error:
        raise BadInput(folder, f"cannot be read ({error.strerror})", "Check the path and its permissions") from error
    for name in in_order(list(entries)):
        entry = entries[name]
        if entry.is_dir() and not entry.is_symlink():
            yield from walk(entry)
        else:
            yield entry


def require_fetched(path: Path) -> None:
    """Refuse a pointer of Git LFS in a file's place: whatever reads it would call it damaged.

    Raises:
        BadInput: It is one.
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        is_pointer = stream.read(len(LFS)) == LFS
    if is_pointer:
        raise BadInput(path, "is a Git LFS pointer, not the data", "Run `git lfs pull` in its repository")


def read_ranges(root: Path, places: Sequence[At]) -> Iterator[bytes]:
    """The bytes at some places of files, in the order asked; a file that several lie in is opened once in a row.

    Raises:
        BadInput: A file cannot be read, or is shorter than it was.
    """
    stream, name = None, None
    try:
        for at in places:
            path = root / at.file
            try:
                if name != at.file:
                    if stream is not None:
                        stream.close()
                    stream, name = path.open("rb"), at.file
                assert stream is not None
                stream.seek(at.offset)
                data = stream.read(at.size)
            except OSError as error:
                problem = f"cannot be read ({error.strerror})"
                raise BadInput(path, problem, "Check the set and its permissions, then run again") from error
            if len(data) != at.size:
                raise BadInput(path, "became shorter since it was read", "Run again: it will count as another version")
            yield data
    finally:
        if stream is not None:
            stream.close()


def table_columns(path: Path) -> list[str]:
    """The columns of a metadata file; for JSON lines, those of its first rows."""
    if path.suffix.lower() == ".parquet":
        return list(open_parquet(path).schema_arrow.names)
    if path.suffix.lower() in (".csv", ".tsv"):
        with _told(path), office_table(path) as (stream, separator):
            return next(csv.reader(stream, delimiter=separator), [])
    names: dict[str, None] = {}
    for row, _ in zip(table_rows(path), range(_LOOK), strict=False):
        names |= dict.fromkeys(row)
    return list(names)


def table_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a metadata file (.csv, .jsonl, .parquet, or .json with an object by file name), one by one.

    An empty cell is None. In an object by file name the name becomes the column `file_name`.

    Raises:
        BadInput: The file cannot be read as what its ending says; names the line.
    """
    readers = {".csv": _csv, ".tsv": _csv, ".jsonl": _jsonl, ".parquet": _table, ".json": _object}
    with _told(path):
        yield from readers[path.suffix.lower()](path)


@contextmanager
def _told(path: Path) -> Generator[None]:
    """Raise what keeps a table from being read as BadInput."""
    try:
        require_fetched(path)
        yield
    except UnicodeDecodeError as error:
        remedy = "Save it as UTF-8 (in Excel: CSV UTF-8)"
        raise BadInput(path, f"is not UTF-8 text ({error.reason})", remedy) from error
    except csv.Error as error:
        raise BadInput(
            path, f"is not CSV ({error})", "Save it as CSV UTF-8, with one separator in every line"
        ) from error
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise BadInput(path, problem, "Check the file and its permissions") from error


def _csv(path: Path) -> Iterator[dict[str, Any]]:
    with office_table(path) as (stream, separator):
        reader = csv.DictReader(stream, delimiter=separator)
        try:
            for row in reader:
                if None in row:
                    problem = f"line {reader.line_num} has more cells than the header"
                    raise BadInput(path, problem, "Put quotes around a cell that holds a comma")
                if not any(
                    (value or "").strip(" \x1a") for value in row.values()
                ):  # left below a table; an end of file of DOS
                    continue
                yield {(name or "").strip(): value or None for name, value in row.items()}
        except csv.Error as error:
            raise BadInput(path, f"line {reader.line_num} is not CSV ({error})", "Mend the line") from error


def _jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding=encoding_of(path)) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                remedy = 'Mend the line, or write each row on one line of its own: {"file_name": ..., ...}'
                raise BadInput(path, f"line {number} is not JSON ({error})", remedy) from error
            if not isinstance(row, dict):
                raise BadInput(path, f"line {number} is no JSON object", 'Write each row as {"file_name": ..., ...}')
            yield row


def _object(path: Path) -> Iterator[dict[str, Any]]:
    try:
        whole = json.loads(path.read_text(encoding=encoding_of(path)))
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"is not JSON ({error})", "Mend the file") from error
    if not isinstance(whole, dict) or not all(isinstance(row, dict) for row in whole.values()):
        raise BadInput(path, "is no object of rows by file name", 'It must be {"name.png": {"p": "a prompt"}, ...}')
    for name, row in whole.items():
        yield {"file_name": name, **row}


def _table(path: Path) -> Iterator[dict[str, Any]]:
    for batch in open_parquet(path).iter_batches(batch_size=_BATCH):
        yield from batch.to_pylist()


def open_parquet(path: Path) -> Any:
    """A parquet file, to be read piece by piece (`pyarrow.parquet.ParquetFile`).

    Raises:
        BadInput: It is none.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        require_fetched(path)
        # Column chunks are read piece by piece: a row group of images may be larger than memory.
        return parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(path, f"is not a whole parquet file ({one_line(error, 200)})", "Download it again") from error
