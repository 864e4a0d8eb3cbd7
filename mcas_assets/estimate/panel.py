"""What the embedders of an audit take: memory for the weights of each, and time for the images that it has not seen yet.

Nothing is loaded: weights are counted by what their entry declares, or by the headers of their files; the pace is that of vectors
that are stored.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from pathlib import Path

from duckdb import DuckDBPyConnection

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.find import load_embedders
from mcas_assets.store import facts
from mcas_assets.store.registers import newest_embedder

PRECISION = 4
"""Bytes of a weight: embedders are loaded in float32."""


@dataclass(frozen=True)
class Instrument:
    """What one embedder takes.

    Attributes:
        name: By which the audit calls it.
        weights: Their number, or None where neither the entry nor its files say.
        milliseconds: Wall time of an image at the stored pace, or None where no pace is known.
        images: That it has not embedded yet.
    """

    name: str
    weights: int | None
    milliseconds: float | None
    images: int

    @property
    def gigabytes(self) -> float | None:
        """Memory for its weights, without what the images of a batch take."""
        return None if self.weights is None else self.weights * PRECISION / 1e9


def instruments(
    audit: Audit, images: int, shas: Iterable[str], con: DuckDBPyConnection | None
) -> tuple[Instrument, ...]:
    """What each embedder of an audit takes, in its order.

    Args:
        audit: The declaration.
        images: Distinct images of the audit, drawn already or not.
        shas: sha256 of those that are there.
        con: The store, or None where there is none.
    """
    contents, found = list(shas), []
    for name in audit.embedders:
        seen, milliseconds = 0, None
        known = None if con is None else newest_embedder(con, name)
        if con is not None and known is not None:
            seen = len(facts.have_vectors(con, known.embedder, known.dim, "image", contents))
            milliseconds = facts.embedding_milliseconds(con, known.embedder, known.dim)
        found.append(Instrument(name, _weights(name), milliseconds, images - seen))
    return tuple(found)


def _weights(name: str) -> int | None:
    try:
        entries = load_embedders()
        entry = entries.get(name)
        if entry is None or entry.parameters is not None or not entry.local_path:
            return None if entry is None else entry.parameters
        files = sorted((entries.base(name) / Path(entry.local_path).expanduser()).glob("*.safetensors"))
        return sum(map(_weights_of, files)) or None
    except (
        BadInput,
        OSError,
        ValueError,
        KeyError,
    ):  # told where the embedder is asked for; here it is no more than not known
        return None


def _weights_of(file: Path) -> int:
    with file.open("rb") as stream:
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
