"""A frame in the width of a terminal: what is the same in all rows said once, columns in order as far as they go, the rest named.

Where the columns do not fit, those that say which version, axis or instrument a row is of become headings over its rows.

Not here: other formats of a frame (`frames`), numbers of the project's own views (`numbers`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
from rich.align import Align
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

TERMINAL_ROWS = 40
_WIDEST = 36  # characters of a column of words; what is longer is folded
_MOST_LINES = 4  # of a cell beside others; whatever takes more is printed on request
_GAP = 2  # characters between two columns
_CONTEXT = frozenset({
    "policy", "audit", "system", "system_version", "before", "after", "axis", "labels", "embedder", "asset", "table_name",
    "severity", "kind",
})  # fmt: skip
"""Columns that become headings where there is no room for all."""


@dataclass(frozen=True)
class Column:
    """One column as it would be printed.

    Attributes:
        name: Its name in the frame.
        heading: The name, broken after underscores so that a long name over short cells does not widen the column.
        width: Characters that it takes, at least 1.
        longest: Characters of its longest cell: where there is room left, a folded column gets it.
        is_number: Whether it stands at the right.
    """

    name: str
    heading: str
    width: int
    longest: int
    is_number: bool


def fitted(frame: pl.DataFrame, width: int, rows: int = 0, whole: bool = False) -> RenderableType:
    """A frame to print.

    Args:
        frame: Its columns in the order of their importance: those at the end are left out first.
        width: Characters of a line.
        rows: Rows to print at most; 0 for all.
        whole: Leave no column out: where they do not fit beside each other, a row's values stand below each other.

    Returns:
        A table, or for one row its values below each other; above it what all rows share, below it what was left out.
    """
    if frame.is_empty():
        return Text(f"0 rows of {', '.join(frame.columns)}", "dim")
    rows = min(rows or len(frame), len(frame))
    if len(frame) == 1 or (whole and _needed([_column(one) for one in frame.get_columns()]) > width):
        return Group(*_upright(frame.head(rows), width), *_below(len(frame), rows, []))
    alike = set() if whole else {one.name for one in frame.get_columns() if len(_texts(one)) == 1}
    above = _shared(frame, [one for one in frame.columns if one in alike])
    varying = frame.select(one for one in frame.columns if one not in alike)
    columns = [_column(one) for one in varying.get_columns()]
    headings = [one for one in varying.columns if one in _CONTEXT] if _needed(columns) > width else []
    kept, left_out = _choose([one for one in columns if one.name not in headings], width, whole)
    if not kept:
        headings, (kept, left_out) = [], _choose(columns, width, whole)
    if "system_version" in headings and "system" in headings:
        headings.remove("system")  # the version begins with it
    parts = varying.partition_by(headings, maintain_order=True) if headings else [varying]
    return Group(*above, *_sections(parts, headings, kept, rows), *_below(len(frame), rows, left_out))


def _sections(
    parts: list[pl.DataFrame], headings: list[str], columns: list[Column], rows: int
) -> Iterator[RenderableType]:
    """One table for each part, under what its rows share, until `rows` rows are printed."""
    for part in parts:
        if rows <= 0:
            return
        if headings:
            yield Text(", ".join(filter(None, map(text_of, part.select(headings).row(0)))), "bold")
        yield _grid(columns, part.head(rows))
        rows -= len(part)


def _needed(columns: list[Column]) -> int:
    return sum(one.width + _GAP for one in columns)


def _column(series: pl.Series) -> Column:
    is_number = series.dtype.is_numeric()
    longest = max(map(cell_len, _texts(series)))
    within = min(longest, _WIDEST)
    heading = _broken(series.name, within)
    width = max(1, within, *(cell_len(line) for line in heading.split("\n")))
    return Column(series.name, heading, width, longest, is_number)


def _texts(series: pl.Series) -> set[str]:
    """The different cells of a column, of any type: polars counts no different values of nested ones."""
    return {text_of(value) for value in series.to_list()}


def text_of(value: object) -> str:
    """One value as a cell of a table: numbers to 4 digits behind the point, moments to the second, nothing for null.

    What is not 0 is not printed as 0.
    """
    match value:
        case None:
            return ""
        case float():
            return f"{value:.1g}" if 0 < abs(value) < 0.00005 else f"{value:.4f}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def _broken(name: str, width: int) -> str:
    """A name in lines of `width` where underscores allow it."""
    lines = [""]
    for part in name.replace("_", "_\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part) > max(width, 1):
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _choose(columns: list[Column], width: int, whole: bool = False) -> tuple[list[Column], list[Column]]:
    """Columns that fit, in order, and those left out; the first always fits, and is folded.

    What would make rows of many lines is left out unless all was asked for.
    """
    kept, left_out, taken, is_full = [], [], _GAP, False  # a table of this kind has one empty character at either side
    for one in columns:
        needed = one.width + (_GAP if kept else 0)
        is_tall = one.longest > _MOST_LINES * _WIDEST and not whole
        is_full = is_full or (not is_tall and taken + needed > width)
        if not kept or not (is_tall or is_full):
            kept.append(one)
            taken += needed
        else:
            left_out.append(one)
    return _widened(kept, width - taken), left_out


def _widened(columns: list[Column], left: int) -> list[Column]:
    """The columns, of which those that are folded share the room that is left, the first first."""
    found = []
    for one in columns:
        more = max(0, min(left, one.longest - one.width))
        left -= more
        found.append(replace(one, width=one.width + more))
    return found


def _grid(columns: list[Column], frame: pl.DataFrame) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for one in columns:
        side = "right" if one.is_number else "left"
        heading = Align(Text(one.heading), side, vertical="bottom")  # above the rows, however many lines others take
        table.add_column(heading, justify=side, overflow="fold", min_width=one.width, max_width=one.width)
    for row in frame.select(one.name for one in columns).iter_rows():
        table.add_row(*(Text(text_of(value)) for value in row))
    return table


def _shared(frame: pl.DataFrame, names: list[str]) -> list[Text]:
    """What all rows have in common, once; columns without any value by their names alone."""
    values = {name: text_of(frame[name][0]) for name in names}
    known = [part for name, value in values.items() if value for part in ("; ", (f"{name} ", "dim"), value)][1:]
    empty = [name for name, value in values.items() if not value]
    lines = [Text.assemble((f"in all {len(frame)} rows: ", "dim"), *known)] if known else []
    return [*lines, Text(f"without a value: {', '.join(empty)}", "dim")] if empty else lines


def _below(n_rows: int, rows: int, left_out: list[Column]) -> list[Text]:
    counted = f"{n_rows} row{'' if n_rows == 1 else 's'}"
    if n_rows > rows:
        counted = f"the first {rows} of {counted}; --rows 0 prints all"
    lines = [Text(counted, "dim")]
    if left_out:
        names = ", ".join(one.name for one in left_out)
        lines.append(Text(f"no room for: {names} (--whole prints them, as --format csv does)", "dim"))
    return lines


def _upright(frame: pl.DataFrame, width: int) -> Iterator[RenderableType]:
    """The values of each row below each other, an empty line between two rows."""
    for number, row in enumerate(frame.iter_rows(named=True)):
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold", max_width=max(8, width - max(map(len, row)) - _GAP))
        for name, value in row.items():
            table.add_row(Text(name), Text(text_of(value)))
        yield Group(*([Text()] if number else []), table)


def captured(frame: pl.DataFrame, console: Console, rows: int, whole: bool) -> str:
    """`fitted` as text for the given console."""
    with console.capture() as capture:
        console.print(fitted(frame, console.width, rows, whole))
    return capture.get()
