"""Text-to-image systems under audit: the protocol that all of them follow.

One file a kind (`diffusers`, ...), found by the name of the kind: a module of this package with a pydantic model
`Declaration` (what an entry of `data/systems.yaml` may say) and a function `build` is a kind. Nothing here imports
torch or diffusers: what a system *is* can be told by reading files, only drawing needs the model.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol, TypeGuard, runtime_checkable

import polars as pl

from mcas_assets.core.digests import document_digest
from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.core.texts import TextLimit
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.pipelines.hub import HubState


@dataclass(frozen=True)
class Request:
    """One image asked for. Width and height in pixels; the seed in [0, 2**63)."""

    prompt: str
    seed: int
    width: int
    height: int


class _File:
    """The field that holds the bytes of a file, or makes them when they are first looked at.

    A large PNG takes half a second to encode: who draws leaves that to who keeps it, on another thread.
    """

    def __get__(self, outcome: "Outcome | None", owner: type | None = None) -> bytes | None:
        if outcome is None:  # dataclass asks for the default
            return None
        content = vars(outcome)["image"]
        if callable(content):
            content = vars(outcome)["image"] = content()
        return content

    def __set__(self, outcome: "Outcome", value: bytes | Callable[[], bytes] | None) -> None:
        vars(outcome)["image"] = value


@dataclass(frozen=True)
class Outcome:
    """What came of one request.

    Attributes:
        outcome: See `mcas_assets.core.outcomes`.
        reason: Why there is no image, in one sentence; None if there is one.
        image: The bytes of the image file as made; None unless the outcome is `ok`. May be given as a function that makes
            them, which is called when they are first looked at.
        suffix: The ending that the file's name gets, with its dot.
        provider: What the system itself said about this image (JSON values).
        latency_ms: Wall time in milliseconds: for a batch, its time divided by its images.
        attempt: Counted from 1; raised by the retry policy above the systems.
        size: Width and height in pixels of an image that came at no size that was asked for, else None.
    """

    outcome: OutcomeName
    reason: str | None = None
    image: _File = _File()
    suffix: str = ".png"
    provider: dict[str, Any] = field(default_factory=dict)
    latency_ms: float | None = None
    attempt: int = 1
    size: tuple[int, int] | None = None


@dataclass(frozen=True)
class SystemIdentity:
    """What exactly is measured: everything that, if it changed, would make the images those of another system.

    Attributes:
        system: The name under which it was asked for.
        document: JSON values; two systems with equal documents are the same.
    """

    system: str
    document: dict[str, Any]

    @property
    def digest(self) -> str:
        """The sha256 of the document in canonical JSON, 64 hex digits."""
        return document_digest(self.document)

    @property
    def version(self) -> str:
        """The key of the system version: `name@` and the first 12 hex digits of the digest."""
        return f"{self.system}@{self.digest[:12]}"


@dataclass(frozen=True)
class Probe:
    """What a look from outside tells of a system, at little cost: nothing is loaded, downloaded or drawn for it.

    Attributes:
        state: 'available'; 'withdrawn' if its owner took it away (not found, closed, retired); 'unreachable' if nobody
            can tell now.
        detail: What was found, in one sentence; empty if there is nothing to say.
        revision: Commit of a hub repository that is looked at, 40 hex digits; None for other kinds.
        reported_version: What the provider calls the present version.
        shutdown_date: The day that the provider has named for its end.
    """

    state: Literal["available", "withdrawn", "unreachable"]
    detail: str = ""
    revision: str | None = None
    reported_version: str | None = None
    shutdown_date: date | None = None


@dataclass(frozen=True)
class Capabilities:
    """What may be asked of a system.

    Attributes:
        seed: 'exact' if a seed fixes the image, 'best_effort' if the provider only tries, 'none' if it takes none.
        max_batch: The most requests of one call that are drawn together, or None if only memory limits it.
        sizes: The (width, height) pairs in pixels that it can draw, or None if it is not held to a list.
        images: 'drawn' as they are asked for, or 'given': it has the images that it has, of whatever size, and draws none
            (`mcas_assets.images.keep_given`).
    """

    seed: Literal["exact", "best_effort", "none"]
    max_batch: int | None = None
    sizes: tuple[tuple[int, int], ...] | None = None
    images: Literal["drawn", "given"] = "drawn"


class System(Protocol):
    """A text-to-image system under audit. What only some kinds can do is `Probed`, `Mirrored` and `Metered`."""

    name: str

    def identity(self) -> SystemIdentity:
        """What exactly is measured, by reading files only; found once, and held to when the model is loaded.

        Raises:
            BadInput: The system cannot be audited; names the file and the remedy.
        """
        ...

    def capabilities(self) -> Capabilities:
        """What may be asked of it."""
        ...

    def size(self) -> tuple[int, int]:
        """The width and height in pixels that it draws at."""
        ...

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """Draw, loading the model first if need be: one outcome per request, in their order, whatever came of it.

        Raises:
            BadInput: Nothing can be drawn at all, or the files are no longer those of the identity.
        """
        ...

    def environment(self) -> dict[str, Any]:
        """Under what conditions it draws (device, dtype, versions, ...): for the record, not part of the identity."""
        ...

    def close(self) -> None:
        """Free the model. The system can be used again, and then loads anew."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A system that can be looked at from outside. One that is not counts as available if its identity can be told."""

    def probe(self) -> Probe:
        """What a look tells; asked before `identity()`, which may need what the look finds gone."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A system whose text encoders are known: what they read of a prompt can be told before anything is drawn."""

    def text_limits(self) -> list[TextLimit]:
        """One for each text encoder that reads no more than so many tokens.

        Raises:
            BadInput: Its tokenizer cannot be read.
        """
        ...


@runtime_checkable
class Mirrored(Protocol):
    """A system that may be a copy of what a hub holds."""

    def upstream(self, revision: str = "main") -> tuple[HubState, SystemIdentity | None] | None:
        """What the hub says of a branch, tag or commit now, and the identity that the system would have there.

        The identity is None unless the repository was found; the answer is None where the system has no hub.

        Raises:
            BadInput: What is there now could not be loaded.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A system that is paid for, by the image."""

    @property
    def price(self) -> float | None:
        """US dollars an image, as declared; None where that is not."""
        ...

    def allowance(self, past: Past, images: int) -> str:
        """The budget in words, and whether it covers so many further images; empty where none is declared."""
        ...

    def recall(self, past: Past) -> None:
        """Make ready to ask: take in what earlier runs of this version spent and were answered.

        Raises:
            BadInput: The package or the key is missing.
        """
        ...


class ImageSet(System, Protocol):
    """A system whose images are given."""

    @property
    def manifest(self) -> "Contents":
        """What the set holds, in numbers."""
        ...

    def records(self) -> Iterator[pl.DataFrame]:
        """All records in the set's order, piece by piece: place, record, prompt, seed, and what `take` needs."""
        ...

    def counts_as(self, prompt: str) -> tuple[str, bool]:
        """The prompt that a set's prompt is looked for by, and whether that is declared prompt by prompt."""
        ...

    def take(self, records: pl.DataFrame) -> Iterator[Outcome]:
        """One outcome per record, in their order."""
        ...


class Contents(Protocol):
    """What a set holds, in numbers: see `systems.image_sets.manifest.Manifest`."""

    @property
    def n_rows(self) -> int:
        """Records of this system."""
        ...

    @property
    def filtered(self) -> dict[str, int]:
        """How many records are of others, by `column=value`."""
        ...

    @property
    def unlisted(self) -> int:
        """Files of the set without a record."""
        ...


def is_given(system: System) -> TypeGuard[ImageSet]:
    """Whether a system's images are given, not drawn."""
    return system.capabilities().images == "given"
