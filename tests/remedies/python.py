"""What is asked of a project from Python."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mcas_assets as mcas
from mcas_assets.declare.audit import load_audit
from mcas_assets.project.make import make
from tests.remedies.asked import AUDIT
from tests.remedies.situations import Step, situation


@situation
def a_folder_that_is_no_project(place: Path) -> Iterator[Step]:
    yield lambda: mcas.open_project(place / "mine"), "Make it a project: mcas init"
    make(place / "mine")


@situation
def a_kind_of_declaration_that_there_is_not(place: Path) -> Iterator[Step]:
    kind = ["poems"]
    yield lambda: mcas.open_project(home=place).declared(kind[0]), "Use one of systems, embedders"
    kind[0] = "populations"


@situation
def a_chart_that_there_is_not(home) -> Iterator[Step]:
    of: list[Any] = ["pies"]
    yield (
        lambda: mcas.open_project(home=home.path).chart(of[0], load_audit(AUDIT).audit),
        "Use one of scores, shares, changes",
    )
    of[0] = "scores"


@situation
def a_version_compared_with_itself(home) -> Iterator[Step]:
    after = [home.before]
    yield lambda: mcas.open_project(home=home.path).compare(home.before, after[0], AUDIT), "Name two"
    after[0] = home.after
