"""Whether an audit of a system version is current: made, checked and published, of the declarations and files as they are now.

Found by reading the ledger and the files that are kept; no model is loaded and nothing is written. What is current need
not be run again.
"""

from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from mcas_assets.declare.audit import Audit
from mcas_assets.images import generate
from mcas_assets.plan.requests import build_plan, build_texts, plan_digest
from mcas_assets.stages.contract import FACTS, Stage
from mcas_assets.stages.registry import STAGES
from mcas_assets.store import facts, ledger, quality
from mcas_assets.store.database import Store
from mcas_assets.store.ledger import LedgerRow
from mcas_assets.store.publication import published_version

COMPLETE = ("images", "embeddings", "scores", "representation")
"""What a complete audit of a version has made at least. Whether it made the rest is told by how its run ended."""


def why_not_current(
    store: Store, audit: Audit, system_version: str, code_versions: Mapping[str, str | None], embedders: Sequence[str]
) -> str | None:
    """What a run would have to do, in words; None if there is nothing.

    Args:
        store: Where audits are kept.
        audit: As it is declared now.
        system_version: What the system is now.
        code_versions: Of every stage of the audit, as a materialisation made now would have it.
        embedders: The ids of the audit's embedders, as their files are now.

    Raises:
        StoreError: The store cannot be read, or the file of a kept image was changed or deleted.
    """
    if not store.path.exists():
        return "nothing was audited here yet"
    with store.open() as con:
        rows = {
            name: ledger.latest(con, name, STAGES[name].partition(system_version), audit.audit)
            for name in code_versions
        }
        made = {stage: row for stage, row in rows.items() if row is not None}
        reason = _unmade(con, rows, code_versions) or _unread(con, made, audit, system_version)
        reason = reason or _unmet(con, audit, made, embedders) or _unchecked(con, made)
        if reason is not None:
            return reason
        images = ledger.read_table(con, "images", made["images"].version)
        kept = facts.read_images(con, images["image_id"].unique(maintain_order=True))
    if published_version(store) < max(row.version for row in made.values()):
        return "it was not published"
    generate.verify(store, kept)
    return None


def is_stale(store: Store, stage: Stage, audit: Audit, system_version: str, code_version: str | None) -> bool:
    """Whether one stage is to be made anew: never made, by other code, of older stages or facts, or not published since."""
    with store.open() as con:
        names = (stage.name, *stage.reads)
        rows = {name: ledger.latest(con, name, STAGES[name].partition(system_version), audit.audit) for name in names}
        made = rows[stage.name]
        known = {name: row.code_version for name, row in rows.items() if row is not None} | {stage.name: code_version}
        if made is None or _unmade(con, rows, known) or _unread(con, {stage.name: made}, audit, system_version):
            return True
    return published_version(store) < made.version


def _unmade(
    con: DuckDBPyConnection, rows: Mapping[str, LedgerRow | None], code_versions: Mapping[str, str | None]
) -> str | None:
    for stage, row in rows.items():
        if row is None:
            return f"{stage} was never made"
        if row.code_version != code_versions[stage]:
            return f"{stage} was made by other code, or of other declarations"
        for name, version in row.input_versions.items():
            read = rows.get(name)
            # A stage that was made again with an equal result left what was made of it as it should be.
            if read is not None and read.version != version and read.data_version != ledger.data_version(con, version):
                return f"{stage} was made of an older {name}"
    return None


def _unread(con: DuckDBPyConnection, made: Mapping[str, LedgerRow], audit: Audit, system_version: str) -> str | None:
    """What was added to the facts that a stage reads beside other stages: votes of people."""
    for stage, row in made.items():
        facts = STAGES[stage].facts
        if facts is not None and row.input_versions.get(FACTS) != facts(con, audit.audit, system_version):
            return f"{stage} was made before the newest votes"
    return None


def _unmet(
    con: DuckDBPyConnection, audit: Audit, made: Mapping[str, LedgerRow], embedders: Sequence[str]
) -> str | None:
    for stage, build in (("plan", build_plan), ("texts", build_texts)):
        if made[stage].data_version != plan_digest(build(audit)):
            return f"the audit asks for another {stage} by now"
    used = ledger.embedders_used(con, made["embeddings"].version)
    return None if used == set(embedders) else "an embedder is another by now"


def _unchecked(con: DuckDBPyConnection, made: Mapping[str, LedgerRow]) -> str | None:
    """A table without rows may have been left unchecked."""
    results = quality.critical_results(con, [row.version for row in made.values()])
    for stage, row in made.items():
        passed = results[row.version]
        if not all(passed.values()):
            return f"a check of {stage} did not pass"
        for table in STAGES[stage].tables:
            rules = {(table.name, rule.name) for rule in table.suite if rule.severity == "critical"}
            if not rules <= set(passed) and (
                rules & set(passed) or not ledger.read_table(con, table.name, row.version).is_empty()
            ):
                return f"{table.name} was never checked, or not by all of its rules"
    return None
