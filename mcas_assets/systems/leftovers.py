"""What a home remembers of files elsewhere and has no more use for: digests of files that changed, tables of sets that are gone.

All of it is found again by reading those files, so that dropping it costs time and nothing else.
"""

from dataclasses import dataclass
from pathlib import Path

from mcas_assets.declare.catalogue import Catalogue
from mcas_assets.systems.identity import DigestCache
from mcas_assets.systems.image_sets.manifest import prefix_of


@dataclass(frozen=True)
class Leftovers:
    """What may go.

    Attributes:
        digests: Files that are remembered, and gone or others by now.
        tables: Of image sets that no declared system has, and drafts of them.
        size: Bytes of the tables.
    """

    digests: tuple[str, ...]
    tables: tuple[Path, ...]
    size: int


def leftovers(home: Path, systems: Catalogue) -> Leftovers:
    """Find what may go. Nothing is changed. An entry that cannot be used keeps all tables: which are its own is not known."""
    kept = {prefix for name in systems for prefix in _prefixes(systems, name)}
    files = sorted((home / "image-sets").glob("*")) if not systems.unusable else []
    tables = tuple(file for file in files if file.name.partition("-")[0] not in kept)
    return Leftovers(tuple(_digests(home).outdated()), tables, sum(file.stat().st_size for file in tables))


def drop_leftovers(home: Path, what: Leftovers) -> None:
    """Drop it. The caller holds the lock of the home."""
    if what.digests:
        _digests(home).forget(what.digests)
    for file in what.tables:
        file.unlink(missing_ok=True)


def _digests(home: Path) -> DigestCache:
    return DigestCache(home / "digests.json")


def _prefixes(systems: Catalogue, name: str) -> set[str]:
    entry = systems[name]
    if entry.kind != "import":
        return set()
    path = systems.base(name) / Path(entry.path).expanduser()
    return {prefix_of(name, root) for root in (path, path.parent)}  # a set that is not there just now may be either
