"""Jobs: what is run as a whole. Sensors and schedules belong here too."""

import dagster as dg

from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.records import CODE_VERSIONS, key_of

PUBLISH = "publish"
"""The job that makes the published copy anew, where something but an audit changed."""


def job_name(audit: str) -> str:
    """The name of an audit's job."""
    return f"audit_{audit.replace('-', '_')}"


def build_job(audit: Audit):  # noqa: ANN201 - Dagster exports no name for its class
    """One audit of one system version, from plan to publication, with all checks between."""
    keys = [key_of(audit.audit, stage) for stage in CODE_VERSIONS]
    return dg.define_asset_job(
        job_name(audit.audit),
        selection=dg.AssetSelection.assets(*keys, dg.AssetKey("publication")),
        description=f"{audit.title}: plan, images, refusals, embeddings, scores, representation, each checked, and publication.",
        executor_def=dg.in_process_executor,
    )


def build_publish_job():  # noqa: ANN201 - Dagster exports no name for its class
    """The publication by itself."""
    return dg.define_asset_job(
        PUBLISH,
        selection=dg.AssetSelection.assets("publication"),
        description="The published copy, made anew: after a system changed its state, say.",
        executor_def=dg.in_process_executor,
    )


def comparison_job_name(audit: str) -> str:
    """The name of the job that compares versions of one audit."""
    return f"compare_{audit.replace('-', '_')}"


def build_comparison_job(audit: Audit):  # noqa: ANN201 - Dagster exports no name for its class
    """The comparison of one system version with others, which the launchpad or `mcas compare` names, and publication."""
    return dg.define_asset_job(
        comparison_job_name(audit.audit),
        selection=dg.AssetSelection.assets(key_of(audit.audit, "comparison"), dg.AssetKey("publication")),
        description=f"{audit.title}: one version against others, checked, and publication.",
        executor_def=dg.in_process_executor,
    )
