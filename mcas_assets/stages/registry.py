"""All stages of an audit, in the order in which they are made: each module of `mcas_assets.stages.audit` declares one."""

import importlib
import pkgutil
from collections.abc import Iterable
from graphlib import TopologicalSorter

import mcas_assets.stages.audit
from mcas_assets.declare.audit import Audit
from mcas_assets.stages.contract import Stage, Table
from mcas_assets.stages.reads import Declared, code_version


def _declared() -> dict[str, Stage]:
    package = mcas_assets.stages.audit
    names = [f"{package.__name__}.{info.name}" for info in pkgutil.iter_modules(package.__path__)]
    return in_order(importlib.import_module(name).STAGE for name in names)


def in_order(stages: Iterable[Stage]) -> dict[str, Stage]:
    """Stages by name, each after those that it reads; what could be made at once in the order of its names."""
    named = {stage.name: stage for stage in sorted(stages, key=lambda one: one.name)}
    return {
        name: named[name] for name in TopologicalSorter({one.name: one.reads for one in named.values()}).static_order()
    }


STAGES: dict[str, Stage] = _declared()


def table_of(name: str) -> Table:
    """The table of a name.

    Raises:
        KeyError: No stage makes it.
    """
    return {table.name: table for stage in STAGES.values() for table in stage.tables}[name]


def current_versions(audit: Audit, declared: Declared) -> dict[str, str]:
    """For each stage, the code version that a materialisation made now would have."""
    return {name: code_version(stage.code_version, stage.declares, audit, declared) for name, stage in STAGES.items()}
