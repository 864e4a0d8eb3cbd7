"""The asset `calibration`: the instrument held against the phantom, one check a kind of figure. A miss only warns."""

import hashlib
import json
from dataclasses import replace

import dagster as dg
import polars as pl

from mcas_assets.calibrate.rows import KINDS, Kind
from mcas_assets.calibrate.run import FULL, Scale, calibrate
from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.orchestration.declarations import note_all
from mcas_assets.orchestration.history import relaxed_sqlite_sync
from mcas_assets.orchestration.records import GROUP, QUIET
from mcas_assets.orchestration.resources import workplace_resource
from mcas_assets.stages.reads import Declared, code_version
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import facts, ledger, quality
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import System

ASSET = "calibration"
AUDIT, SYSTEM = "phantom", "phantom-stereotyped"
HARDER = "phantom-harder"
"""The harder phantom: an audit and a system of one name."""

SHOWN = 50
"""Figures, misses first, that a materialisation shows; all are in the table."""

# Raised by hand when the calibration's code would give another result from the same inputs.
CODE_VERSION = "2"


def build_calibration(
    audit: Audit | None = None, system: str = SYSTEM, scale: Scale = FULL, declared: Declared | None = None
) -> dg.AssetsDefinition:
    """The asset.

    Args:
        audit: What is asked; by default the audit `phantom`.
        system: Name of the phantom that is asked.
        scale: How much is drawn and simulated.
        declared: What lies beside the audit: with both, an edit of what the calibration reads makes it stale.
    """
    version = code_version(CODE_VERSION, None, audit, declared or Declared()) if audit else CODE_VERSION
    specs = [dg.AssetCheckSpec(kind, asset=ASSET, blocking=False, description=text) for kind, text in KINDS.items()]

    @dg.asset(
        name=ASSET, group_name=GROUP, code_version=version, check_specs=specs, kinds={"numpy", "duckdb"},
        description="How far the measurement is from a known truth: recovery, coverage, false alarms and controls.",
    )  # fmt: skip
    def calibration(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        asked = audit or load_audit(AUDIT)
        subject = workplace.system_of(f"{system}@")
        identity, panel = subject.identity(), workplace.embedders(asked.embedders)
        run_id = context.run.run_id
        with workplace.store.open() as con:
            facts.register_system(con, identity.version, identity.system, identity.document)
        note_all(workplace, identity.version, asked)
        reader = workplace.tone_reader
        beside = None
        if scale.harder:
            beside = load_audit(HARDER), find_system(HARDER)
            other = beside[1].identity()
            with workplace.store.open() as con:
                facts.register_system(con, other.version, other.system, other.document)
            note_all(workplace, other.version, beside[0])
        table = calibrate(workplace.store, asked, subject, panel, workplace.progress, run_id, scale, reader, beside)
        digest = hashlib.sha256(json.dumps(table.rows(), separators=(",", ":")).encode()).hexdigest()
        kept = _keep(workplace.store, asked, identity.version, run_id, digest, version, table)
        with workplace.store.open() as con:
            quality.append(con, _quality_rows(table, run_id, kept, asked.audit))
        publish(workplace.store)
        judged = table.filter(pl.col("met").is_not_null()).sort("met")
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest),
            metadata={
                "version": kept, "dagster/row_count": len(table), "goals": len(judged),
                "goals_met": int(judged["met"].sum()), "figures": dg.MetadataValue.md(_markdown(judged.head(SHOWN))),
            },
            check_results=[_check(table, kind) for kind in KINDS],
        )  # fmt: skip

    return calibration


def run_calibration(
    audit: Audit, system: System, workplace: Workplace, instance: dg.DagsterInstance, scale: Scale = FULL
) -> pl.DataFrame:
    """Calibrate in this process, on the installation's own Dagster instance.

    Returns:
        The newest rows of table `calibration`.

    Raises:
        BadInput: The audit or the system is nothing to calibrate with.
    """
    with relaxed_sqlite_sync(instance):
        dg.materialize(
            [build_calibration(audit, system.name, scale, workplace.declared)],
            instance=instance,
            resources={"workplace": workplace_resource(replace(workplace, system=system))},
            run_config=QUIET,
            tags={"mcas/audit": audit.audit},
        )
    return read_calibration(workplace.store, audit)


def read_calibration(store: Store, audit: Audit) -> pl.DataFrame:
    """The newest rows of table `calibration`; none if it was never made."""
    with store.open() as con:
        row = ledger.latest(con, ASSET, "", audit.audit)
        return pl.DataFrame() if row is None else ledger.read_table(con, ASSET, row.version)


def _keep(
    store: Store, audit: Audit, system_version: str, run_id: str, digest: str, code: str, table: pl.DataFrame
) -> int:
    """Record the rows, unless the newest ones are the same by the same code. Returns their version."""
    with store.open() as con:
        former = ledger.latest(con, ASSET, "", audit.audit)
    if former is not None and former.is_of(digest, code):
        return former.version
    materialisation = ledger.made_here(
        asset=ASSET, partition="", audit=audit.audit, run_id=run_id, code_version=code, data_version=digest,
        input_versions={"systems": system_version, "audit": audit.digest()},
    )  # fmt: skip
    with store.open() as con:
        return ledger.record(con, materialisation, {ASSET: table})


def _missed(table: pl.DataFrame, kind: Kind) -> tuple[int, pl.DataFrame]:
    """(goals of a kind, the rows that miss theirs)."""
    judged = table.filter(pl.col("kind") == kind, pl.col("met").is_not_null())
    return len(judged), judged.filter(~pl.col("met"))


def _check(table: pl.DataFrame, kind: Kind) -> dg.AssetCheckResult:
    goals, missed = _missed(table, kind)
    return dg.AssetCheckResult(
        check_name=kind,
        passed=goals > 0 and missed.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{goals - len(missed)} of {goals} goals are met",
        metadata={"goals": goals, "missed": len(missed), "figures": dg.MetadataValue.md(_markdown(missed))},
    )


def _quality_rows(table: pl.DataFrame, run_id: str, version: int, audit: str) -> pl.DataFrame:
    """The checks as rows of quality_results."""
    rows = []
    for kind, text in KINDS.items():
        goals, missed = _missed(table, kind)
        success = goals > 0 and missed.is_empty()
        shown = missed.select("axis", "embedder", "name", "value", "goal", "reason")
        rows.append({
            "run_id": run_id, "version": version, "asset": ASSET, "partition": "", "audit": audit, "rule": text,
            "expectation": kind, "success": success, "status": "pass" if success else "fail", "severity": "warning",
            "checked": goals, "unexpected": len(missed), "observed": json.dumps({"missed": missed["name"].to_list()}),
            "sample": json.dumps(shown.head(5).to_dicts()),
        })  # fmt: skip
    return pl.DataFrame(rows)


def _markdown(rows: pl.DataFrame) -> str:
    if rows.is_empty():
        return "none"
    lines = ["| kind | axis | figure | value | goal | met | reason |", "|---|---|---|---|---|---|---|"]
    for one in rows.iter_rows(named=True):
        value = "missing" if one["value"] is None else f"{one['value']:.4f}"
        met = "yes" if one["met"] else "no"
        lines.append(
            f"| {one['kind']} | {one['axis']} | {one['name']} | {value} | {one['goal']} | {met} | {one['reason'] or ''} |"
        )
    return "\n".join(lines)
