"""The one partition dimension: system versions, `name@12hex`, added as they are met and never removed."""

import re

import dagster as dg

from mcas_assets.core.errors import BadInput
from mcas_assets.store.states import State
from mcas_assets.systems.protocol import SystemIdentity

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


def is_told(instance: dg.DagsterInstance, system_version: str) -> bool:
    """Whether the instance knows of a system version as an input with a data version."""
    told = dg.AssetRecordsFilter(asset_key=dg.AssetKey("systems"), asset_partitions=[system_version])
    return bool(instance.fetch_materializations(told, limit=1).records)


def system_event(identity: SystemIdentity) -> dg.AssetMaterialization:
    """What tells it. Of a partitioned input Dagster takes the data version from materialisations only, not observations."""
    return dg.AssetMaterialization(
        "systems",
        partition=identity.version,
        metadata={"identity": dg.MetadataValue.json(identity.document)},
        tags={"dagster/data_version": identity.digest},
    )


def state_event(state: State) -> dg.AssetObservation:
    """What shows how a system was found, at the version that it was when last available."""
    shown = {name: value for name, value in vars(state).items() if name not in ("last_looked", "last_seen")}
    return dg.AssetObservation(
        "systems",
        partition=state.system_version,
        metadata={name: str(value) for name, value in shown.items() if value not in (None, "")},
    )
