"""Policies as asset checks: on the stage whose table a requirement reads, one check a requirement.

A breach warns, unless the requirement says `blocking: true`. What cannot be judged is never a pass, and never stops a run: a
first version has nothing to be compared with. Every check is declared as blocking, so that its status is recorded before the
publication that shows it; only an error-severe result does stop the run.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import polars as pl
import polars.selectors as cs

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.checks import check_spec, partitions_of
from mcas_assets.orchestration.records import key_of
from mcas_assets.policy.gate import Judged, code_version, hold, keep
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED, Status, overall
from mcas_assets.policy.load import Policy, list_policies, load_policy, require_fit
from mcas_assets.policy.requirements import Requirement
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger, quality
from mcas_assets.store.database import Store

log = logging.getLogger(__name__)

SAMPLE_ROWS = 20
_SHOWN = ("axis", "embedder", "concept", "group_name", "measure", "observed", "low", "high", "threshold", "reason")


def declared_policies(workplace: Workplace) -> list[Policy]:
    """The policies of the workplace. One that cannot be read is reported and left out: a draft must not stop the others."""
    policies = []
    for name, path in list_policies(workplace.policy_folder).items():
        try:
            policies.append(load_policy(name, workplace.policy_folder))
        except BadInput as problem:
            log.error("policy %s is left out: %s", path.name, problem)
    return policies


def build_policy_checks(audit: Audit, policies: Sequence[Policy]) -> list[dg.AssetChecksDefinition]:
    """The checks of an audit: a set for each policy that names it and each stage that its requirements read."""
    return [_checks(audit, policy, stage) for policy, stage in _judging(audit, policies)]


def why_not_held(store: Store, audit: Audit, system_version: str, policies: Sequence[Policy]) -> str | None:
    """Which policy a finished audit was not held against as it is declared now, in words; None if it was against all."""
    with store.open() as con:
        for policy, stage in _judging(audit, policies):
            held = ledger.latest(con, f"policy/{policy.policy}/{stage}", system_version, audit.audit)
            if held is None or held.code_version != code_version(policy):
                return f"the policy {policy.policy} is new, or was changed since"
    return None


def _judging(audit: Audit, policies: Sequence[Policy]) -> Iterator[tuple[Policy, str]]:
    """Each policy that judges an audit, with each of its stages that its requirements read."""
    for policy in policies:
        if audit.audit not in policy.audits:
            continue
        try:
            require_fit(policy, audit)
        except BadInput as problem:
            log.error("policy %s is left out of audit %s: %s", policy.policy, audit.audit, problem)
            continue
        for stage in dict.fromkeys(requirement.STAGE for requirement in policy.requirements_of(audit.audit)):
            if stage in STAGES:
                yield policy, stage


def check_name(policy: Policy, requirement: Requirement) -> str:
    """The name that Dagster knows a requirement by."""
    return f"policy_{policy.policy}_{requirement.requirement}".replace("-", "_")


def _checks(audit: Audit, policy: Policy, stage: str) -> dg.AssetChecksDefinition:
    key, requirements = key_of(audit.audit, stage), policy.requirements_of(audit.audit, stage)
    specs = [
        check_spec(
            check_name(policy, requirement), asset=key, blocking=True, description=_described(policy, requirement),
            partitions_def=partitions_of(STAGES[stage]),
        )
        for requirement in requirements
    ]  # fmt: skip
    name = f"policy_{policy.policy}_{audit.audit}_{stage}".replace("-", "_")

    @dg.multi_asset_check(name=name, specs=specs)
    def check(
        context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> Iterator[dg.AssetCheckResult]:
        with workplace.store.open() as con:
            version = (
                context.partition_key if context.has_partition_key else ledger.newest_partition(con, stage, audit.audit)
            )
            judged = hold(workplace.store, policy, audit, version, stage=stage)
            keep(workplace.store, judged, context.run.run_id, stage)
            made = ledger.latest(con, stage, version, audit.audit)
            rows = _quality_rows(judged, requirements, stage, context.run.run_id)
            rows = rows.with_columns(pl.lit(made.version if made else None, pl.Int64).alias("version"))
            quality.append(con, rows)
        for requirement in requirements:
            yield _result(
                key,
                check_name(policy, requirement),
                requirement,
                judged.results.filter(requirement=requirement.requirement),
            )

    return check


def _described(policy: Policy, requirement: Requirement) -> str:
    breach = "A breach stops the run." if requirement.blocking else "A breach warns, and stops nothing."
    return " ".join(filter(None, (f"Policy {policy.policy}: {requirement.condition}.", requirement.why, breach)))


def _stops(requirement: Requirement, status: Status) -> bool:
    return requirement.blocking and status == FAILED


def _result(key: dg.AssetKey, name: str, requirement: Requirement, rows: pl.DataFrame) -> dg.AssetCheckResult:
    status = overall(rows)
    counts = {word: rows.filter(status=word).height for word in (PASSED, FAILED, NOT_JUDGED)}
    told = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    worst = rows.filter(status=status).head(SAMPLE_ROWS) if status != PASSED else rows.clear()
    shown = worst.select(name for name in _SHOWN if worst[name].count()).with_columns(cs.float().round(4))
    metadata: dict[str, Any] = {"judged": rows.height, "failed": counts[FAILED], "not_judged": counts[NOT_JUDGED]}
    if not shown.is_empty():
        columns = [
            dg.TableColumn(name, "float" if kind.is_float() else "string") for name, kind in shown.schema.items()
        ]
        records = [dg.TableRecord(row) for row in shown.to_dicts()]
        metadata["rows"] = dg.MetadataValue.table(records, dg.TableSchema(columns))
    return dg.AssetCheckResult(
        passed=status == PASSED,
        asset_key=key,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if _stops(requirement, status) else dg.AssetCheckSeverity.WARN,
        description=f"{status}: {requirement.condition} ({told})",
        metadata=metadata,
    )


def _quality_rows(judged: Judged, requirements: Sequence[Requirement], stage: str, run_id: str) -> pl.DataFrame:
    """The results as rows of quality_results, which holds every check of every run."""
    statuses = {PASSED: "pass", FAILED: "fail", NOT_JUDGED: "error"}
    rows = []
    for requirement in requirements:
        of_requirement = judged.results.filter(requirement=requirement.requirement)
        status = overall(of_requirement)
        sample = (
            of_requirement.filter(status=status).select(_SHOWN).head(5) if status != PASSED else of_requirement.clear()
        )
        rows.append({
            "run_id": run_id, "asset": stage, "partition": judged.system_version, "audit": judged.audit,
            "rule": f"policy {judged.policy.policy}: {requirement.requirement}", "expectation": requirement.kind,
            "severity": "critical" if _stops(requirement, status) else "warning",
            "success": status == PASSED, "status": statuses[status],
            "checked": of_requirement.height, "unexpected": of_requirement.filter(status=FAILED).height,
            "observed": json.dumps({"condition": requirement.condition, "status": status}),
            "sample": json.dumps(sample.to_dicts()),
        })  # fmt: skip
    return pl.DataFrame(rows)
