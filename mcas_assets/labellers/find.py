"""How labellers are found by name, and seen to fit the audit that names them. Loads nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import labellers_file
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.catalogue import Catalogue, build_declared, load_entries
from mcas_assets.declare.parts import LABELLERS
from mcas_assets.labellers.people import People
from mcas_assets.labellers.pixels import Pixels
from mcas_assets.labellers.protocol import Labeller, Looker
from mcas_assets.labellers.zero_shot import ZeroShot

KINDS = "mcas_assets.labellers"

_LOOKER = ("name", "tells", "identity", "require", "id_on", "look", "close")


def load_labellers(path: Path | None = None) -> Catalogue:
    """The declared labellers by name.

    Raises:
        BadInput: The file cannot be read. An entry that cannot be used is told where it is asked for.
    """
    return load_entries(path or labellers_file(), "labellers", KINDS)


def is_default(name: str, entry: Any) -> bool:
    """Whether an entry is one of those that tell groups where an audit does not say, and has no setting of its own."""
    is_bare = not entry.model_fields_set - {"kind", "title", "description", "licence", "source"}
    return is_bare and (name, entry.kind) in (("zero-shot", "zero_shot"), ("pixels", "pixels"))


def beyond_default(labellers: Sequence[Labeller]) -> list:
    """Name and identity of labellers, as JSON values; nothing where they are those of an audit that names none."""
    names = tuple(one.name for one in labellers)
    kinds = [{"kind": "zero_shot", "embedder": None, "confidence": None}, {"kind": "pixels"}]
    identities = [one.identity() for one in labellers]
    return [] if names == LABELLERS and identities == kinds else [[list(names), identities]]


def find_labeller(name: str, path: Path | None = None, *, cache: Path | None = None) -> Any:
    """The labeller of a declared name. Loads nothing yet.

    Args:
        name: A name of `path`.
        path: The declarations, by default those of the project; folders in them are relative to where they lie.
        cache: File that remembers the digests of large files (`systems.identity.DigestCache`).

    Raises:
        BadInput: There is no such labeller.
    """
    return build_declared(load_labellers(path), name, "labeller", path or labellers_file(), KINDS, cache)


def require(labeller: Labeller) -> None:
    """See, before costly work, that a labeller can be used.

    Raises:
        BadInput: It cannot.
    """
    if isinstance(labeller, Looker):
        labeller.require()


def looks(audit: Audit, labellers: Sequence[Labeller]) -> list[str]:
    """In words, on which axes each labeller looks at every image of a version: what the plan has to tell beside its images."""
    looking = [one for one in labellers if isinstance(one, Looker)]
    told = {one.name: [name for name, axis in audit.axes.items() if one.tells(name, axis)] for one in looking}
    return [f"labeller {name} looks at each delivered image, on {' and on '.join(axes)}" for name, axes in told.items()]


def labellers_of(audit: Audit, path: Path | None = None, *, cache: Path | None = None) -> list[Labeller]:
    """The labellers of an audit, in its order.

    Raises:
        BadInput: One is not declared, or can tell nothing of the audit; or an axis has none that needs no people.
    """
    found: list[Labeller] = [find_labeller(name, path, cache=cache) for name in audit.labellers]
    where = f"audit {audit.audit}"
    for one in found:
        if not isinstance(one, ZeroShot | Pixels | People | Looker):
            lacking = [method for method in _LOOKER if not hasattr(one, method)]
            kind = load_labellers(path)[one.name].kind
            problem = f"names the labeller {one.name!r}, which is of kind {kind!r}, which lacks {', '.join(lacking)}"
            remedy = f"Give it the methods of mcas_assets.labellers.protocol.Looker: {', '.join(_LOOKER)}"
            raise BadInput(where, problem, remedy, "labellers")
        if isinstance(one, ZeroShot) and not one.among(audit.embedders):
            problem = (
                f"names the zero-shot labeller {one.name!r}, whose embedder {one.entry.embedder!r} it does not name"
            )
            raise BadInput(where, problem, "Add the embedder to embedders, or leave the labeller out", "labellers")
        if not isinstance(one, Pixels) and not any(one.tells(name, axis) for name, axis in audit.axes.items()):
            problem = f"names the labeller {one.name!r}, which can tell none of its axes ({', '.join(audit.axes)})"
            raise BadInput(where, problem, f"Give it the groups of an axis: axes: of labeller {one.name}", "labellers")
    for name, axis in audit.axes.items():
        if not any(one.tells(name, axis) for one in found if not isinstance(one, People)):
            problem = f"names no labeller that tells its axis {name!r} by itself"
            raise BadInput(where, problem, "Add zero-shot, or one with groups for this axis", "labellers")
    return found
