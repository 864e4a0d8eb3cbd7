"""Which clause of a framework a table speaks to, what it lacks, and when it was last read. Never a claim of compliance."""

import datetime
from pathlib import Path

from mcas_assets.core.paths import DATA
from mcas_assets.declare.documents import load_document
from mcas_assets.declare.parts import Part
from mcas_assets.export.tables import Measured

CROSSWALKS = DATA / "crosswalks"

NOTE = (
    "A crosswalk says which clause a table speaks to, and what it does not say. It is no claim of compliance with anything, and no "
    "legal advice. Frameworks change: each is as of the day on which it was last read, from the source that stands beside that day."
)


class Clause(Part):
    """A clause, and what an audit has to say to it.

    Attributes:
        clause: Its number or name.
        about: What it is about, in our words.
        tables: The tables that speak to it.
        says: What they say.
        gap: What they do not.
    """

    clause: str
    about: str
    tables: tuple[str, ...]
    says: str
    gap: str


class Crosswalk(Part):
    """A framework. See data/crosswalks.

    Attributes:
        framework: Its name, as that of the file.
        title, edition: For people.
        read: When it was last read.
        read_from: What was read.
        dates: When what of it applies, or was published.
        clauses: Those that an audit speaks to.
        gaps: What no clause above says, and a reader may look for.
    """

    framework: str
    title: str
    edition: str
    read: datetime.date
    read_from: str
    dates: tuple[str, ...]
    clauses: tuple[Clause, ...]
    gaps: tuple[str, ...]


def load_crosswalks() -> list[Crosswalk]:
    """All frameworks, by the names of their files.

    Raises:
        BadInput: A file of this installation was changed.
    """
    return [load_document(path, Crosswalk, lambda raw: ()) for path in sorted(CROSSWALKS.glob("*.yaml"))]


def write_crosswalk(measured: Measured, folder: Path) -> None:
    """One Markdown page a framework; beside each table the rows that this evidence has of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in load_crosswalks():
        (folder / f"{one.framework}.md").write_text(_page(one, measured), encoding="utf-8", newline="\n")


def _page(one: Crosswalk, measured: Measured) -> str:
    lines = [f"# {one.title}", "", NOTE, "", f"{one.edition}. Last read {one.read}: {one.read_from}", ""]
    lines += [f"* {date}" for date in one.dates]
    for clause in one.clauses:
        there = [f"`{name}` ({_rows(measured, name)})" for name in clause.tables]
        lines += ["", f"## {clause.clause}", "", f"{clause.about}.", "", f"* Tables: {', '.join(there)}"]
        lines += [f"* Says: {clause.says}", f"* Does not say: {clause.gap}"]
    return "\n".join([*lines, "", "## Not covered", "", *(f"* {gap}" for gap in one.gaps)]) + "\n"


def _rows(measured: Measured, name: str) -> str:
    rows = measured.tables.get("checks" if name == "quality_results" else name)
    return "no rows here" if rows is None else f"{len(rows):,} rows"
