"""Attributing a change in this process: audits of the versions between, each a run of its own, then the shares."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import dagster as dg
import polars as pl

from mcas_assets.compare import attribution as attribute
from mcas_assets.compare.factors import find_factors, identity_of
from mcas_assets.compare.scores import digest
from mcas_assets.compare.versions import audited_versions
from mcas_assets.core.errors import CheckFailed
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.records import read_latest
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.quality import comparison_frames
from mcas_assets.quality.adapter import result_rows, validate
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish

ASSET = "attribution"
CODE_VERSION = "1"


@dataclass(frozen=True)
class Attributed:
    """What came of it.

    Attributes:
        rows: Of table `attributions`, of this pair.
        factors: The factors that were replayed.
        not_replayed: What differs and was not: (factor, why or how).
        audited: The versions between that were audited.
    """

    rows: pl.DataFrame
    factors: tuple[str, ...]
    not_replayed: list[tuple[str, str]]
    audited: list[str]


def run_attribution(
    audit: Audit,
    pair: tuple[str, str],
    sources: tuple[str | None, str | None],
    workplace: Workplace,
    instance: dg.DagsterInstance,
    told: Callable[[str], None] = lambda _: None,
) -> Attributed:
    """Replay what can be replayed of the difference of two audited versions. Killed, it goes on where it was.

    Args:
        audit: The declaration.
        pair: The two system versions.
        sources: Where the parts of each are, if not under its name in `data/systems.yaml`.
        workplace: Where to work.
        instance: Runs are recorded there.
        told: Given a line about each audit before it begins.

    Raises:
        StoreError: One of them was not audited.
        CheckFailed: A check of a version between did not pass.
    """
    store = workplace.store
    with store.open() as con:
        documents = [identity_of(con, key) for key in pair]
        others = [one for one in find_factors(con, audit.audit, *pair) if one.stage != "identity"]
    versions = [attribute.locate(key, document, source, workplace.digests)
                for key, document, source in zip(pair, documents, sources, strict=True)]  # fmt: skip
    replay = attribute.plan_replay(versions[0], versions[1], others, workplace.home, workplace.digests)
    known = audited_versions(store, audit)
    keys = replay.keys(known)
    for where, system in replay.systems.items():
        if keys[where] not in known:
            which = ", ".join(
                f"{factor} switched {order}" for (factor, order), key in keys.items() if key == keys[where]
            )
            told(f"replaying: {which}, as {keys[where]}")
            run_audit(audit, system, workplace, instance)
            known.append(keys[where])
    between = dict.fromkeys(keys.values())
    images = {key: read_latest(store, audit, "images", "images", key)[0] for key in (*pair, *between)}
    texts, _ = read_latest(store, audit, "texts", "texts", "")
    rows = pl.DataFrame(schema=attribute.ATTRIBUTION_SCHEMA)
    if replay.factors:
        rows = attribute.measure(store, audit, pair, replay, keys, images, texts, workplace.embedders(audit.embedders))
    keep(store, audit, pair, rows)
    publish(store)
    return Attributed(rows, replay.factors, replay.not_replayed, list(between))


def keep(store: Store, audit: Audit, pair: tuple[str, str], rows: pl.DataFrame) -> None:
    """Record the rows beside those of other pairs with the same later version, unless they are what is recorded.

    Raises:
        CheckFailed: They break a rule. They are not recorded, only which rule it was.
    """
    before, after = pair
    former = pl.DataFrame(schema=attribute.ATTRIBUTION_SCHEMA)
    with store.open() as con:
        known = ledger.latest(con, ASSET, after, audit.audit)
        if known is not None:
            former = ledger.read_table(con, "attributions", known.version).cast(dict(attribute.ATTRIBUTION_SCHEMA))
    table = pl.concat([former.filter(pl.col("before") != before), rows])
    content = digest({"attributions": table})
    if known is not None and known.is_of(content, CODE_VERSION):
        return
    run_id = str(uuid4())
    materialisation = ledger.made_here(
        asset=ASSET, partition=after, audit=audit.audit, run_id=run_id, code_version=CODE_VERSION,
        data_version=content, input_versions={"before": before},
    )  # fmt: skip
    results = [] if table.is_empty() else validate(comparison_frames.attributions(table), "attributions")
    failed = [one for one in results if not one.success]
    with store.open() as con:
        version = None if failed else ledger.record(con, materialisation, {"attributions": table})
        if results:
            about = {"run_id": run_id, "version": version, "partition": after, "audit": audit.audit}
            ledger.append_quality(con, result_rows(results, "attributions", asset=ASSET, **about))
    if failed:
        told = (f"{audit.audit}/{ASSET}: {one.rule}: failed for {one.unexpected or 'the table'}" for one in failed)
        raise CheckFailed("\n".join(told))
