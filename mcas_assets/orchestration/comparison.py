"""The asset `comparison`: a version against the one of its system that was audited before it, and against any asked for."""

import dagster as dg
import polars as pl
from pydantic import Field

from mcas_assets.compare import scores as compare
from mcas_assets.compare.versions import Instruments, compare_all
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.partitions import system_versions
from mcas_assets.orchestration.records import asset_options, keep, key_of, result_of
from mcas_assets.orchestration.resources import Workplace


class Against(dg.Config):
    """System versions to compare with, besides the one of the same system that was audited before."""

    before: list[str] = Field(default_factory=list)


def build_comparison(audit: Audit) -> dg.AssetsDefinition:
    """The asset of one audit."""
    deps = [key_of(audit.audit, stage) for stage in ("texts", "images", "embeddings", "scores", "representation")]

    @dg.asset(**asset_options(audit, "comparison", {"numpy", "duckdb"}), deps=deps, partitions_def=system_versions)
    def comparison(
        context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace], config: Against
    ) -> dg.MaterializeResult:
        version, store = context.partition_key, workplace.store
        instruments = Instruments(workplace.embedders(audit.embedders), workplace.tone_reader)
        tables, inputs = compare_all(store, audit, version, config.before, instruments)
        digest = compare.digest(tables)
        kept = keep(context, store, audit, "comparison", digest, tables, inputs)
        heads = tables["comparison_summary"].filter(pl.col("axis").is_null()).iter_rows(named=True)
        verdicts = {f"against {row['before'] or 'none'}": row["reason"] or row["verdict"] for row in heads}
        return result_of(kept, digest, len(tables["comparisons"]), **verdicts)

    return comparison
