"""Projects, and what an installation may do without."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

from mcas_assets.cli.app import app
from mcas_assets.core import extras
from mcas_assets.core.paths import DATA, MARKER, project
from mcas_assets.declare.project import load_project
from mcas_assets.notify import send
from mcas_assets.notify.words import News
from mcas_assets.project.make import make
from tests.remedies.situations import Step, edits, situation


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


MINE = "project: mine\nnotify:\n  - {to: 'json://127.0.0.1:9'}\n"

PROJECT_TABLE = edits("project", MARKER, MINE, lambda file: load_project(file.parent), [
    ("project: mine", "project: mine\nimages: ftp://host/images", "Write s3://BUCKET/PREFIX"),
    ("json://127.0.0.1:9", "me at work", "Write one of Apprise, or $NAME", "mailto://me.example"),
])  # fmt: skip


@situation
def an_address_of_a_variable_that_is_not_set(place: Path, monkeypatch) -> Iterator[Step]:
    (place / MARKER).write_text(MINE.replace("json://127.0.0.1:9", "$WHOM"))
    monkeypatch.delenv("WHOM", raising=False)
    yield lambda: load_project(place).notify[0].address(), "Set WHOM in the environment"
    monkeypatch.setenv("WHOM", "json://127.0.0.1:9")


class Sender:
    """As that of Apprise, with one service, which is there or not."""

    is_there = True

    def add(self, address: str) -> bool:
        return address.startswith("json://")

    def notify(self, **message: object) -> bool:
        return self.is_there


def with_apprise(monkeypatch) -> None:
    fake = SimpleNamespace(Apprise=Sender, NotifyFormat=SimpleNamespace(TEXT="text"))
    monkeypatch.setitem(sys.modules, "apprise", fake)
    monkeypatch.setattr(send, "require_extra", lambda *given: None)


NEWS = [News("audit-failed", "k", "s", "It failed.", "?page=x")]


@situation
def a_service_that_there_is_not(monkeypatch) -> Iterator[Step]:
    with_apprise(monkeypatch)
    address = ["nosuch://me"]
    yield lambda: send._deliver(address[0], NEWS, "http://127.0.0.1:3333"), "See its list of services"
    address[0] = "json://127.0.0.1:9"


@situation
def a_message_that_could_not_be_sent(monkeypatch) -> Iterator[Step]:
    with_apprise(monkeypatch)
    monkeypatch.setattr(Sender, "is_there", False)
    yield lambda: send._deliver("json://127.0.0.1:9", NEWS, "http://127.0.0.1:3333"), "It is tried again the next time"
    monkeypatch.setattr(Sender, "is_there", True)


@situation
def an_extra_that_is_not_installed(monkeypatch) -> Iterator[Step]:
    with monkeypatch.context() as patch:
        patch.setattr(extras, "find_spec", lambda name: None)
        yield lambda: extras.require_extra("view", "mcas view"), "Install the extra: uv sync --extra view"
