"""The assets of an audit: plan, texts -> images -> refusals, embeddings -> scores, representation; a partition a version.

Each asset is a thin shell: it gathers what it needs, calls the module that does the work, and records one versioned
materialisation. Work whose result is what is stored already records nothing new, and carries the same data version, so what
is downstream stays fresh.
"""

from collections.abc import Sequence

import dagster as dg
import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.images import generate
from mcas_assets.images import keep_given as given
from mcas_assets.images import match_given as matching
from mcas_assets.measure import (
    embeddings as embed,
)
from mcas_assets.measure import (
    populations as amplify,
)
from mcas_assets.measure import (
    refusals,
)
from mcas_assets.measure import (
    scores as score,
)
from mcas_assets.measure import (
    shares as represent,
)
from mcas_assets.orchestration.partitions import system_versions
from mcas_assets.orchestration.records import asset_options, keep, key_of, read_latest, result_of
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.plan.requests import build_plan, build_texts, plan_digest
from mcas_assets.store import facts
from mcas_assets.store.publication import publish
from mcas_assets.systems.protocol import is_given

systems = dg.AssetSpec(
    "systems",
    partitions_def=system_versions,
    group_name="systems",
    description="The systems under audit, by version: a new identity is a new partition. Reported by `mcas audit` and the sensor.",
    kinds={"model"},
)


def build_assets(audit: Audit) -> list[dg.AssetsDefinition]:
    """The assets of one audit."""
    return [
        _plan(audit),
        _texts(audit),
        _images(audit),
        _refusals(audit),
        _embeddings(audit),
        _scores(audit),
        _representation(audit),
    ]


def _plan(audit: Audit) -> dg.AssetsDefinition:
    @dg.asset(**asset_options(audit, "plan", {"duckdb"}))
    def plan(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        requests = build_plan(audit)
        digest = plan_digest(requests)
        table = requests.select(pl.lit(audit.audit).alias("audit"), pl.all())
        version = keep(context, workplace.store, audit, "plan", digest, {"plan": table}, {})
        images = requests.select("prompt", "seed").n_unique()
        return result_of(version, digest, len(requests), images=images, prompts=requests["prompt"].n_unique())

    return plan


def _texts(audit: Audit) -> dg.AssetsDefinition:
    # Not part of the plan: another attribute word asks for no image.
    @dg.asset(**asset_options(audit, "texts", {"duckdb"}))
    def texts(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        uses = build_texts(audit)
        digest = plan_digest(uses)
        table = uses.select(pl.lit(audit.audit).alias("audit"), pl.all())
        version = keep(context, workplace.store, audit, "texts", digest, {"texts": table}, {})
        return result_of(version, digest, len(uses), texts=uses["text_id"].n_unique())

    return texts


def _images(audit: Audit) -> dg.AssetsDefinition:
    deps = [key_of(audit.audit, "plan"), "systems"]

    @dg.asset(**asset_options(audit, "images", {"diffusers", "duckdb"}), deps=deps, partitions_def=system_versions)
    def images(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        version, store = context.partition_key, workplace.store
        planned, plan_version = read_latest(store, audit, "plan", "plan", "")
        system = workplace.system_of(version)
        account = pl.DataFrame(schema=matching.ACCOUNT_SCHEMA)
        try:
            if is_given(system):
                matched = matching.match(audit, planned, system, version)
                made = given.take(store, matched, system, version, workplace.progress, context.run.run_id)
                table = given.image_table(store, matched, audit.audit, version)
                account = matching.account_table(matched, table)
            else:
                wanted = generate.requests(planned.drop("audit"), version, system.size())
                made = generate.generate(store, wanted, system, version, workplace.progress, context.run.run_id)
                table = generate.image_table(store, wanted, audit.audit, version)
        finally:
            system.close()
        digest = generate.images_digest(table)
        tables = {"images": table, "import_account": account}
        kept = keep(context, store, audit, "images", digest, tables, {"plan": plan_version})
        outcomes = dict(table["outcome"].value_counts().sort("outcome").iter_rows())
        return result_of(kept, digest, len(table), generated=made, **outcomes)

    return images


def _refusals(audit: Audit) -> dg.AssetsDefinition:
    deps = [key_of(audit.audit, "images")]

    @dg.asset(**asset_options(audit, "refusals", {"numpy", "duckdb"}), deps=deps, partitions_def=system_versions)
    def counted(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        store = workplace.store
        table, images_version = read_latest(store, audit, "images", "images", context.partition_key)
        found = refusals.measure(audit, table)
        digest = represent.digest(found.tables().values())
        kept = keep(context, store, audit, "refusals", digest, found.tables(), {"images": images_version})
        of_all = found.refusals.row(by_predicate=pl.col("scope") == "all", named=True)
        counts = {name: of_all[name] for name in ("n_requested", "n_refused", "n_lost")}
        return result_of(kept, digest, len(found.refusals), **counts)

    return counted


def _embeddings(audit: Audit) -> dg.AssetsDefinition:
    deps = [key_of(audit.audit, "images"), key_of(audit.audit, "texts")]

    @dg.asset(**asset_options(audit, "embeddings", {"pytorch", "duckdb"}), deps=deps, partitions_def=system_versions)
    def embeddings(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        version, store = context.partition_key, workplace.store
        with store.open():  # once for both
            table, images_version = read_latest(store, audit, "images", "images", version)
            texts, texts_version = read_latest(store, audit, "texts", "texts", "")
        shown, said = embed.contents(table, texts)
        panel = workplace.embedders(audit.embedders)
        made = 0
        for embedder in panel:
            try:
                made += embed.embed(store, shown, said, embedder, workplace.progress, context.run.run_id)
            finally:
                embedder.close()
        with store.open() as con:
            from mcas_assets.quality import frames

            rows = frames.embeddings(con, embed.expected(shown, said, panel))
        rows = rows.select(
            pl.lit(audit.audit).alias("audit"),
            pl.lit(version).alias("system_version"),
            "embedder",
            "kind",
            "content",
            "dim",
            "norm",
        )
        digest = embed.embeddings_digest(rows)
        inputs = {"images": images_version, "texts": texts_version}
        kept = keep(context, store, audit, "embeddings", digest, {"embeddings": rows}, inputs)
        return result_of(kept, digest, len(rows), embedded=made, embedders=len(panel))

    return embeddings


def _scores(audit: Audit) -> dg.AssetsDefinition:
    deps = [key_of(audit.audit, stage) for stage in ("texts", "images", "embeddings")]

    @dg.asset(**asset_options(audit, "scores", {"numpy", "duckdb"}), deps=deps, partitions_def=system_versions)
    def scores(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        version, store = context.partition_key, workplace.store
        with store.open():  # once for all three
            table, images_version = read_latest(store, audit, "images", "images", version)
            texts, texts_version = read_latest(store, audit, "texts", "texts", "")
            _, embeddings_version = read_latest(store, audit, "embeddings", "embeddings", version)
        measured = score.measure(store, audit, table, texts, workplace.embedders(audit.embedders))
        digest = measured.digest()
        inputs = {"texts": texts_version, "images": images_version, "embeddings": embeddings_version}
        tables = {"scores": measured.scores, "components": measured.components, "panel": measured.panel}
        kept = keep(context, store, audit, "scores", digest, tables, inputs)
        with store.open() as con:
            facts.mark_audited(con, version)
        shown = measured.scores.filter(pl.col("category") != "neutral")
        strongest = shown.sort(pl.col("mcas").abs(), descending=True, nulls_last=True).head(10)
        columns = ["axis", "embedder", "concept", "iias", "itpas", "itaas", "ttas", "mcas"]
        preview = [dg.TableRecord(row) for row in strongest.select(columns).iter_rows(named=True)]
        return result_of(
            kept, digest, len(measured.scores), strongest=dg.MetadataValue.table(preview) if preview else "none"
        )

    return scores


def _representation(audit: Audit) -> dg.AssetsDefinition:
    deps = [key_of(audit.audit, stage) for stage in ("texts", "images", "embeddings")]

    @dg.asset(**asset_options(audit, "representation", {"numpy", "duckdb"}), deps=deps, partitions_def=system_versions)
    def representation(
        context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]
    ) -> dg.MaterializeResult:
        version, store = context.partition_key, workplace.store
        with store.open():  # once for all three
            table, images_version = read_latest(store, audit, "images", "images", version)
            texts, texts_version = read_latest(store, audit, "texts", "texts", "")
            _, embeddings_version = read_latest(store, audit, "embeddings", "embeddings", version)
        panel = workplace.embedders(audit.embedders)
        shown = represent.measure(store, audit, table, texts, panel, workplace.tone_reader)
        held = amplify.hold(audit, shown, workplace.populations(audit))
        tables = {"representation": shown, "amplification": held.amplification, "divergence": held.divergence}
        digest = represent.digest(tables.values())
        inputs = {"texts": texts_version, "images": images_version, "embeddings": embeddings_version}
        kept = keep(context, store, audit, "representation", digest, tables, inputs)
        erased = held.amplification.filter("is_erased").select("axis", "concept", "group_name", "population").unique()
        counted = int(shown["n_counted"].sum()), int(shown["n_requested"].sum())
        return result_of(kept, digest, len(shown), counted=counted[0], requested=counted[1], erased=len(erased))

    return representation


def build_publication(audits: Sequence[Audit]) -> dg.AssetsDefinition:
    """The published copy of the store, after whatever was measured."""

    @dg.asset(
        group_name="publication",
        code_version="1",
        deps=[
            key_of(audit.audit, stage)
            for audit in audits
            for stage in ("refusals", "scores", "representation", "comparison")
        ],
        description="A read-only DuckDB copy of all tables, replaced whole: what `mcas sql` and people query.",
        kinds={"duckdb"},
    )
    def publication(context: dg.AssetExecutionContext, workplace: dg.ResourceParam[Workplace]) -> dg.MaterializeResult:
        path = publish(workplace.store)
        return dg.MaterializeResult(metadata={"path": dg.MetadataValue.path(str(path)), "bytes": path.stat().st_size})

    return publication
