"""The gate: what a policy judges by, read from the store; the status of each requirement; and keeping them.

A table is judged only if it was made from what is declared now: a score of an earlier wording, or of images that were drawn
anew since, is no evidence for a release.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit
from mcas_assets.policy.judge import Status, judge, overall
from mcas_assets.policy.load import Policy, require_fit
from mcas_assets.stages.registry import STAGES
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.ledger import LedgerRow


@dataclass(frozen=True)
class Judged:
    """What a policy says of one audit of one system version.

    Attributes:
        policy: The policy.
        audit: Name of the audit.
        system_version: What was judged.
        results: Rows of `policy_results`.
        audit_digest: Of the audit as it was declared when it was judged.
    """

    policy: Policy
    audit: str
    system_version: str
    results: pl.DataFrame
    audit_digest: str

    @property
    def status(self) -> Status:
        """`passed`, `failed` or `not judged`, of the policy as a whole."""
        return overall(self.results)


def hold(
    store: Store,
    policy: Policy,
    audit: Audit,
    system_version: str,
    current: Mapping[str, str] | None = None,
    stage: str | None = None,
) -> Judged:
    """Hold what is stored of an audit of a system version against a policy.

    Args:
        store: Where it is.
        policy: What must hold.
        audit: The declaration.
        system_version: What is judged.
        current: For each stage, the code version that a materialisation made now would have: what was made with another is
            not judged. None within a run, which has just made it.
        stage: Only the requirements whose table this stage writes.

    Raises:
        BadInput: The policy does not judge this audit, or names what it does not have.
    """
    require_fit(policy, audit)
    tables, unready = {}, {}
    with store.open() as con:
        for made_by, names in _judged_tables().items():
            reason = None if current is None else _unready(con, audit, system_version, made_by, current)
            for name in names:
                tables[name] = ledger.rows_of(con, name, audit.audit, system_version)
                if reason or tables[name].is_empty():
                    unready[name] = reason or "it was never audited"
        if "comparisons" in unready and tables["scores"].height and tables["comparisons"].is_empty():
            unready["comparisons"] = "it was compared with no version before it"
        tables["calibration"] = ledger.read_as_of(con, "calibration")
        if tables["calibration"].is_empty():
            unready["calibration"] = "the instrument was never calibrated (mcas calibrate)"
    rows = judge(policy, audit.audit, system_version, tables, unready, stage, audit.inference.level)
    return Judged(policy, audit.audit, system_version, rows, audit.digest())


def code_version(policy: Policy) -> str:
    """That of its results in the ledger: a policy that says something else judges anew."""
    return policy.digest()[:12]


def keep(store: Store, judged: Judged, run_id: str, stage: str | None = None) -> int:
    """Record results, stage by stage, unless the newest ones are the same. Returns how many stages have new ones.

    Args:
        store: Where they go.
        judged: The results.
        run_id: Kept in the ledger.
        stage: The only stage that was judged; None for all: those that no requirement reads any more lose their former rows.
    """
    requirements = {requirement.requirement: requirement.STAGE for requirement in judged.policy.requirements}
    of_stage = pl.col("requirement").replace_strict(requirements, return_dtype=pl.String)
    n_new = 0
    for made_by in _judged_tables() if stage is None else (stage,):
        rows = judged.results.filter(of_stage == made_by)
        data = hashlib.sha256(json.dumps(rows.rows(), separators=(",", ":")).encode()).hexdigest()
        asset, code = f"policy/{judged.policy.policy}/{made_by}", code_version(judged.policy)
        with store.open() as con:
            former = ledger.latest(con, asset, judged.system_version, judged.audit)
            read = ledger.latest(con, made_by, judged.system_version, judged.audit)
        if (former is None and rows.is_empty()) or (former is not None and former.is_of(data, code)):
            continue
        materialisation = ledger.made_here(
            asset=asset, partition=judged.system_version, audit=judged.audit, run_id=run_id, code_version=code,
            data_version=data, input_versions={made_by: read.version} if read else {},
            declarations=(judged.audit_digest, judged.policy.digest()),
        )  # fmt: skip
        with store.open() as con:
            ledger.record(con, materialisation, {"policy_results": rows})
        n_new += 1
    return n_new


def _judged_tables() -> dict[str, list[str]]:
    """For each published stage, its tables: what requirements may read."""
    return {name: [table.name for table in stage.tables] for name, stage in STAGES.items() if stage.is_published}


def _latest(con: DuckDBPyConnection, audit: Audit, system_version: str, stage: str) -> LedgerRow | None:
    return ledger.latest(con, stage, STAGES[stage].partition(system_version), audit.audit)


def _unready(
    con: DuckDBPyConnection, audit: Audit, system_version: str, stage: str, current: Mapping[str, str]
) -> str | None:
    """Why what a stage made is not what it would make now, or None."""
    row = _latest(con, audit, system_version, stage)
    if row is None:
        return "it was never audited"
    if stage in current and row.code_version != current[stage]:
        return f"its {stage} were made from an earlier declaration or by earlier code (run mcas audit again)"
    for name, version in row.input_versions.items():
        newest = _latest(con, audit, system_version, name) if name in current else None
        if newest is None:
            continue
        if ledger.data_version(con, version) not in (None, newest.data_version):
            return f"its {name} were made anew since (run mcas audit again)"
        reason = _unready(con, audit, system_version, name, current)
        if reason is not None:
            return reason
    return None
