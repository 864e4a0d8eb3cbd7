"""The one partition dimension: system versions, `name@12hex`, added as they are met and never removed."""

import re

import dagster as dg

from mcas_assets.errors import BadInput

system_versions = dg.DynamicPartitionsDefinition(name="system_version")

_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*@[0-9a-f]{12}")


def register(instance: dg.DagsterInstance, system_version: str) -> bool:
    """Add a partition. Dagster itself would take any text, and stumble over some of it later.

    Returns:
        Whether it is new.

    Raises:
        BadInput: The key is not `name@12hex`.
    """
    if not _KEY.fullmatch(system_version) or "..." in system_version:
        raise BadInput(system_version, "is not the key of a system version", "It must be name@ and 12 hex digits")
    if instance.has_dynamic_partition("system_version", system_version):
        return False
    instance.add_dynamic_partitions("system_version", [system_version])
    return True
