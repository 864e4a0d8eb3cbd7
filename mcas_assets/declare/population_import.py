"""From a published table of employed persons to a reference population: a file as `populations` reads it.

Which occupation of the table stands for which concept is data: `data/occupations/isco-08.csv`, or a file of one's own. A concept
whose own group a table lacks has no value: the group above it holds other occupations, too, and would lend them its share.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import office_table
from mcas_assets.core.paths import DATA
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.declare.published_tables import Employed, PublishedTable

OCCUPATIONS = DATA / "occupations" / "isco-08.csv"
_SEXES = {"F": "woman", "M": "man"}


@dataclass(frozen=True)
class Occupation:
    """Which groups of ISCO-08 stand for a concept.

    Attributes:
        concept: As audits name it.
        groups: Digits of groups, one to four each, taken together.
        title: What the classification calls them.
    """

    concept: str
    groups: tuple[str, ...]
    title: str


@dataclass(frozen=True)
class Imported:
    """A population that was made of a table.

    Attributes:
        text: The file.
        year: Which its numbers describe.
        concepts: Those that have a value.
        missing: Those of the occupations that have none.
    """

    text: str
    year: int
    concepts: tuple[str, ...]
    missing: tuple[str, ...]


def read_occupations(path: Path | None = None) -> list[Occupation]:
    """The concepts and their groups of ISCO-08.

    Args:
        path: A table with the columns concept, isco and title; several groups of a concept are parted by `+`. By default that
            which ships.

    Raises:
        BadInput: It cannot be read, lacks a column, or names what is no group.
    """
    path = path or OCCUPATIONS
    remedy = "Write concept,isco,title above the lines, and a group as its digits, several as 214+215"
    try:
        with office_table(path) as (stream, separator):
            lines = [line for line in stream if not line.startswith("#")]
            rows = list(csv.DictReader(lines, delimiter=separator))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"cannot be read ({error})", remedy) from error
    found = []
    for row in rows:
        groups = tuple((row.get("isco") or "").replace(" ", "").split("+"))
        if not row.get("concept") or not all(one.isdigit() and len(one) <= 4 for one in groups):
            raise BadInput(path, f"names no groups of ISCO-08 in {dict(row)}", remedy)
        found.append(Occupation(row["concept"], groups, row.get("title") or ""))
    return found


def population_of(
    table: PublishedTable,
    occupations: Sequence[Occupation],
    place: str,
    year: int | None = None,
    *,
    wider: bool = False,
    locale: str | None = None,
) -> Imported:
    """The population of one place and year.

    A share is women, or men, of women and men together; the weight is their number, in the table's unit.

    Args:
        table: The published one.
        occupations: Concepts and their groups.
        place: Its code in the table.
        year: By default the newest.
        wider: Whether a concept whose own group is not in the table has the share of the group above it, which a note then says.
        locale: By which `mcas audit --population` finds it; by default the place.

    Raises:
        BadInput: The table does not hold the place or the year, or no concept has a value.
    """
    where = f"{table.office} {table.dataset}".strip()
    here = [row for row in table.rows if row.place == place]
    if not here:
        raise BadInput(
            where, f"has no numbers of {place!r}", did_you_mean(place, {row.place for row in table.rows}), "--place"
        )
    years = sorted({row.year for row in here})
    year = years[-1] if year is None else year
    if year not in years:
        raise BadInput(where, f"has no numbers of {year}", f"It has {', '.join(map(str, years))}", "--year")
    numbers = {(row.occupation, row.sex): row for row in here if row.year == year}
    lines, missing = [], []
    for one in occupations:
        found = _groups(one, numbers, wider)
        rows = [numbers[group, sex] for group in found for sex in _SEXES]
        total = sum(row.persons for row in rows)
        if not total:
            missing.append(one.concept)
            continue
        note = _note(one, found, rows)
        for sex, name in _SEXES.items():
            share = sum(row.persons for row in rows if row.sex == sex) / total
            lines.append((one.concept, name, round(share, 4), round(total, 3), note))
    if not lines:
        remedy = "Take a table by finer groups, or give wider groups with --wider"
        raise BadInput(where, f"has none of the groups that stand for {len(occupations)} concepts", remedy)
    updated = f", last updated {table.updated}" if table.updated else ""
    head = {
        "title": f"Employed persons in {locale or place}, {year}",
        "source": f"{table.office}, {table.dataset}{updated}",
        "year": year, "locale": locale or place, "axis": "gender", "licence": table.licence,
    }  # fmt: skip
    return Imported(_written(head, lines), year, tuple(dict.fromkeys(row[0] for row in lines)), tuple(missing))


def _groups(one: Occupation, numbers: Mapping[tuple[str, str], Employed], wider: bool) -> list[str]:
    """The groups of the table that stand for a concept, each with numbers of both sexes; none where one of them is not there."""
    found = []
    for group in one.groups:
        lengths = range(len(group), 0, -1) if wider else (len(group),)
        known = (group[:n] for n in lengths if all((group[:n], sex) in numbers for sex in _SEXES))
        held = next(known, None)
        if held is None:
            return []
        found.append(held)
    return list(dict.fromkeys(found))


def _note(one: Occupation, found: Sequence[str], rows: Sequence[Employed]) -> str:
    held = f"ISCO-08 {'+'.join(found)}"
    held += f" {one.title}" if tuple(found) == one.groups else f", wider than {'+'.join(one.groups)} {one.title}"
    flags = sorted({row.flag for row in rows if row.flag})
    return held.strip() + (f"; flags of the office: {', '.join(flags)}" if flags else "")


def _written(head: Mapping[str, object], lines: Sequence[tuple]) -> str:
    text = io.StringIO()
    for key, value in head.items():
        quoted = f'"{value}"' if isinstance(value, str) and (":" in value or "#" in value) else value
        text.write(f"# {key}: {quoted}\n")
    text.write(
        "## A share is of women and men together, as the office counts them. Nobody's perceived gender was counted.\n"
    )
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("concept", "group", "share", "weight", "note"))
    writer.writerows(lines)
    return text.getvalue()
