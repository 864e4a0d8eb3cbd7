"""What all stages of an audit have in common: names and code versions, reading what others made, keeping what one made."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from mcas_assets.compare.versions import METHOD
from mcas_assets.core.errors import StoreError
from mcas_assets.declare.audit import Audit
from mcas_assets.plan.requests import PLANNED
from mcas_assets.store import ledger
from mcas_assets.store.database import Store

# Raised by hand when a stage's code would give another result from the same inputs. `versions` adds to each what the stage
# reads of the declarations.
CODE_VERSIONS = {
    "plan": "3", "texts": "1", "images": "2", "refusals": "1", "embeddings": "1", "scores": "2", "representation": "1",
    "comparison": METHOD,
}  # fmt: skip
DESCRIPTIONS = {
    "plan": "Every image that the audit asks for: prompts x replicates, with ids, seeds and batches.",
    "texts": "Every text that the audit embeds: attribute words, texts of groups, prompts.",
    "images": "What came of each requested image, one row each, whatever came of it. The files are facts, kept by digest.",
    "refusals": "How often the system declined each pole, group, category and concept, and how unevenly.",
    "embeddings": "Which vectors the audit's embedders made of its images and texts. The vectors are facts.",
    "scores": "IIAS, ITPAS, ITAAS, TTAS and MCAS of every concept, by every axis and embedder (arXiv 2304.13855).",
    "representation": "Who is shown: shares of the declared groups in every concept, against each reference population.",
    "comparison": "What changed since the version before, image by image of one prompt and seed: scores, shares, refusals.",
}


def key_of(audit: str, stage: str) -> dg.AssetKey:
    """The asset key of a stage of an audit."""
    return dg.AssetKey([audit, stage])


def asset_options(audit: Audit, stage: str, kinds: set[str]) -> dict:
    """What the assets of all stages have in common: key, group, code version, description and kinds."""
    return {
        "key": key_of(audit.audit, stage),
        "group_name": stage,
        "code_version": CODE_VERSIONS[stage],
        "description": f"{DESCRIPTIONS[stage]}\n\nAudit: {audit.title}.",
        "kinds": kinds,
    }


def read_latest(store: Store, audit: Audit, asset: str, table: str, partition: str) -> tuple[pl.DataFrame, int]:
    """(rows, version) of the newest materialisation.

    Raises:
        StoreError: There is none.
    """
    with store.open() as con:
        row = ledger.latest(con, asset, partition, audit.audit)
        if row is None:
            of = f" of {partition}" if partition else ""
            raise StoreError(
                store.path,
                f"{audit.audit}/{asset}{of} was never materialised",
                "Materialise it first, or run mcas audit",
            )
        return ledger.read_table(con, table, row.version), row.version


def keep(
    context: dg.AssetExecutionContext,
    store: Store,
    audit: Audit,
    stage: str,
    digest: str,
    tables: Mapping[str, pl.DataFrame],
    inputs: Mapping[str, int | str],
) -> int:
    """Record a materialisation, unless the newest one is of the same content by the same code. Returns its version."""
    partition = context.partition_key if context.has_partition_key and stage not in PLANNED else ""
    code_version = context.assets_def.get_asset_spec(context.asset_key).code_version or CODE_VERSIONS[stage]
    with store.open() as con:
        former = ledger.latest(con, stage, partition, audit.audit)
        if former is not None and former.is_of(digest, code_version):
            context.log.info("%s is as it was: version %d stands", stage, former.version)
            return former.version
        materialisation = ledger.made_here(
            asset=stage, partition=partition, audit=audit.audit, run_id=context.run.run_id, code_version=code_version,
            data_version=digest, input_versions=dict(inputs),
        )  # fmt: skip
        return ledger.record(con, materialisation, tables)


def result_of(version: int, digest: str, rows: int, **metadata: Any) -> dg.MaterializeResult:
    """What Dagster is told of a materialisation: its content's digest, ledger version, rows and further metadata."""
    return dg.MaterializeResult(
        data_version=dg.DataVersion(digest), metadata={"version": version, "dagster/row_count": rows, **metadata}
    )
