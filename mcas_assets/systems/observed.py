"""A system that is declared as before and yet is another: its provider reports another version, or it behaves otherwise.

What is declared does not show such a move, and an identity from the declaration alone would serve the images from
before it as those of now. So what was observed becomes part of the identity, and the version asks for images of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mcas_assets.systems.protocol import Capabilities, Outcome, Request, System, SystemIdentity


def observed_identity(declared: SystemIdentity, observed: Mapping[str, Any]) -> SystemIdentity:
    """The declared identity, and what was observed."""
    return SystemIdentity(declared.system, declared.document | {"observed": dict(observed)})


class ObservedSystem:
    """See `mcas_assets.systems.protocol.System`. What is not said here is as the system itself has it.

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

    def environment(self) -> dict[str, Any]:
        """As declared."""
        return self._system.environment()

    def close(self) -> None:
        """As declared."""
        self._system.close()

    def __getattr__(self, name: str) -> Any:
        """What only some kinds have: `probe`, the price of an image, ..."""
        return getattr(self._system, name)
