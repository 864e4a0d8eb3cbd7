"""Two versions of a system, or of two, on the images that both have under the same prompt and seed: what changed.

The arithmetic is `scoring`; here images are paired, and its answers are put into rows. Shares and refusals are in
`compare_labels`, what else than the weights differs in `compare_factors`.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing, neutral_places
from mcas_assets.compare.summary import head_row, over_all
from mcas_assets.declare.audit import Audit, Targets, targets_of, wordings_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure import embeddings as embed
from mcas_assets.measure.shares import pole_labels
from mcas_assets.measure.vectors import gather, read_all_vectors
from mcas_assets.scoring.changes.changes import Comparison, Task, blank
from mcas_assets.scoring.changes.comparison import compare_pairs
from mcas_assets.scoring.changes.headline import Headline, headline
from mcas_assets.scoring.changes.pairs import CHANGES, Change, Pairs
from mcas_assets.scoring.changes.stages import Stages
from mcas_assets.scoring.mcas.draws import Draws, grouping
from mcas_assets.scoring.mcas.noise import noise_band
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.power import POWER
from mcas_assets.store import facts
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

_FLOATS = ("value_before", "value_after", "difference", "low", "high", "p_value", "q_value", "minimum_detectable")


@dataclass(frozen=True)
class Changes:
    """The rows of one pair of versions.

    Attributes:
        comparisons: Of table `comparisons`.
        summary: Of table `comparison_summary`.
    """

    comparisons: pl.DataFrame
    summary: pl.DataFrame


def measure(
    store: Store,
    audit: Audit,
    about: Mapping[str, object],
    pairing: Pairing,
    texts: pl.DataFrame,
    embedders: list[Embedder],
    lacking: Mapping[str, str],
) -> Changes:
    """Compare the scores of two versions.

    Args:
        store: Where the vectors are.
        audit: The declaration.
        about: system, system_version, before, after, is_predecessor, audit, inputs and further_note.
        pairing: Their images.
        texts: Rows of `texts`.
        embedders: The panel; none is loaded.
        lacking: By the name of an embedder that the versions cannot be compared by, why; see `without_vectors`.

    Returns:
        One comparison for each axis, embedder, concept and component (`adjusted` not of neutral prompts), and a summary
        for each axis and embedder and one over all.
    """
    of_summary = {name: about[name] for name in ("inputs", "further_note")}
    key = {name: value for name, value in about.items() if name not in of_summary}
    rows, heads = [], []
    for embedder in embedders:
        why = lacking.get(embedder.name)
        if not why:
            both = pl.concat([pairing.before, pairing.after])
            shown, said = read_all_vectors(store, embedder, both, texts)
        for axis in audit.axes:
            where = key | {"axis": axis, "embedder": embedder.name}
            if why:
                measured = _nothing(audit, why)
            else:
                labels = pole_labels(axis, audit, texts, shown, said, embedder)
                versions = [
                    gather(axis, targets_of(audit), one, texts, shown, said, labels, wordings_of(audit))
                    for one in (pairing.before, pairing.after)
                ]
                measured = _measure(audit, versions, stages_of(audit, pairing))
            found = _rows(audit, where, pairing, measured)
            rows += found
            heads.append(head_row(audit, where, pairing, found, measured.headline, measured.reason))
    heads.append(over_all(audit, key | {"axis": None, "embedder": None}, pairing, rows, heads))
    summary = pl.DataFrame([head | of_summary for head in heads], schema=frame_schema("comparison_summary"))
    return Changes(pl.DataFrame(rows, schema=frame_schema("comparisons")), summary)


def task_of(audit: Audit, vectors: AuditVectors) -> Task:
    """How the audit declares that changes are inferred."""
    declared = audit.inference
    draws = Draws(grouping(vectors), declared.resamples, declared.seed)
    return Task(draws, declared.level, POWER, "bca", declared.permutations, declared.seed, len(audit.concepts))


def stages_of(audit: Audit, pairing: Pairing) -> Stages | None:
    """Which concepts were dropped, or None where all have the same pairs."""
    if not pairing.dropped:
        return None
    dropped = np.array([name in pairing.dropped for _, name, _ in targets_of(audit)])
    whole = audit.images_per_prompt.concept + sum(each for _, each in audit.rounds)
    return Stages(dropped, whole, audit.comparison.below)


@dataclass(frozen=True)
class _Measured:
    """What is known of one axis by one embedder: by component and concept; values and noise are (c, 5)."""

    found: Mapping[Change, list[Comparison]]
    before: np.ndarray
    after: np.ndarray
    noise: np.ndarray
    headline: Headline | None
    reason: str | None = None


def _measure(audit: Audit, versions: list[AuditVectors], stages: Stages | None) -> _Measured:
    neutral = neutral_places(audit)
    pairs, task = Pairs(*versions, np.asarray(neutral, dtype=np.int64)), task_of(audit, versions[0])
    found = compare_pairs(pairs, task, audit.inference.detectable, stages)
    noise = noise_band(versions, neutral, level=audit.inference.level, seed=audit.inference.seed)
    return _Measured(found, pairs.before, pairs.after, noise, headline(pairs, task))


def _nothing(audit: Audit, reason: str) -> _Measured:
    count = len(targets_of(audit))
    unknown = np.full((count, len(CHANGES)), np.nan)
    return _Measured({name: [blank(0, reason)] * count for name in CHANGES}, unknown, unknown, unknown, None, reason)


def without_vectors(
    store: Store, about: Mapping[str, object], pairing: Pairing, embedders: list[Embedder]
) -> dict[str, str]:
    """By the name of each embedder that the versions cannot be compared by, why: one of them was not embedded with it."""
    reasons = {}
    for embedder in embedders:
        embed.register(store, embedder)
        for frame, when in ((pairing.before, "before"), (pairing.after, "after")):
            wanted = frame["sha256"].unique().to_list()
            with store.open() as con:
                have = facts.have_vectors(con, embedder.id, embedder.dim, "image", wanted)
            if len(have) < len(wanted):
                problem = f"{about[when]} was not embedded with {embedder.name} ({embedder.id})"
                reasons[embedder.name] = f"{problem}: audit it again, which draws nothing"
    return reasons


def _rows(audit: Audit, where: dict, pairing: Pairing, measured: _Measured) -> list[dict]:
    targets: Targets = targets_of(audit)
    counts = [_counts(frame) for frame in (*pairing.delivered, pairing.before)]
    n_further = _counts(pairing.before.filter("is_further"))
    rows = []
    for c, (category, concept, _) in enumerate(targets):
        for k, component in enumerate(CHANGES):
            if component == "adjusted" and category == "neutral":
                continue
            one = measured.found[component][c]
            n_before, n_after, n_pairs = (count.get(concept, 0) for count in counts)
            known = one.difference is not None
            rows.append({
                **where, "category": category, "concept": concept, "component": component,
                "n_before": n_before, "n_after": n_after, "n_pairs": n_pairs,
                "value_before": _known(measured.before[c, k]) if known else None,
                "value_after": _known(measured.after[c, k]) if known else None,
                "difference": one.difference, "low": one.low, "high": one.high, "p_value": one.p_value,
                "q_value": one.q_value, "minimum_detectable": one.minimum_detectable,
                "noise_band": _known(measured.noise[c, k]),
                "n_needed": _needed(one.minimum_detectable, audit.inference.detectable, n_pairs),
                "verdict": one.verdict, "reason": one.reason, "interval_method": one.method, "interval_note": one.note,
                "n_further": n_further.get(concept, 0),
            })  # fmt: skip
    return rows


def _counts(frame: pl.DataFrame) -> dict[str, int]:
    return dict(frame.filter(pl.col("role") != "attribute").group_by("concept").len().iter_rows())


def _needed(least: float | None, wanted: float, n: int) -> int | None:
    """Pairs at which the minimum detectable change would be the wanted one: it falls with the root of the pairs."""
    return None if least is None else max(1, math.ceil(n * (least / wanted) ** 2))


def digest(tables: Mapping[str, pl.DataFrame]) -> str:
    """64 hex digits of all rows of all tables."""
    rows = {name: table.select(sorted(table.columns)).rows() for name, table in sorted(tables.items())}
    return hashlib.sha256(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
