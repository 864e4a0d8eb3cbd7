"""How an embedder is found by name. Loads nothing."""

from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.declare.catalogue import Entry, kind_module, load_entries
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.embedders.protocol import Embedder

KINDS = "mcas_assets.embedders"
EMBEDDERS = DATA / "embedders.yaml"


def load_embedders(path: Path = EMBEDDERS) -> dict[str, Entry]:
    """The declared embedders by name.

    Raises:
        BadInput: The file cannot be read or used; every mistake in it is listed.
    """
    return load_entries(path, "embedders", KINDS)


def find_embedder(name: str, path: Path = EMBEDDERS, *, cache: Path | None = None) -> Embedder:
    """The embedder of a declared name. Loads nothing yet.

    Args:
        name: A name of `path`.
        path: The declarations; relative folders in them are relative to the folder that it lies in.
        cache: File that remembers the digests of large files (`systems.identity.DigestCache`).

    Raises:
        BadInput: There is no such embedder.
    """
    entries = load_embedders(path)
    if name not in entries:
        raise BadInput(path, f"declares no embedder {name!r}", did_you_mean(name, entries))
    entry = entries[name]
    return kind_module(entry.kind, KINDS).build(name, entry, path.resolve().parent, cache)
