"""Embedders, the instruments of the audit: the protocol that all of them follow, and how one is found by name.

One file a kind (`open_clip`, `transformers`), found by the name of the kind as systems are. Nothing here imports torch:
what an embedder is, and how long its vectors are, can be told by reading files.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, Protocol

import numpy as np

from mcas_assets.core.texts import TextLimit


class Embedder(Protocol):
    """An image-text model with its preprocessing, in float32.

    A vector depends on its image or text alone, bit for bit, and not on what else is embedded in the same call: batches
    are always of one size, filled up where there is too little.
    """

    name: str

    def identity(self) -> dict[str, Any]:
        """What determines the vectors (JSON values), by reading files only: found once, and held to at loading.

        Raises:
            BadInput: It cannot be used; names the file and the remedy.
        """
        ...

    @property
    def id(self) -> str:
        """The key of the embedder: `name@` and the first 12 hex digits of the digest of its identity."""
        ...

    @property
    def dim(self) -> int:
        """The length of its vectors, by reading files only."""
        ...

    @property
    def logit_scale(self) -> float | None:
        """What the model multiplies cosines by before a softmax over texts, or None where its files do not say."""
        ...

    def text_limits(self) -> list[TextLimit]:
        """How many tokens it reads of a text, by reading files only; none where it has no limit.

        Raises:
            BadInput: Its tokenizer cannot be read.
        """
        ...

    def embed_images(self, files: Sequence[bytes]) -> np.ndarray:
        """Vectors of images.

        Args:
            files: The bytes of image files.

        Returns:
            float32, shape (n, dim), rows of length 1, in the order given.

        Raises:
            BadInput: The model cannot be loaded, its files changed, or an image cannot be decoded.
        """
        ...

    def stream_images(self, files: Iterable[bytes]) -> Generator[np.ndarray]:
        """The same vectors a batch at a time, in order: files are taken and decoded ahead of the model, a few batches at most.

        Args:
            files: The bytes of image files, of any number.

        Yields:
            float32, shape (up to a batch, dim).

        Raises:
            BadInput: See `embed_images`.
        """
        ...

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: float32, shape (n, dim), rows of length 1, in the order given."""
        ...

    def close(self) -> None:
        """Free the model. The embedder can be used again, and then loads anew."""
        ...
