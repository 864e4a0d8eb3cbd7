"""Attributing a change in this process: audits of the versions between, each a run of its own, then the shares."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import dagster as dg
import polars as pl

from mcas_assets.compare import attribution
from mcas_assets.compare.factors import find_factors, identity_of
from mcas_assets.compare.scores import digest
from mcas_assets.compare.versions import audited_versions
from mcas_assets.core.errors import CheckFailed
from mcas_assets.declare.audit import Audit
from mcas_assets.orchestration.records import record_if_new
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.quality.adapter import result_rows
from mcas_assets.stages.beside import ATTRIBUTIONS
from mcas_assets.stages.checking import check
from mcas_assets.stages.contract import Checked, Work
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger, quality
from mcas_assets.store.publication import publish
from mcas_assets.store.schema import frame_schema

ASSET = "attribution"
CODE_VERSION = "1"


@dataclass(frozen=True)
class Attributed:
    """What came of it.

    Attributes:
        rows: Of table `attributions`, of this pair.
        factors: The factors that were recombined.
        not_recombined: What differs and was not: (factor, why or how).
        audited: The versions between that were audited.
    """

    rows: pl.DataFrame
    factors: tuple[str, ...]
    not_recombined: list[tuple[str, str]]
    audited: list[str]


def run_attribution(
    audit: Audit,
    pair: tuple[str, str],
    sources: tuple[str | None, str | None],
    workplace: Workplace,
    instance: dg.DagsterInstance,
    told: Callable[[str], None] = lambda _: None,
) -> Attributed:
    """Recombine what can be recombined of the difference of two audited versions. Killed, it goes on where it was.

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
    versions = [attribution.locate(key, document, source, workplace.digests)
                for key, document, source in zip(pair, documents, sources, strict=True)]  # fmt: skip
    recombination = attribution.plan_recombination(versions[0], versions[1], others, workplace.home, workplace.digests)
    known = audited_versions(store, audit)
    keys = recombination.keys(known)
    for where, system in recombination.systems.items():
        if keys[where] not in known:
            which = ", ".join(
                f"{factor} switched {order}" for (factor, order), key in keys.items() if key == keys[where]
            )
            told(f"recombining: {which}, as {keys[where]}")
            run_audit(audit, system, workplace, instance)
            known.append(keys[where])
    between = dict.fromkeys(keys.values())
    works = {key: Work(STAGES, audit, workplace, key, "") for key in (*pair, *between)}
    images = {key: work.read("images")[0] for key, work in works.items()}
    (texts,) = works[pair[0]].read("texts")
    rows = pl.DataFrame(schema=frame_schema("attributions"))
    if recombination.factors:
        rows = attribution.measure(
            store, audit, pair, recombination, keys, images, texts, workplace.embedders(audit.embedders)
        )
    keep(workplace, audit, pair, rows)
    publish(store)
    return Attributed(rows, recombination.factors, recombination.not_recombined, list(between))


def keep(workplace: Workplace, audit: Audit, pair: tuple[str, str], rows: pl.DataFrame) -> None:
    """Record the rows beside those of other pairs with the same later version, unless they are what is recorded.

    Raises:
        CheckFailed: They break a rule. They are not recorded, only which rule it was.
    """
    (before, after), store, name = pair, workplace.store, ATTRIBUTIONS.name
    former = pl.DataFrame(schema=frame_schema(name))
    with store.open() as con:
        known = ledger.latest(con, ASSET, after, audit.audit)
        if known is not None:
            former = ledger.read_table(con, name, known.version)
    table = pl.concat([former.filter(pl.col("before") != before), rows])
    content = digest({name: table})
    if known is not None and known.is_of(content, CODE_VERSION):
        return
    run_id = str(uuid4())
    results = [] if table.is_empty() else check(ATTRIBUTIONS, Checked(table))
    failed = [one for one in results if not one.success]
    version = None
    if not failed:
        version, _ = record_if_new(
            store, {name: table}, asset=ASSET, partition=after, audit=audit.audit, run_id=run_id,
            code_version=CODE_VERSION, data_version=content, input_versions={"before": before},
        )  # fmt: skip
    if results:
        about = {"run_id": run_id, "version": version, "partition": after, "audit": audit.audit}
        with store.open() as con:
            quality.append(con, result_rows(results, name, asset=ASSET, **about))
    if failed:
        lines = (f"{audit.audit}/{ASSET}: {one.rule}: failed for {one.unexpected or 'the table'}" for one in failed)
        raise CheckFailed("\n".join(lines))
