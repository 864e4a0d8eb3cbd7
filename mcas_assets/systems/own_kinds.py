"""Systems of a kind that another package gives: a person's own program, taken at its word only where that can be looked at.

What it raises is told with its name, what it answers is looked at before it is kept, and the package's version is part of the
identity, since another one may draw otherwise.
"""

import json
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from mcas_assets.core.errors import BadInput, McasError, kind_and_line
from mcas_assets.core.outcomes import OUTCOMES
from mcas_assets.core.pictures import NotAPicture, decode
from mcas_assets.systems.hosted.system import HostedSystem
from mcas_assets.systems.pipelines.strangers import Raised, strangers_code
from mcas_assets.systems.protocol import Capabilities, Outcome, Probe, Probed, Request, System, SystemIdentity

PROTOCOL = ("name", "identity", "capabilities", "size", "generate", "environment", "close")
"""What every system has: see `mcas_assets.systems.protocol.System`."""

_MOST_PIXELS = 1 << 26
_MEND = "Mend it, or have whoever keeps it do so"


def is_own(module: ModuleType, package: str) -> bool:
    """Whether a kind's module is of another package than the kinds that ship."""
    return not module.__name__.startswith(f"{package}.")


def given_by(module: ModuleType, group: str) -> str:
    """The package that gives a kind by a module, and its version: `name 1.2`."""
    given = (point for point in entry_points(group=group) if point.value.partition(":")[0] == module.__name__)
    points = [point for point in given if point.dist is not None]
    return f"{points[0].dist.name} {points[0].dist.version}" if points and points[0].dist else "no package"


def build_own(module: ModuleType, package: str, name: str, entry: Any, base: Path, cache: Path | None) -> System:
    """The system of an entry of another package's kind, behind guards where its images are drawn.

    One that builds upon `HostedSystem` has those guards, and needs no others.

    Args:
        module: Of the kind.
        package: Who gives it: `name 1.2`.
        name: Of the entry; the next three are for its `build`, as for the kinds that ship.
        entry: What is declared.
        base: The folder that its paths are relative to.
        cache: File that remembers the digests of large files.

    Raises:
        BadInput: It cannot be built, or is no system.
    """
    with _asking(name, package, "build()"):
        made = module.build(name, entry, base, cache)
    if lacking := [part for part in PROTOCOL if not hasattr(made, part)]:
        problem = f"is of a kind of {package}, whose build() gives a {type(made).__name__} without {', '.join(lacking)}"
        raise BadInput(name, problem, f"Give it what mcas_assets.systems.protocol.System has: {', '.join(PROTOCOL)}")
    return made if isinstance(made, HostedSystem) else OwnSystem(made, name, package)


@contextmanager
def _asking(name: str, package: str, what: str) -> Generator[None]:
    """Around a call of a package: what it raises is told as a refusal; what it says as one stands as it is."""
    try:
        with strangers_code():
            yield
    except Raised as raised:
        if isinstance(raised.error, McasError):
            raise raised.error from raised.error.__cause__
        problem = f"{what} of its kind, by {package}, raised {kind_and_line(raised.error)}"
        raise BadInput(name, problem, _MEND) from raised.error


class OwnSystem:
    """See `mcas_assets.systems.protocol.System`.

    Args:
        system: As the package made it.
        name: Of the entry.
        package: Who gives the kind.
    """

    def __init__(self, system: System, name: str, package: str) -> None:
        self.name, self._system, self._package = name, system, package
        self._has_drawn = False

    def _asked(self, what: str) -> AbstractContextManager[None]:
        return _asking(self.name, self._package, what)

    def _refuse(self, what: str, wanted: str) -> BadInput:
        return BadInput(self.name, f"{what} of its kind, by {self._package}, gives no {wanted}", _MEND)

    def identity(self) -> SystemIdentity:
        """What the package says, and which version of the package says it."""
        with self._asked("identity()"):
            identity = self._system.identity()
        if not isinstance(identity, SystemIdentity) or not isinstance(identity.document, dict):
            raise self._refuse("identity()", "SystemIdentity with a document")
        with self._asked("the document of identity()"):
            document = _as_json(identity.document)
        return SystemIdentity(self.name, document | {"package": self._package})

    def capabilities(self) -> Capabilities:
        """What the package says."""
        with self._asked("capabilities()"):
            capabilities = self._system.capabilities()
        if not isinstance(capabilities, Capabilities) or capabilities.images != "drawn":
            raise self._refuse(
                "capabilities()", "Capabilities of what draws (images that are given are of kind import)"
            )
        return capabilities

    def size(self) -> tuple[int, int]:
        """What the package says."""
        with self._asked("size()"):
            size = self._system.size()
        if (
            not isinstance(size, tuple)
            or len(size) != 2
            or not all(isinstance(side, int) and side > 0 for side in size)
        ):
            raise self._refuse("size()", "tuple of width and height in pixels")
        return size

    def environment(self) -> dict[str, Any]:
        """What the package says, and its version."""
        with self._asked("environment()"):
            said = _as_json(self._system.environment())
        return {"package": self._package} | said

    def probe(self) -> Probe:
        """What the package says, where it can look; available where it cannot."""
        if not isinstance(self._system, Probed):
            return Probe("available")
        with self._asked("probe()"):
            probe = self._system.probe()
        if not isinstance(probe, Probe):
            raise self._refuse("probe()", "Probe")
        return probe

    def close(self) -> None:
        """Let the package free what it holds."""
        with self._asked("close()"):
            self._system.close()

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """What the package draws. What it raises refuses a system that never drew, and is an outcome of one that did.

        Raises:
            BadInput: It raised at once, or what it gives are no outcomes, one a request.
        """
        try:
            with self._asked("generate()"):
                outcomes = self._system.generate(requests)
        except BadInput as error:
            if not self._has_drawn or not isinstance(error.__cause__, Exception):
                raise
            return [Outcome("failed", f"{self._package} raised {kind_and_line(error.__cause__)}") for _ in requests]
        is_list = isinstance(outcomes, list) and all(isinstance(one, Outcome) for one in outcomes)
        if not is_list or len(outcomes) != len(requests):
            raise self._refuse("generate()", f"list of {len(requests)} Outcome, one for each request")
        sound = [self._sound(one) for one in outcomes]
        self._has_drawn = self._has_drawn or any(one.outcome == "ok" for one in sound)
        return sound

    def _sound(self, outcome: Outcome) -> Outcome:
        """An outcome as it can be kept: in the audit's words, with an image that is one."""
        if outcome.outcome not in OUTCOMES:
            raise self._refuse(
                f"generate(), with the outcome {str(outcome.outcome)[:40]!r},", f"of {', '.join(OUTCOMES)}"
            )
        with self._asked("an outcome of generate()"):
            told = _as_json(outcome.provider)
            image = outcome.image
        if outcome.outcome != "ok":
            return replace(outcome, image=None, provider=told, reason=outcome.reason or "no reason was given")
        try:
            picture = decode(image if isinstance(image, bytes) else b"", _MOST_PIXELS)
        except NotAPicture as fault:
            return Outcome("decode_error", f"what was drawn: {fault}", provider=told, attempt=outcome.attempt)
        if reason := picture.blank():
            return Outcome("blank", reason, provider=told, attempt=outcome.attempt)
        return replace(outcome, image=image, suffix=picture.suffix, provider=told)


def _as_json(value: Any) -> Any:
    """What JSON makes of a value: nothing else can be kept, or be the same tomorrow."""
    return json.loads(json.dumps(value, allow_nan=False))
