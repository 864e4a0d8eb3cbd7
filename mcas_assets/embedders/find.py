"""How an embedder is found by name. Loads nothing."""

from pathlib import Path

from mcas_assets.core.paths import embedders_file
from mcas_assets.declare.catalogue import Catalogue, build_declared, load_entries
from mcas_assets.embedders.protocol import Embedder

KINDS = "mcas_assets.embedders"


def load_embedders(path: Path | None = None) -> Catalogue:
    """The declared embedders by name.

    Raises:
        BadInput: The file cannot be read. An entry that cannot be used is told where it is asked for.
    """
    return load_entries(path or embedders_file(), "embedders", KINDS)


def find_embedder(name: str, path: Path | None = None, *, cache: Path | None = None) -> Embedder:
    """The embedder of a declared name. Loads nothing yet.

    Args:
        name: A name of `path`.
        path: The declarations, by default those of the project; folders in them are relative to where they lie.
        cache: File that remembers the digests of large files (`systems.identity.DigestCache`).

    Raises:
        BadInput: There is no such embedder.
    """
    return build_declared(load_embedders(path), name, "embedder", path or embedders_file(), KINDS, cache)
