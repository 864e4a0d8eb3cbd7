"""Folders of images with a table beside them: the Hugging Face convention of ImageFolder, and sets laid out like it.

A `metadata.csv`, `.jsonl` or `.parquet` lies in the folder or below it; its column `file_name` (or one that ends so)
names a file below the table's own folder, `file_names` several. A row may name none: its image was never delivered.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.pictures import ENDINGS
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.systems.image_sets import wording
from mcas_assets.systems.image_sets.files import in_order, read_ranges, table_columns, table_rows, walk
from mcas_assets.systems.image_sets.names import is_beside, under
from mcas_assets.systems.image_sets.rows import At, Row

TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


def find_tables(root: Path, pattern: str | None) -> list[Path]:
    """The metadata files of a set, in order."""
    if pattern:
        found = {
            str(path)
            for path in root.rglob(pattern)
            if path.is_file() and not is_beside(path.relative_to(root).as_posix())
        }
    else:
        found = {str(path) for path in walk(root) if path.name.lower() in TABLES}
    return [Path(path) for path in in_order(list(found))]


class ImageFolder:
    """See `rows.Reader`.

    Args:
        root: The set's folder.
        tables: Its metadata files; all have the same columns.
        file: The column or template that tells the file; found by looking if None.
        constants: Columns that every row has.
    """

    def __init__(self, root: Path, tables: Sequence[Path], file: str | None, constants: dict[str, Any]) -> None:
        self.root, self._tables, self._constants = root, list(tables), constants
        self._columns = table_columns(self._tables[0])
        for table in self._tables[1:]:
            other = table_columns(table)
            if table.suffix != ".jsonl" and set(other) != set(self._columns):
                differing = ", ".join(sorted(set(other) ^ set(self._columns)))
                remedy = "Give all metadata files of a set the same columns, or declare each as a system of its own"
                raise BadInput(table, f"has other columns than {self._tables[0].name}: {differing}", remedy)
        self._file = file or self._guess()

    def columns(self) -> list[str] | None:
        """Those of the first metadata file; JSON rows need not all have the same."""
        return None if self._tables[0].suffix in (".jsonl", ".json") else self._columns

    def files(self) -> Iterator[Path]:
        """All that lies in its folder."""
        return walk(self.root)

    def rows(self) -> Iterator[Row]:
        """The rows of the tables, one table after the other."""
        for table in self._tables:
            folder = table.parent.relative_to(self.root).as_posix()
            name = table.relative_to(self.root).as_posix()
            for number, fields in enumerate(table_rows(table), 1):
                listed = self._named_by(fields)
                for i, named in enumerate(listed):
                    record = f"{name}#{number}" if len(listed) == 1 else f"{name}#{number}.{i + 1}"
                    yield Row(record, fields, named=named and under(folder, named))

    def read(self, places: Sequence[At]) -> Iterator[bytes]:
        """Whole files."""
        return read_ranges(self.root, places)

    def unlisted(self, taken: int) -> int:
        """Image files that no row names, by count: those there are less those taken."""
        there = sum(path.suffix.lower() in ENDINGS for path in walk(self.root))
        return max(there - taken, 0)

    def _named_by(self, fields: dict[str, Any]) -> list[str | None]:
        if wording.is_template(self._file):
            return [wording.fill(self._file, fields | self._constants, is_path=True) or None]
        value = fields.get(self._file)
        if isinstance(value, list):
            return [str(one) for one in value] or [None]
        return [str(value) if value else None]

    def _guess(self) -> str:
        columns = [name for name in self._columns if name in ("file_name", "file_names") or name.endswith("_file_name")]
        if len(columns) == 1:
            return columns[0]
        problem = "has several columns with file names" if columns else "has no column file_name"
        remedy = f"Say with file: which column, or a template. {did_you_mean('file_name', self._columns)}"
        raise BadInput(self._tables[0], problem, remedy, "file")
