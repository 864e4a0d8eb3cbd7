"""Embedders of kind `acme_colours`: an image is its mean colour, and a text the colour that it is painted in."""

import hashlib
import io
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from mcas_assets.core.digests import document_digest
from mcas_assets.core.texts import TextLimit
from mcas_assets.declare.catalogue import Entry


class Declaration(Entry):
    """One entry of kind `acme_colours`."""

    kind: Literal["acme_colours"]


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "Colours":
    """The embedder of an entry."""
    return Colours(name)


class Colours:
    """See `mcas_assets.embedders.protocol.Embedder`."""

    dim, logit_scale = 4, None

    def __init__(self, name: str) -> None:
        self.name = name

    def identity(self) -> dict[str, Any]:
        """What determines the vectors."""
        return {"kind": "acme_colours", "code": 1}

    @property
    def id(self) -> str:
        """The key of the embedder."""
        return f"{self.name}@{document_digest(self.identity())[:12]}"

    def text_limits(self) -> list[TextLimit]:
        """It reads texts of any length."""
        return []

    def embed_images(self, files: Sequence[bytes]) -> np.ndarray:
        """Mean colours, as vectors of length 1."""
        return np.vstack([self._vector(np.asarray(Image.open(io.BytesIO(file))).mean((0, 1)) / 255) for file in files])

    def stream_images(self, files: Iterable[bytes]) -> Generator[np.ndarray]:
        """The same, one by one."""
        for file in files:
            yield self.embed_images([file])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Colours of texts, as vectors of length 1."""
        return np.vstack(
            [self._vector(np.frombuffer(hashlib.sha256(one.encode()).digest()[:3], np.uint8) / 255) for one in texts]
        )

    def close(self) -> None:
        """Nothing is held."""

    def _vector(self, colour: np.ndarray) -> np.ndarray:
        vector = np.append(colour, 1.0).astype(np.float32)
        return vector / np.linalg.norm(vector)
