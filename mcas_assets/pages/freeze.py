"""A report: the same templates as the live pages, frozen into a folder or one file that opens from disk without network."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.pages import charts, comparison, concept, trust, version
from mcas_assets.pages.links import Links
from mcas_assets.pages.pictures import Kept, Pictures, kept_of
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import STATIC, Section, render

MOST_IN_A_FOLDER = 48
"""Images of a cell in a folder; further ones are left out by a seeded sample, as the page says."""

MOST_IN_A_FILE = 6
"""The same for one file, which holds every picture within itself."""

SIDE, SIDE_IN_A_FILE = 160, 64

Build = Callable[[Links], Section]


@dataclass(frozen=True)
class Page:
    """A page of a report.

    Attributes:
        name: Of its file, without ending; within one file, its anchor.
        build: Makes its body, given where things lie.
        leads: The addresses of live pages that it stands for: page and keys.
    """

    name: str
    build: Build
    leads: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()


@dataclass
class FrozenLinks:
    """Where things lie in a report. Pictures are collected as they are asked for.

    Attributes:
        pages: The pages that there are.
        pictures: Of the home.
        is_one_file: Whether pictures and pages are within one file.
        taken: The pictures by the name of their file.
        current: The page that is being made: nothing on it leads to itself.
    """

    pages: list[Page]
    pictures: Pictures
    is_one_file: bool
    taken: dict[str, bytes] = field(default_factory=dict)
    current: str = ""

    def __post_init__(self) -> None:
        self._names = {lead: page.name for page in self.pages for lead in page.leads}

    def page(self, page: str, /, **keys: str | int | None) -> str | None:
        """See `Links`. An image leads to its row on the page of a concept, images of a concept to that page."""
        if page == "image":
            has_rows = not self.is_one_file and self.current.startswith("concept-")
            return f"#row-{str(keys['image'])[:12]}" if has_rows else None
        if page == "images" and keys.get("axis") and keys.get("concept"):
            page, keys = "concept", {name: keys[name] for name in ("audit", "version", "axis", "concept")}
        wanted = tuple(sorted((name, str(value)) for name, value in keys.items() if value is not None))
        name = self._names.get((page, wanted))
        return None if name in (None, self.current) else f"#{name}" if self.is_one_file else f"{name}.html"

    def picture(self, sha256: str, path: str, side: int = SIDE) -> str:
        """See `Links`."""
        size = SIDE_IN_A_FILE if self.is_one_file else side
        return self._taken(f"{sha256}-{size}.webp", lambda: self.pictures.small(kept_of(sha256, path), size))

    def original(self, sha256: str, path: str) -> str | None:
        """See `Links`: originals stay in the home."""
        return None

    def average(self, kept: tuple[Kept, ...], kind: str, **keys: str | int | None) -> str:
        """See `Links`."""
        name = "-".join(str(value) for value in (kind, *keys.values()) if value is not None)
        safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
        return self._taken(f"{safe}.webp", lambda: self.pictures.average(kept)[1 if kind == "spread" else 0])

    def static(self, name: str) -> str:
        """See `Links`."""
        return f"static/{name}"

    def _taken(self, name: str, make: Callable[[], bytes]) -> str:
        if name not in self.taken:
            self.taken[name] = make()
        if self.is_one_file:
            return "data:image/webp;base64," + base64.b64encode(self.taken[name]).decode()
        return f"pictures/{name}"


def version_pages(reader: Reader, audit: str, of: str, detail: concept.Detail) -> list[Page]:
    """The pages of a report of one version: the version itself, every concept on every axis, and how far to trust it.

    Raises:
        NotThere: The audit has no scores of it.
    """
    keys = {"audit": audit, "version": of}
    pages = [Page("index", lambda links: version.section(reader, links, audit, of), (_lead("version", keys),))]
    scores = reader.table("scores", audit=audit, system_version=of).filter(pl.col("category").ne_missing("neutral"))
    for axis in reader.poles(audit):
        for name in scores.filter(axis=axis)["concept"].unique(maintain_order=True):
            pages.append(_concept_page(reader, audit, of, axis, name, detail))
        if not detail.with_poles:
            pages.append(_poles_page(reader, audit, of, axis, detail))
    pages.append(Page("trust", lambda links: trust.section(reader, links, audit, of), (_lead("trust", keys),)))
    return pages


def comparison_pages(reader: Reader, audit: str, before: str, after: str, *, with_all_pairs: bool) -> list[Page]:
    """The pages of a report of two versions: the comparison, all pairs of each concept, and how far to trust the later one.

    Raises:
        NotThere: The two were not compared.
    """
    keys = {"audit": audit, "before": before, "after": after}
    pages = [
        Page(
            "index", lambda links: comparison.section(reader, links, audit, before, after), (_lead("comparison", keys),)
        )
    ]
    rows = reader.table("comparisons", **keys).filter(component=comparison.JUDGED)
    judged = rows.filter(pl.col("category").ne_missing("neutral"))
    judged = judged if with_all_pairs else judged.clear()
    for axis, name in judged.select("axis", "concept").unique(maintain_order=True).iter_rows():
        pages.append(_pairs_page(reader, audit, before, after, axis, name))
    of_after = {"audit": audit, "version": after}
    pages.append(Page("trust", lambda links: trust.section(reader, links, audit, after), (_lead("trust", of_after),)))
    return pages


def _concept_page(reader: Reader, audit: str, of: str, axis: str, name: str, detail: concept.Detail) -> Page:
    keys = {"audit": audit, "version": of, "axis": axis, "concept": name}
    return Page(
        f"concept-{axis}-{name}",
        lambda links: concept.section(reader, links, audit, of, axis, name, detail),
        (_lead("concept", keys),),
    )


def _poles_page(reader: Reader, audit: str, of: str, axis: str, detail: concept.Detail) -> Page:
    return Page(f"poles-{axis}", lambda links: concept.poles_section(reader, links, audit, of, axis, detail))


def _pairs_page(reader: Reader, audit: str, before: str, after: str, axis: str, name: str) -> Page:
    keys = {"audit": audit, "before": before, "after": after, "axis": axis, "concept": name}
    return Page(
        f"pairs-{axis}-{name}",
        lambda links: comparison.section(reader, links, audit, before, after, concept=name, axis=axis),
        (_lead("comparison", keys),),
    )


def _lead(page: str, keys: dict[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
    return page, tuple(sorted(keys.items()))


def write_folder(reader: Reader, pages: list[Page], folder: Path) -> list[Path]:
    """Write a report as files: a page each, its pictures, and what draws and dresses them.

    Returns:
        The files, the first of which is the one to open.

    Raises:
        BadInput: The folder is there and not empty, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(folder, "is there already, and not empty", "Give --out a folder that is not there yet")
    links = FrozenLinks(pages, Pictures(reader.published.store.home), is_one_file=False)
    files: dict[str, bytes] = {}
    for page in pages:
        links.current = page.name
        section = page.build(links)
        crumbs = [] if page.name == "index" else [("Report", "index.html"), (section.title, None)]
        files[f"{page.name}.html"] = _text(reader, [section], links, crumbs).encode()
    files |= {f"static/{name}": (STATIC / name).read_bytes() for name in ("style.css", "pages.js")}
    files["static/charts.js"] = charts.bundle().encode()
    files |= {f"pictures/{name}": data for name, data in links.taken.items()}
    return [_written(folder / name, data) for name, data in files.items()]


def write_file(reader: Reader, pages: list[Page], file: Path) -> Path:
    """Write a report as one file that holds everything.

    Raises:
        BadInput: The file is there already, or cannot be written.
    """
    if file.exists():
        raise BadInput(file, "is there already", "Give --out the name of a file that is not there yet")
    links = FrozenLinks(pages, Pictures(reader.published.store.home), is_one_file=True)
    sections = []
    for page in pages:
        links.current = page.name
        made = page.build(links)
        sections.append(Section(made.template, made.title, made.context, page.name))
    # A script element ends at the first such text, wherever in a string it stands.
    bundle = charts.bundle().replace("</script", "<\\/script")
    inlined = {
        "style": (STATIC / "style.css").read_text(encoding="utf-8"),
        "script": (STATIC / "pages.js").read_text(encoding="utf-8"), "bundle": bundle,
    }  # fmt: skip
    return _written(file, _text(reader, sections, links, [], inlined=inlined).encode())


def _text(reader: Reader, sections: list[Section], links: Links, crumbs: list, **page: object) -> str:
    return render(sections, links, crumbs=crumbs, at=reader.at, made_at=reader.made_at, **page)


def _written(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror})", "Give --out another place") from error
    return path
