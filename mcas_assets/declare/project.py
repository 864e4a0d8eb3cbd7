"""The file that makes a folder a project: `mcas.yaml`."""

from pathlib import Path

from mcas_assets.core.paths import MARKER
from mcas_assets.declare.documents import Slug, load_document
from mcas_assets.declare.parts import Part


class Project(Part):
    """What a project says of itself. `load_project` reads it.

    Attributes:
        project: Its name.
        title: One line for people.
    """

    project: Slug
    title: str = ""


def load_project(folder: Path) -> Project:
    """Read and check the `mcas.yaml` of a folder.

    Raises:
        BadInput: It cannot be read.
        BadDocument: It has mistakes. The message lists all of them.
    """
    return load_document(folder / MARKER, Project, lambda raw: ())
