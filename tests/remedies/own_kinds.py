"""Kinds of other packages, whose programs fail."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from mcas_assets.systems.own_kinds import build_own
from mcas_assets.systems.protocol import Capabilities, System, SystemIdentity
from tests.remedies.situations import Step, situation


class Painter:
    """A system of another package."""

    name = "mine"

    def identity(self) -> SystemIdentity:
        return SystemIdentity("mine", {"kind": "acme"})

    def capabilities(self) -> Capabilities:
        return Capabilities("exact")

    def size(self) -> Any:
        return 64, 64

    def generate(self, requests: object) -> list:
        return []

    def environment(self) -> dict:
        return {}

    def close(self) -> None:
        pass


def built(made: object) -> System:
    module: Any = ModuleType("acme.painter")
    module.build = lambda *given: made
    return build_own(module, "acme 1.4", "mine", SimpleNamespace(kind="acme"), Path(), None)


@situation
def a_program_of_another_package_that_raises(monkeypatch) -> Iterator[Step]:
    system = built(Painter())
    with monkeypatch.context() as patch:
        patch.setattr(Painter, "size", lambda self: 1 / 0)
        yield system.size, "Mend it, or have whoever keeps it do so"


@situation
def a_program_of_another_package_that_answers_in_no_known_form(monkeypatch) -> Iterator[Step]:
    system = built(Painter())
    with monkeypatch.context() as patch:
        patch.setattr(Painter, "size", lambda self: "large")
        yield system.size, "Mend it, or have whoever keeps it do so"


@situation
def a_system_of_another_package_that_lacks_what_every_system_has() -> Iterator[Step]:
    made: list[object] = [SimpleNamespace(name="mine")]
    yield lambda: built(made[0]), "Give it what mcas_assets.systems.protocol.System has: name, identity"
    made[0] = Painter()
