"""Parquet files that hold their images: a column of structs {bytes, path}, as Hugging Face data sets have, or of bytes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput, kind_and_line, one_line
from mcas_assets.core.pictures import NotAPicture, from_base64
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.systems.image_sets.files import open_parquet, read_ranges
from mcas_assets.systems.image_sets.names import under
from mcas_assets.systems.image_sets.rows import At, Row

_NAMES = ("image", "img", "images", "image_base64", "image_bytes", "png", "jpg", "picture")
_SHORTEST_BASE64 = 256  # characters: names of files are shorter, images are longer
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
        _require_images(schema, self._image, self._tables[0])
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
            folder = table.parent.relative_to(self.root).as_posix()
            for batch in _batches(open_parquet(table), table, [*self._others, self._image]):
                for i, fields in enumerate(_rows_of(batch.select(self._others), table)):
                    data, path = _unpack(batch.column(self._image)[i].as_py())
                    number += 1
                    record = f"{name}#{number}"
                    if data is None:
                        yield Row(record, fields, named=path and under(folder, path))
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
            self._group, self.row, self._batch = group, self._starts[group], None
            groups = [group] if group < self._file.num_row_groups else []  # no such row: said below, and no damage
            self._batches = _batches(self._file, self.path, [self._image], groups)
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
        return _text(cell)
    return cell or None, None


def _text(cell: str) -> tuple[bytes | None, str | None]:
    """Of a cell of text: the image itself as base64 or a data: URL, else the name of a file."""
    if cell.startswith(("http://", "https://")):
        return None, cell
    if not cell.startswith("data:") and len(cell) < _SHORTEST_BASE64:
        return None, cell or None
    try:
        return from_base64(cell), None
    except NotAPicture:
        return None, cell


def _guess(schema: Any, path: Path) -> str:
    columns = [field.name for field in schema if _holds(field.type) == "images"]
    if not columns:
        columns = [field.name for field in schema if field.name in _NAMES and _holds(field.type)]
    if "image" in columns or len(columns) == 1:
        return "image" if "image" in columns else columns[0]
    problem = "has several columns with images" if columns else "has no column with images"
    kinds = ", ".join(f"{field.name} ({field.type})"[:100] for field in schema if not columns or field.name in columns)
    remedy = "Say with image: which column" if columns else "Give each image as bytes, as {bytes, path}, or as base64"
    raise BadInput(path, problem, f"{remedy}. Columns: {kinds}", "image")


def _holds(kind: Any) -> str | None:
    """What the cells of a column of this type can be: 'images', 'texts' (of images, or their names), or None for neither."""
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_struct(kind):
        return "images" if {"bytes", "path"} <= {kind.field(i).name for i in range(kind.num_fields)} else None
    if any(is_kind(kind) for is_kind in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)):
        return "images"
    is_text = any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))
    return "texts" if is_text else None


def _require_images(schema: Any, column: str, path: Path) -> None:
    import pyarrow as pa

    kind = schema.field(column).type
    if _holds(kind) is not None:
        return
    is_list = any(is_kind(kind) for is_kind in (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list))
    problem = f"column {column!r} holds {'several images in a cell' if is_list else 'no images'} ({kind})"[:300]
    remedy = (
        "Give every image a row of its own (in pandas: explode)"
        if is_list
        else "Say with image: which column holds them"
    )
    raise BadInput(path, problem, remedy, "image")


def _rows_of(batch: Any, path: Path) -> list[dict[str, Any]]:
    """The rows of a batch as Python values.

    Raises:
        BadInput: A column holds what Python cannot (a time in an unknown zone, or far out).
    """
    import pyarrow as pa

    columns: dict[str, list[Any]] = {}
    for name in batch.schema.names:
        try:
            columns[name] = batch.column(name).to_pylist()
        except (pa.ArrowException, ValueError, OverflowError, LookupError, TypeError) as error:
            problem = f"column {name!r} holds values that cannot be read ({kind_and_line(error, 200)})"
            raise BadInput(path, problem, "Save it as text, or leave it out of what the mapping names") from error
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)] or [{}] * len(batch)
