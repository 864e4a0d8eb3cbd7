"""Kinds of other packages, whose programs fail."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from mcas_assets.systems import drawn
from mcas_assets.systems.find import find_system
from mcas_assets.systems.own_kinds import build_own
from mcas_assets.systems.protocol import Capabilities, Outcome, Probe, Request, System, SystemIdentity
from tests.remedies.situations import Situation, Step, situation

REQUEST = Request("an image of a nurse", 1, 64, 64)


class Painter:
    """A system of another package."""

    name = "mine"

    def identity(self) -> SystemIdentity:
        return SystemIdentity("mine", {"kind": "acme"})

    def capabilities(self) -> Capabilities:
        return Capabilities("exact")

    def size(self) -> Any:
        return 64, 64

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        return [Outcome("refused_prompt", "no") for _ in requests]

    def probe(self) -> Probe:
        return Probe("available")

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


FORMS: list[tuple[str, Any]] = [
    ("identity", "me"), ("capabilities", None), ("size", "large"), ("probe", 1), ("generate", "a picture"),
    ("generate", [Outcome("splendid")]),  # ty: ignore[invalid-argument-type]
]  # fmt: skip


def answering(part: str, given: Any) -> Situation:
    """What another package answers in no known form."""

    def step(monkeypatch) -> Iterator[Step]:
        system: Any = built(Painter())
        asked = (REQUEST,) if part == "generate" else ()
        with monkeypatch.context() as patch:
            patch.setattr(Painter, part, lambda self, *asked: given)
            yield lambda: getattr(system, part)(*([asked] if asked else [])), "Mend it, or have whoever keeps it do so"

    step.__name__ = f"{part} of another package that gives {given!r}"
    return step


FORMS_TABLE = [answering(part, given) for part, given in FORMS]


@situation
def a_kind_whose_declaration_is_no_entry(place, monkeypatch) -> Iterator[Step]:
    file = place / "systems.yaml"
    file.write_text("systems: {mine: {kind: drawn, world: harder}}")
    with monkeypatch.context() as patch:
        patch.setattr(drawn, "Declaration", dict)
        yield lambda: find_system("mine", file), "Have its Declaration build upon Entry"


@situation
def a_system_of_another_package_that_lacks_what_every_system_has() -> Iterator[Step]:
    made: list[object] = [SimpleNamespace(name="mine")]
    yield lambda: built(made[0]), "Give it what mcas_assets.systems.protocol.System has: name, identity"
    made[0] = Painter()
