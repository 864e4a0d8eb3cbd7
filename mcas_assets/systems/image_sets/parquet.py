"""Parquet files that hold their images: a column of structs {bytes, path}, as Hugging Face data sets have, or of bytes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any

from mcas_assets.core.errors import BadInput, one_line
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.systems.image_sets.files import open_parquet, read_ranges
from mcas_assets.systems.image_sets.rows import At, Row

_BATCH = 16  # rows of images in memory at a time


class Parquet:
    """See `rows.Reader`.

    Args:
        root: The set's folder.
        tables: Its parquet files, in order.
        image: The column with the images; found by looking if None.
        needed: The other columns that are read; None reads all.
    """

    def __init__(self, root: Path, tables: Sequence[Path], image: str | None, needed: Sequence[str] | None) -> None:
        self.root, self._tables = root, list(tables)
        schema = open_parquet(self._tables[0]).schema_arrow
        self._columns = list(schema.names)
        self._image = image or _guess(schema, self._tables[0])
        if self._image not in self._columns:
            remedy = did_you_mean(self._image, self._columns)
            raise BadInput(self._tables[0], f"has no column {self._image!r}", remedy, "image")
        for table in self._tables[1:]:
            names = open_parquet(table).schema_arrow.names
            if set(names) != set(self._columns):
                differing = ", ".join(sorted(set(names) ^ set(self._columns)))
                remedy = "Give all parquet files of a set the same columns, or declare each as a system of its own"
                raise BadInput(table, f"has other columns than {self._tables[0].name}: {differing}", remedy)
        others = [name for name in self._columns if name != self._image]
        self._others = others if needed is None else [name for name in others if name in needed]
        self._cursor: _Cursor | None = None

    def columns(self) -> list[str]:
        """Those of the files."""
        return self._columns

    def files(self) -> Iterator[Path]:
        """Its tables."""
        return iter(self._tables)

    def rows(self) -> Iterator[Row]:
        """One row a row, with its image."""
        for table in self._tables:
            name, number = table.relative_to(self.root).as_posix(), 0
            for batch in _batches(open_parquet(table), table, [*self._others, self._image]):
                for i, fields in enumerate(batch.select(self._others).to_pylist()):
                    data, path = _unpack(batch.column(self._image)[i].as_py())
                    number += 1
                    record = f"{name}#{number}"
                    if data is None:
                        yield Row(record, fields, named=path and str(PurePosixPath(name).parent / path))
                    else:
                        yield Row(record, fields, at=At(name, number - 1, len(data)), data=data)

    def read(self, places: Sequence[At]) -> Iterator[bytes]:
        """Images, and the files that rows name instead of holding an image."""
        for at in places:
            path = self.root / at.file
            if path not in self._tables:
                yield from read_ranges(self.root, [at])
                continue
            if self._cursor is None or self._cursor.path != path or self._cursor.row > at.offset:
                self._cursor = _Cursor(path, self._image)
            data, _ = _unpack(self._cursor.at(at.offset))
            yield data or b""

    def unlisted(self, taken: int) -> int:
        """None: what lies beside the tables is no part of the set."""
        return 0


class _Cursor:
    """Goes forward through the image column of one file, past the row groups that nothing is asked of."""

    def __init__(self, path: Path, image: str) -> None:
        self.path, self.row, self._image = path, 0, image
        self._file = open_parquet(path)
        sizes = [self._file.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)]
        self._starts = list(accumulate(sizes, initial=0))
        self._group, self._batch = -1, None
        self._batches: Iterator[Any] = iter(())

    def at(self, row: int) -> Any:
        group = bisect_right(self._starts, row) - 1
        if group != self._group:
            self._group, self.row, self._batch = group, self._starts[min(group, len(self._starts) - 1)], None
            self._batches = _batches(self._file, self.path, [self._image], [group])
        while self._batch is None or row >= self.row + len(self._batch):
            self.row += 0 if self._batch is None else len(self._batch)
            self._batch = next(self._batches, None)
            if self._batch is None:
                problem = "has fewer rows than when it was identified"
                raise BadInput(self.path, problem, "Run again: it will count as another version")
        return self._batch.column(0)[row - self.row].as_py()


def _batches(file: Any, path: Path, columns: list[str], groups: list[int] | None = None) -> Iterator[Any]:
    import pyarrow as pa

    try:
        yield from file.iter_batches(batch_size=_BATCH, columns=columns, row_groups=groups)
    except (pa.ArrowException, OSError, IndexError) as error:
        raise BadInput(path, f"is damaged ({one_line(error, 200)})", "Download it again") from error


def _unpack(cell: Any) -> tuple[bytes | None, str | None]:
    """(bytes, path) of a cell: an image struct, bytes, the name of a file, or nothing."""
    if isinstance(cell, dict):
        return cell.get("bytes") or None, cell.get("path")
    if isinstance(cell, str):
        return None, cell or None
    return cell or None, None


def _guess(schema: Any, path: Path) -> str:
    import pyarrow as pa

    def holds_images(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return {kind.field(i).name for i in range(kind.num_fields)} >= {"bytes", "path"}
        return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)

    columns = [field.name for field in schema if holds_images(field.type)]
    if "image" in columns or len(columns) == 1:
        return "image" if "image" in columns else columns[0]
    problem = "has several columns with images" if columns else "has no column with images"
    remedy = f"Say with image: which column. Columns: {', '.join(columns or schema.names)}"
    raise BadInput(path, problem, remedy, "image")
