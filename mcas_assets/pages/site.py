"""Templates: everything that is not ours is text in them (autoescape), and numbers look as they do on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mcas_assets.pages.links import Links
from mcas_assets.views.numbers import interval, p_value, percent, percent_interval, signed

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class Section:
    """The body of a page. A live page has one, a report in one file has many.

    Attributes:
        template: The file in templates/.
        title: Its heading.
        context: What the template is given.
        anchor: Its name within the file.
    """

    template: str
    title: str
    context: dict[str, Any] = field(default_factory=dict)
    anchor: str = "top"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "signed": signed, "percent": percent, "p": p_value, "when": _when, "short": short, "many": _many,
        "interval": interval, "percent_interval": percent_interval,
    }  # fmt: skip
    return made


def render(sections: Sequence[Section], links: Links, **page: Any) -> str:
    """A whole page.

    Args:
        sections: Its bodies, in order.
        links: Where things lie.
        page: `crumbs` ((text, address), ...), `at`, `made_at`, `ui` (the address of Dagster's);
            `inlined` holds `style`, `script` and `bundle` of a single file.
    """
    known = {
        "crumbs": (),
        "inlined": None,
        "note": None,
        "at": None,
        "made_at": None,
        "has_charts": True,
        "own_script": None,
        "ui": None,
    } | page
    return _environment().get_template("page.html").render(sections=sections, links=links, **known)


def short(system_version: str) -> str:
    """A system version as people read it: `name@` and 7 of its 12 digits."""
    name, at, digits = system_version.rpartition("@")
    return f"{name}{at}{digits[:7]}"


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _many(n: int | None) -> str:
    return "" if n is None else f"{n:,}"
