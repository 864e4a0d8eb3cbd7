"""Systems of kind `acme_painter`: a program that paints each prompt in colours of its own."""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from mcas_assets.declare.catalogue import Entry
from mcas_assets.systems.protocol import Capabilities, Outcome, Request, SystemIdentity


class Declaration(Entry):
    """One entry of kind `acme_painter`.

    Attributes:
        side: Width and height in pixels.
        palette: The painter's colours.
    """

    kind: Literal["acme_painter"]
    side: Annotated[int, Field(ge=16, le=1024)] = 64
    palette: Literal["bright", "dull"] = "bright"


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Painter":
    """The system of an entry."""
    return Painter(name, entry)


class Painter:
    """See `mcas_assets.systems.protocol.System`."""

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self._entry = name, entry

    def identity(self) -> SystemIdentity:
        """Everything that, if it changed, would make the images those of another system."""
        entry = self._entry
        return SystemIdentity(self.name, {"kind": entry.kind, "side": entry.side, "palette": entry.palette})

    def capabilities(self) -> Capabilities:
        """A seed fixes the image."""
        return Capabilities(seed="exact", sizes=(self.size(),))

    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._entry.side, self._entry.side

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome a request, in their order."""
        return [self._paint(request) for request in requests]

    def environment(self) -> dict[str, Any]:
        """Under what conditions it paints."""
        return {"numpy": np.__version__}

    def close(self) -> None:
        """Nothing is held."""

    def _paint(self, request: Request) -> Outcome:
        if "ceo" in request.prompt and request.seed % 5 == 0:
            return Outcome("refused_prompt", "no portraits of the board on Fridays")
        colour = np.frombuffer(hashlib.sha256(request.prompt.encode()).digest()[:3], np.uint8) // 2
        noise = np.random.default_rng(request.seed).integers(0, 120, (request.height, request.width, 3))
        file = io.BytesIO()
        Image.fromarray((colour + noise // (1 + (self._entry.palette == "dull"))).astype(np.uint8)).save(file, "PNG")
        return Outcome("ok", image=file.getvalue())
