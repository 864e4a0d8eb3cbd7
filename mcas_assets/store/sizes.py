"""How large the parts of a home are."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PARTS = ("store.duckdb", "published.duckdb", "images", "dagster", "image-sets")
"""Files and folders of a home that are named one by one; the rest is `other`."""


class Part(NamedTuple):
    """A part of a home: its name, its files, their bytes."""

    name: str
    files: int
    size: int


def parts_of(home: Path) -> Iterator[Part]:
    """Each part of a home that is there, and what else lies in it as `other`."""
    found = {name: [0, 0] for name in (*PARTS, "other")}
    for file in home.rglob("*"):
        try:
            if not file.is_file() or file.is_symlink():
                continue
            size = file.stat().st_size
        except FileNotFoundError:  # a draft whose writer was quicker
            continue
        top = file.relative_to(home).parts[0].removesuffix(".wal")
        counted = found[top if top in found else "other"]
        counted[0] += 1
        counted[1] += size
    for name, (files, size) in found.items():
        if files:
            yield Part(name, files, size)


def in_words(size: float) -> str:
    """A number of bytes as people read it: `12.3 MB`, in powers of 1000."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
