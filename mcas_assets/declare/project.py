"""The file that makes a folder a project, `mcas.yaml`: its name, where its images lie, and who is told what."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from mcas_assets.core import paths
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


IN_THE_HOME = "file"
"""Where image files lie by default: in the folder `images` of the home."""

_BUCKET = re.compile(r"(s3|gs|az)://[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*")
_A_PLACE = f"Write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or {IN_THE_HOME}"


def _place_of_images(text: str) -> str:
    text = text.strip().rstrip("/")
    if text != IN_THE_HOME and not _BUCKET.fullmatch(text):
        raise fault("is no place of images", _A_PLACE)
    return text


class Project(Part):
    """What a project says of itself. `load_project` reads it.

    Attributes:
        project: Its name.
        title: One line for people.
        images: Where the image files of its home lie: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX` (extra
            `objects`, credentials in the environment), or `file`, a folder of the home, which is the default. `MCAS_IMAGES` stands
            before it. Fixed once a home has images.
        notify: Who is told what.
    """

    project: Slug
    title: str = ""
    images: Annotated[Text, AfterValidator(_place_of_images)] | None = None
    notify: tuple[Notify, ...] = ()


def load_project(folder: Path) -> Project:
    """Read and check the `mcas.yaml` of a folder.

    Raises:
        BadInput: It cannot be read.
        BadDocument: It has mistakes. The message lists all of them.
    """
    return load_document(folder / MARKER, Project, lambda raw: ())


def declared_images() -> tuple[str, str | None]:
    """Where image files are to lie, as `MCAS_IMAGES` or else the project says, and which of the two; None where neither does.

    Raises:
        BadInput: What it says is no such place.
        BadDocument: The `mcas.yaml` has mistakes.
    """
    if given := os.environ.get(paths.IMAGES, "").strip():
        try:
            return _place_of_images(given), paths.IMAGES
        except PydanticCustomError:
            raise BadInput(paths.IMAGES, f"is {given!r}, which is no place of images", _A_PLACE) from None
    if (folder := paths.project()) is not None and (place := load_project(folder).images) is not None:
        return place, str(folder / MARKER)
    return IN_THE_HOME, None
