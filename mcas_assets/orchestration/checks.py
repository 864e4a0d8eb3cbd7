"""The checks between the stages: each table's Great Expectations suite, one Dagster check a table and severity.

A critical rule blocks: what would be built on wrong rows is not built. What each rule came to is a row of quality_results. A
check is partitioned as its asset is, so that what one system version breaks does not hide what another does.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import dagster as dg

from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.partitions import system_versions
from mcas_assets.orchestration.records import identifier, key_of
from mcas_assets.quality.adapter import RuleResult
from mcas_assets.stages.checking import check_and_record
from mcas_assets.stages.contract import Checked, Stage, Table, Work
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger


def build_checks(audit: Audit) -> list[dg.AssetChecksDefinition]:
    """The checks of one audit, a set for each stage."""
    return [_checks(audit, stage) for stage in STAGES.values()]


def check_names(table: Table) -> dict[bool, str]:
    """The names of a table's checks: that of its blocking rules, and that of its hints where it has any."""
    return {True: table.name, **({False: f"{table.name}_hints"} if table.hints else {})}


def check_specs(key: dg.AssetKey, table: Table, partitions: dg.PartitionsDefinition | None) -> list[dg.AssetCheckSpec]:
    """What Dagster is told of a table's checks."""
    return [
        check_spec(
            name, asset=key, blocking=blocking, partitions_def=partitions,
            description=f"What {'must' if blocking else 'should'} hold of table {table.name}.",
        )
        for blocking, name in check_names(table).items()
    ]  # fmt: skip


def check_spec(name: str, **options: Any) -> dg.AssetCheckSpec:
    """A check that may have partitions, which Dagster calls a preview."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(name, **options)


def partitions_of(stage: Stage) -> dg.PartitionsDefinition | None:
    """Those of a stage's asset and checks."""
    return None if stage.is_planned else system_versions


def _checks(audit: Audit, stage: Stage) -> dg.AssetChecksDefinition:
    key = key_of(audit.audit, stage.name)
    specs = [spec for table in stage.tables for spec in check_specs(key, table, partitions_of(stage))]

    @dg.multi_asset_check(name=identifier("check", audit.audit, stage.name), specs=specs)
    def check(
        context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> Iterator[dg.AssetCheckResult]:
        partition = "" if stage.is_planned else _partition(context, workplace, audit, stage)
        work = Work(STAGES, audit, workplace, partition, context.run.run_id)
        # One connection, since each opening of the file costs as much as a few rules; but none while image files are looked at.
        with nullcontext() if stage.draws else workplace.store.open():
            for table in stage.tables:
                yield from _check(work, stage, table, key)

    return check


def _partition(context: dg.AssetCheckExecutionContext, workplace: Workplace, audit: Audit, stage: Stage) -> str:
    """That of the run; from the UI a check may be run without one, and is then about what was made last."""
    if context.has_partition_key:
        return context.partition_key
    with workplace.store.open() as con:
        return ledger.newest_partition(con, stage.name, audit.audit)


def _check(work: Work, stage: Stage, table: Table, key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    made = work.newest(stage.name)
    (rows,) = work.read(table.name)
    results = check_and_record(
        work.workplace.store, table, Checked(rows, made.version, work), asset=stage.name, run_id=work.run_id,
        partition=work.system_version, audit=work.audit.audit,
    )  # fmt: skip
    yield from check_results(key, table, results)


def check_results(key: dg.AssetKey, table: Table, results: Sequence[RuleResult]) -> Iterator[dg.AssetCheckResult]:
    """What Dagster is told of the rules of a table."""
    for blocking, name in check_names(table).items():
        of_check = [one for one in results if one.blocking == blocking]
        failed = [one for one in of_check if not one.success]
        met = (
            f"{len(of_check) - len(failed)} of {len(of_check)} rules hold"
            if of_check
            else "nothing to tell, and no row"
        )
        lines = [met, *(f"{one.rule}: {one.status}, {one.unexpected or 'the table'}" for one in failed)]
        metadata: dict[str, Any] = {"rules": len(of_check), "failed": len(failed)}
        if failed:
            metadata["broken"] = dg.MetadataValue.table([dg.TableRecord(_told(one)) for one in failed])
            metadata["failing_rows"] = dg.MetadataValue.json({one.rule: one.sample for one in failed})
        yield dg.AssetCheckResult(
            passed=not failed,
            asset_key=key,
            check_name=name,
            severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
            description="; ".join(lines),
            metadata=metadata,
        )


def _told(result: RuleResult) -> dict[str, Any]:
    return {
        "rule": result.rule, "status": result.status, "checked": result.checked, "unexpected": result.unexpected or 0,
        "expectation": result.expectation,
    }  # fmt: skip
