"""Charts of the pages for notebooks: the same rows, drawn by the same functions, without links."""

import json
from pathlib import Path

import altair as alt

from mcas_assets.core.errors import BadInput
from mcas_assets.pages import comparison, version
from mcas_assets.pages.reader import NotThere, Reader
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published

WIDTH = 420
"""Pixels of the area that is drawn in: half the width of a notebook, with room for the names of concepts."""


class _Unlinked:
    """In a notebook there are no pages to lead to, and charts show no pictures."""

    def page(self, page: str, /, **keys: str | int | None) -> None:
        """See `Links`."""

    def picture(self, sha256: str, path: str, side: int = 160) -> str:
        """See `Links`."""
        return path

    def original(self, sha256: str, path: str) -> None:
        """See `Links`."""

    def average(self, kept: tuple[tuple[str, str], ...], kind: str, **keys: str | int | None) -> str:
        """See `Links`."""
        return kind

    def static(self, name: str) -> str:
        """See `Links`."""
        return name


def _scores(reader: Reader, audit: str, found: str, axis: str) -> str | None:
    return version.axis_of(reader, _Unlinked(), audit, found, axis)["chart"]


def _shares(reader: Reader, audit: str, found: str, axis: str) -> str | None:
    shares = version.axis_of(reader, _Unlinked(), audit, found, axis)["shares"]
    return next((one["chart"] for one in shares), None)


def _changes(reader: Reader, audit: str, found: str, axis: str) -> str | None:
    before = reader.predecessor(audit, found)
    if before is None:
        raise NotThere(found, "is the first version of its system that was audited", "Compare it: Project.compare")
    section = comparison.section(reader, _Unlinked(), audit, before, found, axis=axis)
    return section.context["axes"][0]["chart"]


_DRAWN = {"scores": _scores, "shares": _shares, "changes": _changes}


def chart(home: Path, of: str, audit: str, asked: str, asked_axis: str) -> alt.Chart:
    """What a page draws of one axis of a version. See `project.Project.chart`.

    Raises:
        BadInput: There is no such chart.
        NotThere: The audit has no such version or axis, or nothing of the kind to draw.
    """
    if of not in _DRAWN:
        raise BadInput("of", f"is {of!r}", f"Use one of {', '.join(_DRAWN)}")
    reader = Reader(Published(Store(home)))
    found = reader.resolve(audit, asked)
    axes = list(reader.poles(audit))
    axis = asked_axis or axes[0]
    if axis not in axes:
        raise NotThere("axis", f"is {axis!r}, of which {audit!r} has no scores", f"Use one of {', '.join(axes)}")
    document = _DRAWN[of](reader, audit, found, axis)
    if document is None:
        raise NotThere(
            of, f"of {found} there is nothing to draw on {axis}", "Look at its rows: scores, shares, comparisons"
        )
    return alt.Chart.from_dict(json.loads(document)).properties(width=WIDTH)
