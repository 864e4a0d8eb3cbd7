"""A system that is declared as before and yet is another: its provider reports another version, or it behaves otherwise.

What is declared does not show such a move, and an identity from the declaration alone would serve the images from
before it as those of now. So what was observed becomes part of the identity, and the version asks for images of its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.pipelines.hub import HubState
from mcas_assets.systems.protocol import (
    Capabilities,
    Metered,
    Mirrored,
    Outcome,
    Probe,
    Probed,
    Request,
    System,
    SystemIdentity,
)
from mcas_assets.systems.streams import drawn


def observed_identity(declared: SystemIdentity, observed: Mapping[str, Any]) -> SystemIdentity:
    """The declared identity, and what was observed."""
    return SystemIdentity(declared.system, declared.document | {"observed": dict(observed)})


class ObservedSystem:
    """See `mcas_assets.systems.protocol.System`; also `Probed`, `Mirrored` and `Metered`, whatever the kind is.

    Args:
        system: As declared.
        observed: What was observed of it since; JSON values.
    """

    def __init__(self, system: System, observed: Mapping[str, Any]) -> None:
        self.name = system.name
        self._system, self._observed = system, dict(observed)

    def identity(self) -> SystemIdentity:
        """The declared identity, and what was observed."""
        return observed_identity(self._system.identity(), self._observed)

    def capabilities(self) -> Capabilities:
        """As declared."""
        return self._system.capabilities()

    def size(self) -> tuple[int, int]:
        """As declared."""
        return self._system.size()

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """As declared."""
        return self._system.generate(requests)

    def stream(self, batches: Iterable[Sequence[Request]]) -> Iterator[list[Outcome]]:
        """As declared; batch by batch where the kind knows no other way."""
        return drawn(self._system, batches)

    def environment(self) -> dict[str, Any]:
        """As declared."""
        return self._system.environment()

    def close(self) -> None:
        """As declared."""
        self._system.close()

    def probe(self) -> Probe:
        """As declared; available where the kind cannot be looked at."""
        return self._system.probe() if isinstance(self._system, Probed) else Probe("available")

    def upstream(self, revision: str = "main") -> tuple[HubState, SystemIdentity | None] | None:
        """As declared; None where the kind has no hub."""
        return self._system.upstream(revision) if isinstance(self._system, Mirrored) else None

    @property
    def price(self) -> float | None:
        """As declared; None where the kind is not paid for."""
        return self._system.price if isinstance(self._system, Metered) else None

    def allowance(self, past: Past, images: int) -> str:
        """As declared; empty where the kind is not paid for."""
        return self._system.allowance(past, images) if isinstance(self._system, Metered) else ""

    def recall(self, past: Past) -> None:
        """As declared; nothing where the kind is not paid for."""
        if isinstance(self._system, Metered):
            self._system.recall(past)
