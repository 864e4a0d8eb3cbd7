"""The version of a system, as tests of identities ask for it."""

from typing import Any

from mcas_assets.systems.find import find_system


def version(*given: Any, **named: Any) -> str:
    return find_system(*given, **named).identity().version
