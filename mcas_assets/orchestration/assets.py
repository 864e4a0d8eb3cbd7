"""Stages as assets: one asset a stage and audit, a partition a system version; and the publication after them.

An asset is a thin shell: its stage does the work, and what came of it is recorded as one versioned materialisation. Work whose
result is what is stored already records nothing new, and carries the same data version, so what is downstream stays fresh.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.declarations import note_all
from mcas_assets.orchestration.looks import look
from mcas_assets.orchestration.partitions import system_versions
from mcas_assets.orchestration.records import GROUP, key_of, record_if_new
from mcas_assets.stages.contract import FACTS, Made, Stage, Work
from mcas_assets.stages.registry import STAGES, current_versions
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.publication import publish

systems = dg.AssetSpec(
    "systems",
    partitions_def=system_versions,
    group_name=GROUP,
    description="The systems under audit, by version: a new identity is a new partition. Reported by `mcas audit` and the sensor.",
    kinds={"model"},
)


class Against(dg.Config):
    """System versions to compare with, besides the one of the same system that was audited before."""

    before: list[str] = Field(default_factory=list)


def build_assets(audit: Audit, workplace: Workplace) -> list[dg.AssetsDefinition]:
    """The assets of one audit, with the digest of what each reads of the declarations in its code version."""
    versions = current_versions(audit, workplace.declared)
    return [_asset(audit, stage, versions[stage.name]) for stage in STAGES.values()]


def _asset(audit: Audit, stage: Stage, code_version: str) -> dg.AssetsDefinition:
    options: dict[str, Any] = {
        "key": key_of(audit.audit, stage.name),
        "deps": [*(key_of(audit.audit, name) for name in stage.reads), *(["systems"] if stage.draws else [])],
        "partitions_def": None if stage.is_planned else system_versions,
        "group_name": GROUP,
        "code_version": code_version,
        "description": f"{stage.description}\n\nAudit: {audit.title}.",
        "kinds": set(stage.kinds),
    }
    if stage.takes_against:

        @dg.asset(**options)
        def against(
            context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace], config: Against
        ) -> dg.MaterializeResult:
            return _materialise(context, audit, stage, workplace, tuple(config.before))

        return against

    @dg.asset(**options)
    def made(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        return _materialise(context, audit, stage, workplace)

    return made


def _materialise(
    context: dg.AssetExecutionContext, audit: Audit, stage: Stage, workplace: Workplace, against: tuple[str, ...] = ()
) -> dg.MaterializeResult:
    version = "" if stage.is_planned else context.partition_key
    work = Work(STAGES, audit, workplace, version, context.run.run_id, against)
    if stage.draws:
        note_all(workplace, version, audit)
    with workplace.store.open() as con:  # before the work, which may not read newer ones
        inputs: dict[str, int | str] = {name: work.newest(name).version for name in stage.reads}
        if stage.facts is not None:
            inputs[FACTS] = stage.facts(con, audit.audit, version)
    workplace.at_step(stage.name)
    made = stage.make(work)
    code_version = context.assets_def.get_asset_spec(context.asset_key).code_version or stage.code_version
    kept, is_new = record_if_new(
        workplace.store, made.tables, asset=stage.name, partition=version, audit=audit.audit,
        run_id=work.run_id, code_version=code_version, data_version=made.digest,
        input_versions=inputs if made.inputs is None else made.inputs,
        declarations=(audit.digest(),) if version else (),
    )  # fmt: skip
    if not is_new:
        context.log.info("%s is as it was: version %d stands", stage.name, kept)
    rows = len(made.tables[stage.tables[0].name])
    metadata = {
        "version": kept,
        "dagster/row_count": rows,
        **_metadata(made),
        **look(work, stage.name, made.tables, kept),
    }
    return dg.MaterializeResult(data_version=dg.DataVersion(made.digest), metadata=metadata)


def _metadata(made: Made) -> Mapping[str, Any]:
    return {
        name: table_value(value) if isinstance(value, pl.DataFrame) else value for name, value in made.metadata.items()
    }


def table_value(frame: pl.DataFrame) -> Any:
    """A frame as a table that the UI shows; a word where it has no rows."""
    if frame.is_empty():
        return "none"
    columns = [dg.TableColumn(name, "float" if kind.is_float() else "string") for name, kind in frame.schema.items()]
    return dg.MetadataValue.table([dg.TableRecord(row) for row in frame.to_dicts()], dg.TableSchema(columns))


def build_publication(audits: Iterable[Audit]) -> dg.AssetsDefinition:
    """The published copy of the store, after whatever was measured."""
    published = [stage.name for stage in STAGES.values() if stage.is_published]

    @dg.asset(
        group_name=GROUP,
        code_version="1",
        deps=[key_of(audit.audit, stage) for audit in audits for stage in published],
        description="A read-only DuckDB copy of all tables, replaced whole: what `mcas sql` and people query.",
        kinds={"duckdb"},
    )
    def publication(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        path = publish(workplace.store)
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(str(path)), "bytes": path.stat().st_size})

    return publication
