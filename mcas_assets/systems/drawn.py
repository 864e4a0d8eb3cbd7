"""Systems of kind `drawn`: a world of the phantom that is drawn as it is asked for, by no model.

What each picture shows is known to the letter, which no trained phantom can say of its own.
"""

import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import PIL
from PIL import Image
from pydantic import Field

from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.documents import Slug
from mcas_assets.phantom import harder
from mcas_assets.phantom.draw import SIZE
from mcas_assets.phantom.world import ALL
from mcas_assets.systems.protocol import Capabilities, Outcome, Request, SystemIdentity

CODE = "1"
"""Raised with any change after which a prompt and seed may show something else."""


class Declaration(Entry):
    """One entry of kind `drawn`.

    Attributes:
        world: What is drawn: `harder`, see `phantom.harder`.
        audits: As for every kind, but none by default: it is there to be calibrated on.
    """

    kind: Literal["drawn"]
    world: Literal["harder"]
    audits: Annotated[tuple[Slug, ...], Field(strict=False)] = ()


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "DrawnSystem":
    """The system of an entry; it reads no file."""
    return DrawnSystem(name, entry)


class DrawnSystem:
    """A drawn world under audit. See `protocol.System`."""

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self._entry = name, entry

    def identity(self) -> SystemIdentity:
        """The rules of the world, and the code that draws by them."""
        shares = [(woman, *groups.tolist()) for woman, groups in map(harder.meant_shares, range(len(ALL)))]
        document: dict[str, Any] = {
            "kind": "drawn", "world": self._entry.world, "code": CODE, "obeyed": harder.OBEYED,
            "ambiguous": harder.AMBIGUOUS, "alike": harder.ALIKE, "speckle": harder.SPECKLE,
            "shares": {one.slug: [round(share, 6) for share in row] for one, row in zip(ALL, shares, strict=True)},
        }  # fmt: skip
        return SystemIdentity(self.name, document)

    def capabilities(self) -> Capabilities:
        """One picture for one prompt and seed, whatever is drawn beside it."""
        return Capabilities(seed="exact", sizes=((SIZE, SIZE),))

    def size(self) -> tuple[int, int]:
        """The one size that the world is drawn at."""
        return SIZE, SIZE

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """Draw. A prompt that is no caption of the world is refused."""
        return [self._drawn(request) for request in requests]

    def environment(self) -> dict[str, Any]:
        """What draws."""
        return {"pillow": PIL.__version__, "numpy": np.__version__}

    def close(self) -> None:
        """Nothing is held."""

    def _drawn(self, request: Request) -> Outcome:
        if harder.asked_of(request.prompt) is None:
            return Outcome("refused_prompt", f"the {self._entry.world} world has no caption {request.prompt!r}")
        return Outcome("ok", image=partial(_file, request.prompt, request.seed), latency_ms=0.0)


def _file(prompt: str, seed: int) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(harder.picture(prompt, seed)).save(kept, "PNG")
    return kept.getvalue()
