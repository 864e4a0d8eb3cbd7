"""Jobs: what is run as a whole."""

import dagster as dg

from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.records import identifier, key_of
from mcas_assets.stages.registry import STAGES

PUBLISH = "publish"
"""The job that makes the published copy anew, where something but an audit changed."""


def job_name(audit: str) -> str:
    """The name of an audit's job."""
    return identifier("audit", audit)


def comparison_job_name(audit: str) -> str:
    """The name of the job that compares versions of one audit."""
    return identifier("compare", audit)


def build_job(audit: Audit):  # noqa: ANN201 - Dagster exports no name for its class
    """One audit of one system version, from plan to publication, with all checks between."""
    told = f"{audit.title}: {', '.join(STAGES)}, each checked, and publication."
    return _job(job_name(audit.audit), told, *(key_of(audit.audit, stage) for stage in STAGES))


def build_comparison_job(audit: Audit):  # noqa: ANN201 - Dagster exports no name for its class
    """The comparison of one system version with others, which the launchpad or `mcas compare` names, and publication."""
    told = f"{audit.title}: one version against others, checked, and publication."
    keys = (key_of(audit.audit, stage.name) for stage in STAGES.values() if stage.takes_against)
    return _job(comparison_job_name(audit.audit), told, *keys)


def build_publish_job():  # noqa: ANN201 - Dagster exports no name for its class
    """The publication by itself."""
    return _job(PUBLISH, "The published copy, made anew: after a system changed its state, say.")


def _job(name: str, description: str, *keys: dg.AssetKey):  # noqa: ANN202 - Dagster exports no name for its class
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*keys, dg.AssetKey("publication")),
        description=description,
        executor_def=dg.in_process_executor,
    )
