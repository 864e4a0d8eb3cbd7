"""The file that makes a folder a project, `mcas.yaml`: its name, and who is told what."""

import os
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import MARKER, pages_address
from mcas_assets.declare.documents import Slug, Text, load_document
from mcas_assets.declare.mistakes import fault
from mcas_assets.declare.parts import Part

Event = Literal["audit-failed", "system-moved", "verdict-changed", "canary-fired", "gate-broken"]
EVENTS: tuple[Event, ...] = get_args(Event)


def _address(text: str) -> str:
    if not text.startswith("$") and "://" not in text:
        raise fault("is no address", "Write one of Apprise, or $NAME for that of an environment variable")
    return text


class Notify(Part):
    """Who is told, and of what.

    Attributes:
        to: An address as Apprise has them, for example `mailto://...`; or `$NAME`, which is read from the environment, since an
            address of a chat or a mailbox holds a key that belongs in no file.
        events: What is told: an audit failed, a system moved, the verdict on a concept changed, a canary fired, a policy is broken.
        systems: Only news of these; of all by default.
        minutes: Between two messages at least; what happens in between is told in the next.
        pages: Where pages are served for who is told; links lead there. By default `MCAS_PAGES`, or this machine.
    """

    to: Annotated[Text, AfterValidator(_address)]
    events: Annotated[tuple[Event, ...], Field(min_length=1)] = EVENTS
    systems: tuple[Slug, ...] = ()
    minutes: Annotated[int, Field(strict=True, ge=0, le=10_080)] = 10
    pages: Text = Field(default_factory=pages_address)

    def address(self) -> str:
        """Where messages go.

        Raises:
            BadInput: It is that of a variable which is not set.
        """
        if not self.to.startswith("$"):
            return self.to
        name = self.to.removeprefix("$").strip("{}")
        if not (found := os.environ.get(name, "").strip()):
            raise BadInput(MARKER, f"is {self.to}, which is not set", f"Set {name} in the environment", "notify.to")
        return found


class Project(Part):
    """What a project says of itself. `load_project` reads it.

    Attributes:
        project: Its name.
        title: One line for people.
        notify: Who is told what.
    """

    project: Slug
    title: str = ""
    notify: tuple[Notify, ...] = ()


def load_project(folder: Path) -> Project:
    """Read and check the `mcas.yaml` of a folder.

    Raises:
        BadInput: It cannot be read.
        BadDocument: It has mistakes. The message lists all of them.
    """
    return load_document(folder / MARKER, Project, lambda raw: ())
