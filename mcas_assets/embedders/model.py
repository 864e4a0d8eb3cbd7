"""What embedders of all kinds share: where their files are, their identity, and batches of one size."""

import json
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from mcas_assets.core.digests import document_digest, plain
from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.core.overlap import HELPERS, ahead
from mcas_assets.core.pictures import NotAPicture, decode, decoder
from mcas_assets.core.texts import Ids, TextLimit
from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.identity import DigestCache, FrozenFiles, fingerprint
from mcas_assets.systems.pipelines import devices
from mcas_assets.systems.pipelines.hub import revision_mistakes

if TYPE_CHECKING:
    import torch
    from PIL import Image

BATCH = 32
"""Part of every embedder's identity, since the size of a batch changes low bits of a vector."""


class FolderEntry(Entry):
    """An embedder from a folder, or from a hub repository at a commit.

    Attributes:
        folder: Relative to the folder of the file that declares it.
        repo, revision: 'organisation/name' and the 40 hex digits of a commit.
        parameters: How many weights it has: for people, and for the memory that a plan states.
    """

    folder: str | None = None
    repo: str | None = None
    revision: str | None = None
    parameters: Annotated[int, Field(gt=0)] | None = None

    @property
    def local_path(self) -> str | None:
        """Its folder, or None for a repository."""
        return self.folder

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """Exactly one of folder and repo; a revision with a repo."""
        if (raw.get("folder") is None) == (raw.get("repo") is None):
            yield Mistake(("folder",), "one of folder and repo is needed", "Give folder: or repo: with revision:")
        elif raw.get("repo") is not None:
            yield from revision_mistakes(raw.get("revision"))
        elif raw.get("revision") is not None:
            yield Mistake(("revision",), "is given with a folder", "Leave it out, or give repo in place of folder")


class Encoders:
    """A loaded model as two functions, each from a batch of `BATCH` inputs to an array of shape (`BATCH`, dim).

    Attributes:
        images: From what `prepare` makes.
        texts: From texts.
        prepare: From images in RGB, one after the other, to what the model takes; called by threads ahead of the model.
        model: Refers to the model while it is loaded.
    """

    def __init__(
        self,
        images: Callable[[Any], np.ndarray],
        texts: Callable[[list[str]], np.ndarray],
        prepare: Callable[[Iterator["Image.Image"]], Any],
        model: "torch.nn.Module",
    ) -> None:
        self.model = weakref.ref(model)
        self.images = images
        self.texts = texts
        self.prepare = prepare


class FolderEmbedder:
    """An embedder whose files lie in one folder. See `mcas_assets.embedders.Embedder`.

    A kind derives from it and says what its files are (`_describe`) and how they are loaded (`_load`).

    Attributes:
        name: The name it was asked for by.
        entry: Its declaration.
    """

    def __init__(self, name: str, entry: Any, base: Path, cache: Path | None = None) -> None:
        self.name = name
        self.entry = entry
        self._base = base
        self._digests = DigestCache(cache)
        self._frozen: FrozenFiles | None = None
        self._identity: dict[str, Any] | None = None
        self._encoders: Encoders | None = None

    def identity(self) -> dict[str, Any]:
        """What determines the vectors. See `Embedder.identity`."""
        if self._identity is None:
            folder = self.folder()
            files, facts = self._describe(folder)
            self._frozen = FrozenFiles(folder, files)
            weights = fingerprint(folder, files, self._digests)
            self._frozen.check("while it was being read")
            kind = {
                "kind": self.entry.kind, "weights": weights, "precision": "float32", "batch": BATCH, "pictures": decoder(),
            }  # fmt: skip
            self._identity = plain(kind | facts)
        return self._identity

    @property
    def id(self) -> str:
        """`name@` and the first 12 hex digits of the digest of the identity."""
        return f"{self.name}@{document_digest(self.identity())[:12]}"

    @property
    def dim(self) -> int:
        """The length of the vectors."""
        return self.identity()["dim"]

    @property
    def logit_scale(self) -> float | None:
        """Exp of the tensor `logit_scale` in the weights. See `Embedder.logit_scale`."""
        self.identity()
        if self._frozen is None:
            return None
        weights = [self._frozen.folder / name for name in self._frozen.files if name.endswith(".safetensors")]
        scales = [value for file in weights if (value := _read_scalar(file, "logit_scale")) is not None]
        return float(np.exp(scales[0])) if scales else None

    def embed_images(self, files: Sequence[bytes]) -> np.ndarray:
        """float32 (n, dim), rows of length 1. See `Embedder.embed_images`."""
        return self._whole(self.stream_images(files))

    def stream_images(self, files: Iterable[bytes]) -> Generator[np.ndarray]:
        """float32 (up to `BATCH`, dim), rows of length 1. See `Embedder.stream_images`."""
        batches = _batches(files)
        first = next(batches, None)
        if first is None:
            return
        encoders = self._ready()

        def prepare(batch: list[bytes]) -> tuple[int, Any]:
            return len(batch), encoders.prepare(_filled(_decode(file) for file in batch))

        # One batch for each thread, and one that is ready.
        for count, prepared in ahead(prepare, chain([first], batches), HELPERS + 1):
            yield self._unit(encoders.images(prepared), count, "images")

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """float32 (n, dim), rows of length 1."""
        return self._whole(
            self._unit(self._ready().texts(list(_filled(iter(batch)))), len(batch), "texts")
            for batch in _batches(texts)
        )

    def close(self) -> None:
        """Free the model."""
        if self._encoders is not None:
            model = self._encoders.model
            self._encoders = None
            devices.free(devices.best_device(), model)

    def folder(self) -> Path:
        """The folder with the model's files, downloaded first if it is a repository that the cache lacks."""
        raise NotImplementedError

    def text_limits(self) -> list[TextLimit]:
        """What its tokenizer reads of a text. See `Embedder.text_limits`."""
        folder = self.folder()
        most, ids = self._text_limit(folder)
        return [TextLimit(f"embedder {self.name}", most, ids)]

    def _text_limit(self, folder: Path) -> tuple[int, Ids]:
        """(the tokens that are read of a text, the tokens of a text)."""
        raise NotImplementedError

    def _describe(self, folder: Path) -> tuple[list[str], dict[str, Any]]:
        """The files that are loaded, seen to be whole, and what else determines the vectors; `dim` among it."""
        raise NotImplementedError

    def _load(self, folder: Path) -> Encoders:
        """Load the model in float32, for inference."""
        raise NotImplementedError

    def _whole(self, parts: Iterable[np.ndarray]) -> np.ndarray:
        return np.concatenate([np.empty((0, self.dim), dtype=np.float32), *parts])

    def _unit(self, output: np.ndarray, count: int, side: str) -> np.ndarray:
        """The first `count` rows at length 1, seen to be of the model that was identified."""
        rows = np.asarray(output, dtype=np.float64)[:count]
        if rows.shape != (count, self.dim):
            problem = f"gives vectors of length {rows.shape[-1]} for {side} where its files say {self.dim}"
            raise BadInput(self._identified(), problem, "Correct its configuration")
        self._check_files("while it was at work")
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def _check_files(self, when: str) -> None:
        if self._frozen is not None:
            self._frozen.check(when)

    def _identified(self) -> Path:
        """The folder that the identity is of: asked again, a tag may have moved to another commit."""
        return self._frozen.folder if self._frozen is not None else self.folder()

    def _ready(self) -> Encoders:
        if self._encoders is None:
            self.identity()
            self._check_files("since the audit began")
            folder = self._identified()
            try:
                encoders = self._load(folder)
            except (OSError, ValueError, RuntimeError, ImportError, LookupError, TypeError) as error:
                problem = f"cannot be loaded ({kind_and_line(error, 500)})"
                remedy = "See that the folder is whole and made for this version of the library"
                raise BadInput(folder, problem, remedy) from error
            self._check_files("while it was being loaded")
            self._encoders = encoders
        return self._encoders


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = iter(items)
    while batch := list(islice(items, BATCH)):
        yield batch


def _filled(batch: Iterator[Any]) -> Iterator[Any]:
    """Filled up: the last batch must be computed as the others are, or its low bits would depend on its size."""
    first = next(batch)
    count = 1
    yield first
    for item in batch:
        count += 1
        yield item
    yield from repeat(first, BATCH - count)


def _read_scalar(file: Path, name: str) -> float | None:
    """One number of a safetensors file that was found to be whole, or None if it holds none of that name."""
    with file.open("rb") as weights:
        length = int.from_bytes(weights.read(8), "little")
        tensor = json.loads(weights.read(length)).get(name)
        if tensor is None:
            return None
        begin, end = tensor["data_offsets"]
        weights.seek(8 + length + begin)
        data = weights.read(end - begin)
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        return float(np.frombuffer(b"\0\0" + data, "<f4")[0])
    return float(np.frombuffer(data, {"F16": "<f2", "F32": "<f4", "F64": "<f8"}[tensor["dtype"]])[0])


def _decode(data: bytes) -> "Image.Image":
    try:
        return decode(data).image
    except NotAPicture as fault:
        raise BadInput("an image of the batch", str(fault), "Check the image files of the stage before") from fault
