"""Folders named by their prompts, with the images inside: `a_photo_of_a_nurse/0.png`, as DALL-Eval lays them out."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcas_assets.core.pictures import ENDINGS
from mcas_assets.systems.image_sets.files import read_ranges, walk
from mcas_assets.systems.image_sets.rows import At, Row

COLUMNS = ["folder", "parent", "stem", "path"]


class Tree:
    """See `rows.Reader`. Columns: folder (with spaces for underscores), the parent above it, the file's stem, its path.

    What does not end like an image file is no row; it counts as unlisted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._unlisted = 0

    def columns(self) -> list[str]:
        """Always the same."""
        return COLUMNS

    def files(self) -> Iterator[Path]:
        """All that lies in its folder."""
        return walk(self.root)

    def rows(self) -> Iterator[Row]:
        """One row a file, folder after folder."""
        self._unlisted = 0
        for path in walk(self.root):
            inside = path.relative_to(self.root)
            if path.suffix.lower() not in ENDINGS or len(inside.parts) < 2:
                self._unlisted += 1
                continue
            parent = inside.parts[-3] if len(inside.parts) > 2 else ""
            fields = {"folder": inside.parts[-2].replace("_", " "), "parent": parent, "stem": path.stem}
            name = inside.as_posix()
            if not name.isascii() and _readable(name) != name:
                yield Row(_readable(name), fields, fault="the file's name is not UTF-8")
                continue
            yield Row(name, fields | {"path": name}, named=name)

    def read(self, places: Sequence[At]) -> Iterator[bytes]:
        """Whole files."""
        return read_ranges(self.root, places)

    def unlisted(self, taken: int) -> int:
        """Files outside any prompt's folder, and files that are no images."""
        return self._unlisted


def _readable(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
