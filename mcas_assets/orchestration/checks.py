"""The checks between the stages: each table's Great Expectations suite, one Dagster check a rule, and rows in quality_results.

A critical rule blocks: what would be built on wrong rows is not built.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import dagster as dg
import polars as pl

from mcas_assets.compare.versions import SCHEMAS, expected_rows
from mcas_assets.declare.audit import Audit
from mcas_assets.images.match_given import expected as expected_images
from mcas_assets.measure import embeddings as embed
from mcas_assets.measure import populations as amplify
from mcas_assets.measure import refusals
from mcas_assets.measure import shares as represent
from mcas_assets.orchestration.records import key_of, read_latest
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.plan.requests import PLANNED
from mcas_assets.quality import comparison_frames, frames, image_frames
from mcas_assets.quality.adapter import RuleResult, result_rows, validate
from mcas_assets.quality.expectations import EXPECTED_ROWS, Rule
from mcas_assets.quality.rules import SUITES
from mcas_assets.scoring.mcas.association import COMPONENTS
from mcas_assets.store import ledger

TABLES = {
    "plan": ("plan",),
    "texts": ("texts",),
    "images": ("images", "import_account"),
    "refusals": ("refusals", "refusal_disparities"),
    "embeddings": ("embeddings",),
    "scores": ("scores", "components", "panel"),
    "representation": ("representation", "amplification", "divergence"),
    "comparison": tuple(SCHEMAS),
}


def build_checks(audit: Audit) -> list[dg.AssetChecksDefinition]:
    """The checks of one audit, a set for each of its tables."""
    return [_checks(audit, stage, table) for stage, tables in TABLES.items() for table in tables]


def check_name(rule: Rule) -> str:
    """The name that Dagster knows a rule by."""
    words = "".join(letter if letter.isalnum() else "_" for letter in rule.name.lower())
    return f"{rule.table}_{words}".strip("_").replace("__", "_")


def _checks(audit: Audit, stage: str, table: str) -> dg.AssetChecksDefinition:
    key = key_of(audit.audit, stage)
    specs = [
        dg.AssetCheckSpec(check_name(rule), asset=key, blocking=rule.blocking, description=rule.name)
        for rule in SUITES[table]
    ]
    name = f"check_{audit.audit.replace('-', '_')}_{table}"

    @dg.multi_asset_check(name=name, specs=specs)
    def check(
        context: dg.AssetCheckExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> Iterator[dg.AssetCheckResult]:
        # Unpartitioned checks run within a partitioned run, and then know its partition; the UI may run them without one.
        is_partitioned = stage not in PLANNED
        partition = context.partition_key if context.has_partition_key and is_partitioned else ""
        if not partition and is_partitioned:
            with workplace.store.open() as con:
                partition = ledger.newest_partition(con, stage, audit.audit)
        # One connection, since each opening of the file costs as much as a few rules; image files are looked at without.
        with nullcontext() if table == "images" else workplace.store.open():
            frame, expected, version = _frame(workplace, audit, stage, table, partition)
            if frame.is_empty() and not expected and (table in SCHEMAS or table == "import_account"):
                yield from _nothing_to_check(key, table)
                return
            results = validate(frame, table, {EXPECTED_ROWS: expected})
            about = {"run_id": context.run.run_id, "version": version, "partition": partition, "audit": audit.audit}
            rows = result_rows(results, table, asset=stage, **about)
            with workplace.store.open() as con:
                ledger.append_quality(con, rows)
        for rule, result in zip(SUITES[table], results, strict=True):
            yield _check_result(key, check_name(rule), result)

    return check


def _frame(workplace: Workplace, audit: Audit, stage: str, table: str, partition: str) -> tuple[pl.DataFrame, int, int]:
    """(the frame that the rules see, how many rows it must have, the version that it is of)."""
    store = workplace.store
    rows, version = read_latest(store, audit, stage, table, partition)
    if table in SCHEMAS:
        heads = (
            rows
            if table == "comparison_summary"
            else read_latest(store, audit, stage, "comparison_summary", partition)[0]
        )
        return getattr(comparison_frames, table)(rows), expected_rows(table, audit, heads, rows), version
    if table == "plan":
        return frames.plan(rows), len(rows), version
    if table == "texts":
        return frames.texts(rows), len(rows), version
    planned, _ = read_latest(store, audit, "plan", "plan", "")
    if stage == "images":
        account, _ = read_latest(store, audit, "images", "import_account", partition)
        with store.open() as con:
            images = image_frames.image_rows(con, version)
        if table == "import_account":
            return image_frames.import_account(account, images, planned), len(account), version
        wanted = planned if account.is_empty() else expected_images(account)
        return image_frames.images(wanted, images, store.home), len(wanted), version
    if table == "refusals":
        return frames.refusals(rows), len(refusals.subjects(audit)), version
    if table == "refusal_disparities":
        return frames.refusal_disparities(rows), len(list(refusals.comparisons(audit))), version
    texts, _ = read_latest(store, audit, "texts", "texts", "")
    panel = workplace.embedders(audit.embedders)
    if table == "embeddings":
        images, _ = read_latest(store, audit, "images", "images", partition)
        expected = embed.expected(*embed.contents(images, texts), panel)
        stored = rows.select("embedder", "kind", "content")
        with store.open() as con:
            return frames.embeddings(con, stored), len(expected), version
    count = len(audit.axes) * len(panel) * (len(audit.concepts) + len(audit.neutral))
    if table == "scores":
        return frames.scores(rows), count, version
    if table == "components":
        return frames.components(rows), count * len(COMPONENTS), version
    if table == "panel":
        return frames.panel(rows), len(audit.axes), version
    n_shares, n_concepts = represent.n_labelled(audit, len(panel))
    if table == "representation":
        return frames.representation(rows), n_shares, version
    if table == "amplification":
        return frames.amplification(rows), n_shares * len(audit.populations), version
    return frames.divergence(rows), n_concepts * len(audit.populations) * len(amplify.KINDS), version


def _nothing_to_check(key: dg.AssetKey, table: str) -> Iterator[dg.AssetCheckResult]:
    """A row for each rule in quality_results would only hide others.

    The first version of a system has nothing to be compared with: its summary says so, the other tables hold nothing. A
    system that draws has nothing to account for.
    """
    told = "nothing was imported" if table == "import_account" else "there is nothing to compare with"
    for rule in SUITES[table]:
        description = f"{rule.name}: {told}, so the table is empty as it must be"
        yield dg.AssetCheckResult(passed=True, asset_key=key, check_name=check_name(rule), description=description)


def _check_result(key: dg.AssetKey, name: str, result: RuleResult) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {
        "expectation": result.expectation,
        "checked": result.checked,
        "unexpected": result.unexpected or 0,
        "observed": dg.MetadataValue.json(result.observed),
    }
    if result.sample:
        metadata["failing_rows"] = dg.MetadataValue.json(result.sample)
    return dg.AssetCheckResult(
        passed=result.success,
        asset_key=key,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if result.blocking else dg.AssetCheckSeverity.WARN,
        description=result.rule
        if result.success
        else f"{result.rule}: {result.outcome}, {result.unexpected or ''}".strip(", "),
        metadata=metadata,
    )
