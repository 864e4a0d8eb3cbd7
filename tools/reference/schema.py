"""What sql/schema.sql says of its tables: each with its columns, and the comments beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_COLUMN = re.compile(r"    (?!primary key)(\w+)\s+([\w\[\]]+)([^-]*)(?:--(\s+)(.*))?")


@dataclass
class Described:
    """A table: the section of the file that it stands in, what is said of it, and its columns as (name, type, meaning)."""

    section: str
    name: str
    about: str
    columns: list[tuple[str, str, str]] = field(default_factory=list)


def described(schema: Path) -> Iterator[Described]:
    """The tables, in the order of the file."""
    section, comment, table = "The schema itself", [], None
    for line in schema.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"-- (.+?) -{8,}", line):
            section, comment = heading[1], []
        elif line.startswith("-- "):
            comment.append(line.removeprefix("-- "))
        elif opened := re.match(r"create table if not exists (\w+) \(", line):
            table = Described(section, opened[1], " ".join(comment))
        elif table and line.startswith(");"):
            yield table
            table = None
        elif table and (column := _COLUMN.fullmatch(line)):
            _add(table.columns, *column.groups())
        if not line.strip() or line.startswith(");"):
            comment = []


def _add(
    columns: list[tuple[str, str, str]], name: str, kind: str, rest: str, gap: str | None, about: str | None
) -> None:
    if gap and len(gap) > 1:  # an indented comment goes on with that of the column above, and is of both
        above = columns[-1]
        about = f"{above[2]} {about}"
        columns[-1] = (above[0], above[1], about)
    is_needed = "not null" in rest or "primary key" in rest
    columns.append((name, f"{kind}, never null" if is_needed else kind, about or ""))
