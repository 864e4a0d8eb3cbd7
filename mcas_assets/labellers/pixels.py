"""Labellers of kind `pixels`: the skin tone of the person's pixels, for axes whose groups name Monk tones."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.protocol import OUTSIDE, Label
from mcas_assets.scoring.shares.skin_tone import UNREADABLE


class Declaration(Entry):
    """One entry of kind `pixels`: it has no settings of its own."""

    kind: Literal["pixels"]


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Pixels":
    """The labeller of an entry. It reads no file."""
    return Pixels(name, entry)


class Pixels:
    """Tells by tones that are kept already. See `mcas_assets.labellers.protocol.Labeller`."""

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self.entry = name, entry

    def tells(self, name: str, axis: Axis) -> bool:
        """An axis whose groups all name tones."""
        return has_tones(axis)

    def identity(self) -> dict[str, Any]:
        """Its kind; what reads the tones has an identity of its own."""
        return {"kind": self.entry.kind}


def has_tones(axis: Axis) -> bool:
    """Whether the groups of an axis can be told by skin tone."""
    return all(group.monk_tones for group in axis.groups)


def by_tone(axis: Axis, tones: Mapping[str, int]) -> dict[str, Label]:
    """Labels by the tones that the groups name; a tone of no group is 'outside', none at all 'unreadable'."""
    place = {tone: i for i, group in enumerate(axis.groups) for tone in group.monk_tones}
    unread = {UNREADABLE: "unreadable"}
    return {sha: place.get(tone, unread.get(tone, OUTSIDE)) for sha, tone in tones.items()}
