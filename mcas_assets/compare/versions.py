"""Which version is compared with which, and the rows of all pairs of one version.

The rows of every pair that was compared under a version are kept together, each pair once: what did not move since is
carried over as it is, what did is compared anew. How one pair is compared is in `compare` and beside it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mcas_assets.compare import (
    factors as compare_factors,
)
from mcas_assets.compare import (
    fidelity as compare_fidelity,
)
from mcas_assets.compare import (
    scores as compare,
)
from mcas_assets.compare import (
    shares as compare_labels,
)
from mcas_assets.compare import (
    summary as compare_summary,
)
from mcas_assets.compare.further import Drawing, with_further
from mcas_assets.compare.pairing import pair
from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.mistakes import did_you_mean
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.find import beyond_default
from mcas_assets.labellers.protocol import Labeller
from mcas_assets.measure.labels import Key, Labelling
from mcas_assets.measure.tone import ToneReader
from mcas_assets.scoring.changes.pairs import CHANGES
from mcas_assets.store import ledger, quality
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

STAGE = "comparison"
TABLES = (
    "comparisons", "share_comparisons", "refusal_comparisons", "comparison_summary", "comparison_factors", "further_labels",
    "fidelity_comparisons",
)  # fmt: skip
FIRST = "no version of this system was audited before it"
METHOD = "6"
"""Raised by hand when the same inputs would be compared to another result: pairs are then compared anew."""

Tables = dict[str, pl.DataFrame]
Inputs = dict[str, int | str]


@dataclass(frozen=True)
class Instruments:
    """What versions are compared with.

    Attributes:
        embedders: The panel of the audit; none is loaded.
        tone_reader: Reads skin tones from pixels.
        labellers: Those of the audit.
        drawing: What further images are drawn with; None where nothing is to be drawn.
    """

    embedders: list[Embedder]
    tone_reader: ToneReader
    labellers: Sequence[Labeller]
    drawing: Drawing | None = None


def compare_all(
    store: Store, audit: Audit, after: str, asked: Sequence[str], instruments: Instruments
) -> tuple[Tables, Inputs]:
    """The rows of every pair of a version: with its predecessor, with what is asked, with what was asked before.

    Args:
        store: The store.
        audit: The declaration.
        after: The later version.
        asked: Versions to compare it with.
        instruments: What versions are compared with.

    Returns:
        The rows of each table of `TABLES`, and the ledger's versions of what went into them. Without any pair there is one
        row, of the summary, that says so.

    Raises:
        StoreError: A version has no images in this audit.
    """
    former = former_tables(store, audit, after)
    previous = predecessor(store, audit, after)
    parts, inputs = [], _sources(store, audit, after)[0]
    for before in dict.fromkeys([*([previous] if previous else []), *_compared(former), *asked]):
        about = _about(audit, before, after, before == previous)
        parts.append(_compare(store, audit, about, former, instruments))
        inputs = inputs | {
            f"{stage} of {before}": v for stage, v in _sources(store, audit, before)[0].items() if stage != "texts"
        }
    if not parts:
        about = _about(audit, None, after, True) | {"inputs": None}
        parts = [{"comparison_summary": compare_summary.nothing_before(about, FIRST)}]
    return _stacked(parts), inputs


def is_current(store: Store, audit: Audit, before: str, after: str, instruments: Instruments) -> bool:
    """Whether the rows of a pair are kept, passed their checks, and nothing that went into them has moved since."""
    kept = former_tables(store, audit, after)["comparison_summary"].filter(before=before)
    with store.open() as con:
        failed = quality.newest_has_failed(con, STAGE, after, audit.audit)
    return not failed and not kept.is_empty() and kept["inputs"][0] == _digest(store, audit, before, after, instruments)


def former_tables(store: Store, audit: Audit, after: str) -> Tables:
    """The newest rows of all pairs of a version; empty frames where there are none."""
    with store.open() as con:
        row = ledger.latest(con, STAGE, after, audit.audit)
        if row is None:
            return _stacked([])
        # A table that is younger than the rows was not written with them.
        return _stacked([{name: ledger.read_table(con, name, row.version) for name in TABLES if name in row.tables}])


def expected_rows(
    table: str, audit: Audit, keys: Mapping[str, Sequence[Key]], summary: pl.DataFrame, rows: pl.DataFrame
) -> int:
    """How many rows a table must have, by what the summary says was compared, and the labellers of each axis.

    Of factors as many as there are.
    """
    pairs = summary["before"].drop_nulls().n_unique()
    if table == "comparison_summary":
        return pairs * (len(audit.axes) * len(audit.embedders) + 1) if pairs else 1
    if table == "comparisons":
        scores = len(audit.concepts) * len(CHANGES) + len(audit.neutral) * (len(CHANGES) - 1)
        return pairs * len(audit.axes) * len(audit.embedders) * scores
    if table == "refusal_comparisons":
        return pairs * len(compare_labels.subjects_of(audit))
    if table == "fidelity_comparisons":
        return pairs * compare_fidelity.n_rows(audit)
    if table == "share_comparisons":
        return pairs * compare_labels.n_share_rows(audit, keys)
    return len(rows) if pairs else 0


def of_pair(tables: Mapping[str, pl.DataFrame], before: str) -> Tables:
    """The rows of one pair."""
    return {name: table.filter(before=before) for name, table in tables.items()}


def audited_versions(store: Store, audit: Audit) -> list[str]:
    """The system versions that an audit has scores of, in the order in which it first had them."""
    with store.open() as con:
        return ledger.partitions(con, "scores", audit.audit)


def predecessor(store: Store, audit: Audit, after: str) -> str | None:
    """The version of the same system that was audited before this one, or None for the first."""
    name = after.rpartition("@")[0]
    known = [version for version in audited_versions(store, audit) if version.rpartition("@")[0] == name]
    place = known.index(after) if after in known else len(known)
    return known[place - 1] if place else None


def resolve_version(store: Store, audit: Audit, asked: str) -> str:
    """The system version that a text means: itself, the newest of a system of that name, or the only one it begins.

    Raises:
        BadInput: It means none that the audit has scores of, or several.
    """
    known = audited_versions(store, audit)
    if asked in known:
        return asked
    named = [version for version in known if version.rpartition("@")[0] == asked]
    if named:
        return named[-1]
    begun = [version for version in known if version.startswith(asked)] if asked else []
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise BadInput(asked, f"begins {len(begun)} versions: {', '.join(begun)}", "Give more of it")
    remedy = f"Audit it first: mcas audit {audit.audit} --system {asked.partition('@')[0] or 'NAME'}"
    guess = f"{did_you_mean(asked, known)}. " if known else ""
    raise BadInput(asked, f"is no system version that {audit.audit} has audited here", guess + remedy)


def resolve_pair(store: Store, audit: Audit, before: str, after: str) -> tuple[str, str]:
    """The two versions that two texts mean. See `resolve_version`.

    Raises:
        BadInput: One of them means none, or several, or both mean one.
    """
    first, second = (resolve_version(store, audit, asked) for asked in (before, after))
    if first == second:
        raise BadInput(after, f"and {before} are one version, {first}", "Name two")
    return first, second


def _compared(former: Tables) -> list[str]:
    return former["comparison_summary"]["before"].drop_nulls().unique(maintain_order=True).to_list()


def _about(audit: Audit, before: str | None, after: str, is_predecessor: bool) -> dict[str, object]:
    return {
        "system": after.rpartition("@")[0], "system_version": after, "before": before, "after": after,
        "is_predecessor": is_predecessor, "audit": audit.audit,
    }  # fmt: skip


def _compare(
    store: Store, audit: Audit, about: Mapping[str, object], former: Tables, instruments: Instruments
) -> Tables:
    """One pair: carried over where nothing that goes into it has moved. What differs is looked up in any case."""
    before, after = str(about["before"]), str(about["after"])
    digest = _digest(store, audit, before, after, instruments)
    with store.open() as con:
        factors = {"comparison_factors": compare_factors.factor_rows(con, audit.audit, about)}
    kept = of_pair(former, before)
    if not kept["comparison_summary"].is_empty() and kept["comparison_summary"]["inputs"][0] == digest:
        marked = pl.lit(about["is_predecessor"]).alias("is_predecessor")
        return {name: table.with_columns(marked) for name, table in kept.items()} | factors
    images = [_read(store, audit, "images", version, "images") for version in (before, after)]
    texts = _read(store, audit, "texts", "", "texts")
    pairing = pair(audit, *images)
    lacking = compare.without_vectors(store, about, pairing, instruments.embedders)
    note = None
    if audit.rounds and instruments.drawing:
        panel = [embedder for embedder in instruments.embedders if embedder.name not in lacking]
        pairing, note = with_further(store, audit, (before, after), pairing, texts, panel, instruments.drawing)
    about = {**about, "inputs": digest, "further_note": note}
    changes = compare.measure(store, audit, about, pairing, texts, instruments.embedders, lacking)
    about = _about(audit, before, after, bool(about["is_predecessor"]))
    labelled = Labelling(instruments.embedders, instruments.tone_reader, instruments.labellers, lacking)
    shares = compare_labels.compare_shares(store, audit, about, pairing, texts, labelled)
    refusals = compare_labels.compare_refusals(audit, about, pairing)
    return factors | {
        "comparisons": changes.comparisons, "comparison_summary": changes.summary, "share_comparisons": shares,
        "refusal_comparisons": refusals,
        "further_labels": compare_labels.label_further(store, audit, about, pairing, texts, labelled),
        "fidelity_comparisons": compare_fidelity.compare_fidelity(
            store, audit, about, pairing, texts, instruments.embedders, lacking
        ),
    }  # fmt: skip


def _digest(store: Store, audit: Audit, before: str, after: str, instruments: Instruments) -> str:
    """64 hex digits of all that the rows of a pair follow from."""
    sources = [_sources(store, audit, version)[1] for version in (before, after)]
    panel = [embedder.id for embedder in instruments.embedders]
    document = audit.document()
    asked = {
        key: document[key] for key in ("axes", "concepts", "neutral", "inference", "comparison") if key in document
    }
    what = [METHOD, sources, panel, instruments.tone_reader.id, asked, *beyond_default(instruments.labellers)]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _sources(store: Store, audit: Audit, version: str) -> tuple[Inputs, list[str]]:
    """(ledger versions, data versions) of the stages that a comparison reads.

    Raises:
        StoreError: One of them was never materialised.
    """
    rows = {}
    with store.open() as con:
        for stage, partition in (("texts", ""), ("images", version), ("embeddings", version)):
            rows[stage] = _known(store, ledger.latest(con, stage, partition, audit.audit), audit, stage, version)
    return {stage: row.version for stage, row in rows.items()}, [row.data_version for row in rows.values()]


def _read(store: Store, audit: Audit, stage: str, partition: str, table: str) -> pl.DataFrame:
    with store.open() as con:
        row = _known(store, ledger.latest(con, stage, partition, audit.audit), audit, stage, partition)
        return ledger.read_table(con, table, row.version)


def _known(store: Store, row: ledger.LedgerRow | None, audit: Audit, stage: str, version: str) -> ledger.LedgerRow:
    if row is None:
        remedy = f"Audit it first: mcas audit {audit.audit} --system {version.partition('@')[0]}"
        raise StoreError(store.path, f"{audit.audit} has no {stage} of {version}", remedy)
    return row


def _stacked(parts: Iterable[Tables]) -> Tables:
    parts = list(parts)
    empty = {name: pl.DataFrame(schema=frame_schema(name)) for name in TABLES}
    return {
        name: pl.concat([frame, *(part[name].select(frame.columns) for part in parts if name in part)])
        for name, frame in empty.items()
    }
