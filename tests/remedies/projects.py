"""Projects, and what an installation may do without."""

import os
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.cli.app import app
from mcas_assets.core import extras
from mcas_assets.core.paths import DATA, MARKER, project
from mcas_assets.project.make import make
from tests.remedies.situations import Step, situation


@situation
def a_list_of_what_there_is_not() -> Iterator[Step]:
    asked = ["list", "sytems"]
    yield lambda: app([*asked], standalone_mode=False), "Use one of "
    asked[1] = "audits"


@situation
def a_project_that_is_none(place: Path, monkeypatch) -> Iterator[Step]:
    monkeypatch.setenv("MCAS_PROJECT", str(place / "mine"))
    yield project, f"Make it one: mcas init {place / 'mine'}"
    app(["init", str(place / "mine")], standalone_mode=False)


@situation
def a_project_of_another_user(place: Path, monkeypatch) -> Iterator[Step]:
    (place / MARKER).write_text("project: theirs\n")
    monkeypatch.chdir(place)
    monkeypatch.delenv("MCAS_PROJECT", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
    yield project, f"If you trust it: MCAS_PROJECT={place}"
    monkeypatch.setenv("MCAS_PROJECT", str(place))


@situation
def a_project_in_what_ships(place: Path) -> Iterator[Step]:
    folder = [DATA / "audits"]
    yield lambda: make(folder[0]), "Give a folder of your own: mcas init my-project"
    folder[0] = place / "my-project"


@situation
def a_project_of_a_file(place: Path) -> Iterator[Step]:
    (place / "file").write_text("x")
    folder = [place / "file"]
    yield lambda: make(folder[0]), "Give another folder"
    folder[0] = place / "folder"


@situation
def an_extra_that_is_not_installed(monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr(extras, "find_spec", lambda name: None)
        yield lambda: extras.require_extra("view", "mcas view"), "Install the extra: uv sync --extra view"
