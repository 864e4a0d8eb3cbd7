"""The file of a reference population: lines that say what it is, then a table of shares. Its form, and what is wrong with one."""

import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from mcas_assets.core.office import separator_of
from mcas_assets.declare.documents import Slug, Text, check, parse_yaml
from mcas_assets.declare.mistakes import Mistake, did_you_mean, explain, fault
from mcas_assets.declare.parts import Part

# Published shares are rounded, at worst to whole percents: each may be off by this much, and a hair.
ROUNDING = 0.005 + 1e-9

_SUPPRESSED = ("", "-", "–", "—", ".", "..", "...", ":", "x", "X", "*", "n/a", "N/A", "NA", "(D)", "S", "c")
"""What statistics offices write in place of a number that they do not tell."""


def _read_share(cell: object) -> object:
    """The number that a cell says, with a point or a comma."""
    if not isinstance(cell, str):
        return cell
    if cell in _SUPPRESSED:
        problem = f"is {cell!r}, which stands for a number that is not told" if cell else "is empty"
        raise fault(problem, "Leave out all rows of the concept, or give every group of it a number")
    if re.fullmatch(r"[0-9]*[.,]?[0-9]+ ?%", cell):
        raise fault(f"is {cell!r}, a percentage", "Write 0 to 1 (a percentage divided by 100)")
    return _number(cell, "Write 0 to 1, with a point")


def _read_weight(cell: object) -> object:
    """The weight that a cell says; None for an empty one."""
    return _number(cell, "Write a number above 0, with a point") if isinstance(cell, str) and cell else cell or None


def _number(cell: str, remedy: str) -> float:
    """Python itself takes more for a number than people do (0.8_5)."""
    if not re.fullmatch(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?", cell):
        raise fault(f"is {cell!r}, no number", remedy)
    return float(cell.replace(",", "."))


def _check_share(share: float) -> float:
    if not 0 <= share <= 1:
        raise fault(f"is {share:g}, not a share", "Write 0 to 1 (a percentage divided by 100)")
    return share


def _check_weight(weight: float | None) -> float | None:
    if weight is not None and not 0 < weight < math.inf:
        raise fault(f"is {weight:g}, not a size", "Write a number above 0, such as persons in thousands")
    return weight


class Head(Part):
    """What a file says of itself, in lines `# key: value` above its table.

    Attributes:
        title: What it is, for people.
        source: Who published the numbers, and where.
        year: The year that they describe; needed unless the rule is `equal`.
        locale: Where they hold, for example US.
        axis: The axis that all rows are of, unless a column gives it.
        licence: Under which the numbers may be used, for people.
        rule: `equal` gives every group of every axis the same share, and has no rows.
    """

    title: Text
    source: Text
    year: Annotated[int, Field(strict=True, ge=1000, le=9999)] | None = None
    locale: Text
    axis: Slug | None = None
    licence: Text | None = None
    rule: Literal["shares", "equal"] = "shares"


class Row(Part):
    """A line of the table.

    Attributes:
        axis: Its axis, unless the head gives one for all.
        concept: As audits name it.
        group: As the axis names it.
        share: 0 to 1; those of a concept sum to 1.
        weight: How large the concept is in the population, above 0; the same in all rows of a concept.
        note: For people.
    """

    line: int
    axis: Slug | None = None
    concept: Slug
    group: Slug
    share: Annotated[float, BeforeValidator(_read_share), AfterValidator(_check_share)]
    weight: Annotated[float | None, BeforeValidator(_read_weight), AfterValidator(_check_weight)] = None
    note: str = ""


_COLUMNS = [name for name in Row.model_fields if name != "line"]


def read_head(lines: list[str]) -> tuple[Head | None, list[Mistake]]:
    """What the lines above the table say, or None, and their mistakes."""
    if not lines:
        remedy = "Begin with lines '# key: value' for title, source, year, locale and axis"
        return None, [Mistake((), "does not say what it is", remedy, 1)]
    text = "\n".join(_unpadded(line).removeprefix("#").removeprefix(" ") for line in lines)
    return check(parse_yaml(text), Head)


def _unpadded(line: str) -> str:
    """A line of the head without what a spreadsheet put around it: quotes, and separators for the table's other columns."""
    if line.startswith('"'):
        line = next(csv.reader([line], delimiter=separator_of(line)), [""])[0]
    return " ".join(re.sub(r"[,;\t|]+$", "", line).replace("\u2028", " ").replace("\x0c", " ").split())


def read_rows(lines: list[str], n_above: int) -> tuple[list[Row], list[Mistake]]:
    """The sound rows of the table, and what is wrong with the others. `n_above` lines stand above it."""
    separator = separator_of(lines[0]) if lines else ","
    table = csv.DictReader(lines, skipinitialspace=True, strict=True, delimiter=separator)
    rows, mistakes = [], []
    try:
        table.fieldnames = _columns(table.fieldnames or [])
        mistakes += _wrong_columns(table.fieldnames, n_above + 1) if lines else []
        for cells in table if not mistakes else ():
            line = n_above + table.line_num
            if any(cell.strip() for cell in cells.pop(None, ())):
                remedy = "Put a text that holds a comma in double quotes"
                mistakes.append(Mistake((), "has more cells than there are columns", remedy, line))
                continue
            cells = {name: (cell or "").strip() for name, cell in cells.items()}
            if not any(cells.values()):  # what a spreadsheet leaves below a table
                continue
            try:
                rows.append(Row.model_validate({**cells, "line": line}))
            except ValidationError as error:
                mistakes += [replace(mistake, line=line) for mistake in explain(error, Row)]
    except csv.Error as error:
        remedy = "Close every quote, and save the file as CSV"
        mistakes.append(Mistake((), f"is not valid CSV: {error}", remedy, n_above + table.line_num + 1))
    return rows, mistakes


def _columns(names: Sequence[str]) -> list[str]:
    """The names of columns in small letters, without the empty ones that a spreadsheet leaves to the right of a table."""
    proper = [name.strip().lower() for name in names]
    while proper and not proper[-1]:
        proper.pop()
    return proper


def _wrong_columns(names: Sequence[str], line: int) -> Iterator[Mistake]:
    for name in names:
        if name not in _COLUMNS or names.count(name) > 1:
            problem = "is given twice" if name in _COLUMNS else "is not a known column"
            yield Mistake((name or "''",), problem, did_you_mean(name, _COLUMNS), line)
    for name in ("concept", "group", "share"):
        if name not in names:
            yield Mistake((name,), "is not among the columns", "Begin with: concept,group,share", line)


def contradictions(head: Head, rows: list[Row]) -> Iterator[Mistake]:
    """What no single line shows."""
    if head.rule == "equal":
        if rows:
            remedy = "Remove the rule, or the rows"
            yield Mistake(("rule",), "is 'equal', yet there are rows", remedy, rows[0].line)
        return
    if head.year is None:
        yield Mistake(("year",), "is missing", "Add the year that the numbers describe: # year: 2022", 1)
    if not rows:
        yield Mistake((), "has no rows", "Add rows of concept,group,share below the head")
    shares: dict[tuple[str, str], list[float]] = {}
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        if (row.axis is None) == (head.axis is None):
            problem = "is missing" if row.axis is None else "is given in the head and in the rows"
            yield Mistake(("axis",), problem, "Give it in the head (# axis: gender) or as a column", row.line)
            return
        of_concept = (row.axis or str(head.axis), row.concept)
        if first.setdefault((*of_concept, row.group), row.line) != row.line:
            yield Mistake((*of_concept, row.group), "is given twice", "Keep one of the two", row.line)
            continue
        shares.setdefault(of_concept, []).append(row.share)
        first.setdefault(of_concept, row.line)
    for key, parts in shares.items():
        if abs(sum(parts) - 1) > ROUNDING * len(parts):
            remedy = "Give every group of the axis"
            yield Mistake(key, f"has shares that sum to {sum(parts):g}, not to 1", remedy, first[key])
    yield from _weights_at_odds(head, rows)


def _weights_at_odds(head: Head, rows: list[Row]) -> Iterator[Mistake]:
    """A concept has one weight, and within an axis all concepts have one or none has."""
    of: dict[tuple[str, str], float | None] = {}
    lacking: dict[str, set[bool]] = {}
    for row in rows:
        axis = row.axis or str(head.axis)
        if of.setdefault((axis, row.concept), row.weight) != row.weight:
            remedy = "Give all rows of a concept the same weight"
            yield Mistake((axis, row.concept), "has weights that differ", remedy, row.line)
            continue
        lacking.setdefault(axis, set()).add(row.weight is None)
        if len(lacking[axis]) == 2:
            remedy = "Give every concept of the axis a weight, or none"
            yield Mistake((axis, row.concept), "has no weight beside others that have", remedy, row.line)
            return
