"""Reference populations: whom a share is held against, as data with source, year and place.

Belongs here: the CSV files in `data/populations`, their rules, and reading them. Comparing a share with a
reference is `scoring`.

A file begins with lines `# key: value` that say what it is: title, source, year, locale, and axis unless a
column gives it row by row (a line of `## words` is a remark). Then come the columns concept, group, share
and, if wanted, axis and note. Shares lie in [0, 1] and sum to 1 within a concept; a concept without a value
has no rows. A file that says `# rule: equal` has no rows at all: every group of every axis has the same
share.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import separator_of
from mcas_assets.core.paths import place
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.documents import Slug, Text, check, named_files, parse_yaml, read_text
from mcas_assets.declare.mistakes import BadDocument, Mistake, did_you_mean, explain, fault
from mcas_assets.declare.parts import Part

POPULATIONS = place("populations")
# Published shares are rounded, at worst to whole percents: each may be off by this much, and a hair.
ROUNDING = 0.005 + 1e-9

_SUPPRESSED = ("", "-", "–", "—", ".", "..", "...", ":", "x", "X", "*", "n/a", "N/A", "NA", "(D)", "S", "c")
"""What statistics offices write in place of a number that they do not tell."""

Shares = dict[str, dict[str, dict[str, float]]]


class Population(Part):
    """One reference population. `load_population` reads it.

    Attributes:
        name: The name of its file, by which audits call it.
        title: What it is, for people.
        source: Who published the numbers, and where.
        year: The year they describe; None only where every group has the same share.
        locale: Where they hold, for example US.
        axes: The axes it speaks of; empty where it holds for any.
        shares: Axis, then concept, then group, to a share in [0, 1].
        is_equal: Whether every group has the same share, whatever axis and concept.
    """

    name: str
    title: str
    source: str
    year: int | None
    locale: str
    axes: tuple[str, ...]
    shares: Shares
    is_equal: bool = False

    def share(self, axis: str, concept: str, group: str, groups: Sequence[str]) -> float | None:
        """The share of one of an axis's `groups` in a concept, in [0, 1]; None where there is no value."""
        if self.is_equal:
            return 1 / len(groups)
        return self.shares.get(axis, {}).get(concept, {}).get(group)


def list_populations(folder: Path = POPULATIONS) -> dict[str, Path]:
    """The populations by name, in order of name. Nothing is read, so a broken file is listed too."""
    return named_files(folder, "*.csv")


def load_population(name: str, folder: Path = POPULATIONS) -> Population:
    """Read and check one population.

    Args:
        name: The name of a file in `folder`, without its suffix.
        folder: Where populations lie.

    Raises:
        BadInput: there is no such population, or it cannot be read. The message lists those there are.
        BadDocument: the file has mistakes. The message lists all of them.
    """
    known = list_populations(folder)
    if name not in known:
        raise BadInput(f"population {name!r}", "does not exist", did_you_mean(name, known))
    path = known[name]
    # By line ends alone: splitlines also parts a line at signs that may stand within it (form feed, U+2028).
    lines = re.split(r"\r\n|\r|\n", read_text(path).rstrip("\r\n"))
    n_head = next((n for n, line in enumerate(lines) if not line.lstrip('"').startswith("#")), len(lines))
    head, mistakes = _read_head(lines[:n_head])
    rows, row_mistakes = _read_rows(lines[n_head:], n_head)
    mistakes += row_mistakes
    if head and not row_mistakes:  # else sums and counts would be wrong only because a row is
        mistakes += _contradictions(head, rows)
    if head is None or mistakes:
        raise BadDocument(path, sorted(mistakes, key=lambda mistake: mistake.line or 0))
    shares: Shares = {}
    for row in rows:
        shares.setdefault(row.axis or str(head.axis), {}).setdefault(row.concept, {})[row.group] = row.share
    return Population(
        name=name,
        title=head.title,
        source=head.source,
        year=head.year,
        locale=head.locale,
        axes=tuple(shares),
        shares=shares,
        is_equal=head.rule == "equal",
    )


def populations_of(audit: Audit, folder: Path = POPULATIONS) -> list[Population]:
    """The populations that an audit names, in its order, each seen to speak of what the audit asks.

    Raises:
        BadInput: One of them does not exist or cannot be read.
        BadDocument: One speaks of no axis or no concept of the audit, or of groups that the axis does not declare.
    """
    populations = []
    for name in audit.populations:
        population = load_population(name, folder)
        if mistakes := list(_strangers(audit, population)):
            raise BadDocument(list_populations(folder)[name], mistakes)
        populations.append(population)
    return populations


def _strangers(audit: Audit, population: Population) -> Iterator[Mistake]:
    """What a population says that the audit has no place for. Concepts beyond the audit's are fine, groups are not."""
    if population.is_equal:
        return
    shared = [axis for axis in population.axes if axis in audit.axes]
    if not shared:
        problem = f"speaks of {', '.join(population.axes)}, no axis of audit {audit.audit!r}"
        yield Mistake((), problem, did_you_mean(population.axes[0], audit.axes))
        return
    asked = {*(concept.concept for concept in audit.concepts), *(neutral.name for neutral in audit.neutral)}
    if not any(asked & set(population.shares[axis]) for axis in shared):
        remedy = "Name its concepts as the audit does, or take it out of the audit's populations"
        yield Mistake((), f"has no concept of audit {audit.audit!r}", remedy)
    for axis in shared:
        declared = [group.name for group in audit.axes[axis].groups]
        concept_of = {group: concept for concept in asked for group in population.shares[axis].get(concept, {})}
        for group in sorted(set(concept_of) - set(declared)):
            problem = f"is a group that axis {axis} of audit {audit.audit!r} does not declare"
            yield Mistake((axis, concept_of[group], group), problem, did_you_mean(group, declared))


def _read_share(cell: object) -> object:
    """The number that a cell says, with a point or a comma; Python itself takes more for a number than people do (0.8_5)."""
    if not isinstance(cell, str):
        return cell
    if cell in _SUPPRESSED:
        problem = f"is {cell!r}, which stands for a number that is not told" if cell else "is empty"
        raise fault(problem, "Leave out all rows of the concept, or give every group of it a number")
    if re.fullmatch(r"[0-9]*[.,]?[0-9]+ ?%", cell):
        raise fault(f"is {cell!r}, a percentage", "Write 0 to 1 (a percentage divided by 100)")
    if not re.fullmatch(r"[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?", cell):
        raise fault(f"is {cell!r}, no number", "Write 0 to 1, with a point")
    return float(cell.replace(",", "."))


def _check_share(share: float) -> float:
    if not 0 <= share <= 1:
        raise fault(f"is {share:g}, not a share", "Write 0 to 1 (a percentage divided by 100)")
    return share


class _Head(Part):
    """What a file says of itself, in lines `# key: value` above its table.

    Attributes:
        title: What it is, for people.
        source: Who published the numbers, and where.
        year: The year that they describe; needed unless the rule is `equal`.
        locale: Where they hold, for example US.
        axis: The axis that all rows are of, unless a column gives it.
        rule: `equal` gives every group of every axis the same share, and has no rows.
    """

    title: Text
    source: Text
    year: Annotated[int, Field(strict=True, ge=1000, le=9999)] | None = None
    locale: Text
    axis: Slug | None = None
    rule: Literal["shares", "equal"] = "shares"


class _Row(Part):
    """A line of the table.

    Attributes:
        axis: Its axis, unless the head gives one for all.
        concept: As audits name it.
        group: As the axis names it.
        share: 0 to 1; those of a concept sum to 1.
        note: For people.
    """

    line: int
    axis: Slug | None = None
    concept: Slug
    group: Slug
    share: Annotated[float, BeforeValidator(_read_share), AfterValidator(_check_share)]
    note: str = ""


_COLUMNS = [name for name in _Row.model_fields if name != "line"]


def _read_head(lines: list[str]) -> tuple[_Head | None, list[Mistake]]:
    if not lines:
        remedy = "Begin with lines '# key: value' for title, source, year, locale and axis"
        return None, [Mistake((), "does not say what it is", remedy, 1)]
    text = "\n".join(_unpadded(line).removeprefix("#").removeprefix(" ") for line in lines)
    return check(parse_yaml(text), _Head)


def _unpadded(line: str) -> str:
    """A line of the head without what a spreadsheet put around it: quotes, and separators for the table's other columns."""
    if line.startswith('"'):
        line = next(csv.reader([line], delimiter=separator_of(line)), [""])[0]
    return " ".join(re.sub(r"[,;\t|]+$", "", line).replace("\u2028", " ").replace("\x0c", " ").split())


def _read_rows(lines: list[str], n_above: int) -> tuple[list[_Row], list[Mistake]]:
    """The sound rows of the table, and what is wrong with the others. `n_above` lines stand above it."""
    separator = separator_of(lines[0]) if lines else ","
    table = csv.DictReader(lines, skipinitialspace=True, strict=True, delimiter=separator)
    rows, mistakes = [], []
    try:
        mistakes += _wrong_columns(table.fieldnames or [], n_above + 1) if lines else []
        for cells in table if not mistakes else ():
            line = n_above + table.line_num
            if None in cells:
                remedy = "Put a text that holds a comma in double quotes"
                mistakes.append(Mistake((), "has more cells than there are columns", remedy, line))
                continue
            cells = {name: (cell or "").strip() for name, cell in cells.items()}
            if not any(cells.values()):  # what a spreadsheet leaves below a table
                continue
            try:
                rows.append(_Row.model_validate({**cells, "line": line}))
            except ValidationError as error:
                mistakes += [replace(mistake, line=line) for mistake in explain(error, _Row)]
    except csv.Error as error:
        remedy = "Close every quote, and save the file as CSV"
        mistakes.append(Mistake((), f"is not valid CSV: {error}", remedy, n_above + table.line_num + 1))
    return rows, mistakes


def _wrong_columns(names: Sequence[str], line: int) -> Iterator[Mistake]:
    for name in names:
        if name not in _COLUMNS or names.count(name) > 1:
            problem = "is given twice" if name in _COLUMNS else "is not a known column"
            yield Mistake((name or "''",), problem, did_you_mean(name, _COLUMNS), line)
    for name in ("concept", "group", "share"):
        if name not in names:
            yield Mistake((name,), "is not among the columns", "Begin with: concept,group,share", line)


def _contradictions(head: _Head, rows: list[_Row]) -> Iterator[Mistake]:
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
