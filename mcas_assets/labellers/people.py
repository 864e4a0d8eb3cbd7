"""Labellers of kind `people`: what raters agree on in `mcas review`, as one more labeller of the audit."""

from pathlib import Path
from typing import Any, Literal

from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.parts import Axis


class Declaration(Entry):
    """One entry of kind `people`: it has no settings of its own."""

    kind: Literal["people"]


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "People":
    """The labeller of an entry. It reads no file."""
    return People(name, entry)


class People:
    """Tells by votes, of the images that were rated. See `mcas_assets.labellers.protocol.Labeller`."""

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self.entry = name, entry

    def tells(self, name: str, axis: Axis) -> bool:
        """Every axis: which of them people were asked about shows in the votes."""
        return True

    def identity(self) -> dict[str, Any]:
        """Its kind; every vote is kept with its rater and time."""
        return {"kind": self.entry.kind}
