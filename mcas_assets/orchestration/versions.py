"""Code versions that move with the declarations, so that what the UI calls stale is what would be made anew.

Dagster compares the code version of a definition with that of the newest materialisation. A constant would say fresh of
everything after an audit, an embedder or a population was edited.
"""

from collections.abc import Sequence

import dagster as dg

from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.records import CODE_VERSIONS
from mcas_assets.stages.reads import Declared, code_version


def with_declared_versions(
    assets: Sequence[dg.AssetsDefinition], audit: Audit, declared: Declared
) -> list[dg.AssetsDefinition]:
    """The assets of one audit, each with the digest of what it reads of the declarations in its code version."""
    versions = current_versions(audit, declared)

    def versioned(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(code_version=versions[spec.key.path[-1]])

    return list(dg.map_asset_specs(versioned, assets))


def current_versions(audit: Audit, declared: Declared) -> dict[str, str]:
    """For each stage, the code version that a materialisation made now would have."""
    return {stage: code_version(stage, by_hand, audit, declared) for stage, by_hand in CODE_VERSIONS.items()}
