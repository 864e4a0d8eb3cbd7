"""Who is shown: the share of every declared group in every concept, by every labeller, with what was not counted.

Labels are of `labels`: perceived presentation is measured, nobody's identity. Shares against reference populations are in
`populations`; the arithmetic is `scoring`.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from mcas_assets.core.outcomes import OURS
from mcas_assets.declare.audit import Audit, Targets, targets_of
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.zero_shot import zero_shot
from mcas_assets.measure.confusion import Labels, confusion, correct, correction_note
from mcas_assets.measure.labels import Key
from mcas_assets.measure.vectors import Vectors
from mcas_assets.scoring.shares.representation import ABSTAIN, representation
from mcas_assets.store.schema import frame_schema


def measure(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labels]]) -> pl.DataFrame:
    """The rows of table `representation` of one system version, from `label_images`.

    Returns:
        One row for each axis, labeller, concept (neutral ones too) and group.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    rows = []
    for name, axis in audit.axes.items():
        for labeller in labellers[name]:
            rows += shares(key | {"axis": name}, axis, targets_of(audit), images, labeller, audit.inference.level)
    return pl.DataFrame(rows, schema=frame_schema("representation"))


def n_labelled(audit: Audit, keys: Mapping[str, Sequence[Key]]) -> tuple[int, int]:
    """(rows of `representation`, pairs of a labelled axis and a concept among them) that an audit gives with labellers."""
    concepts = len(audit.concepts) + len(audit.neutral)
    groups = sum(len(keys[name]) * len(axis.groups) for name, axis in audit.axes.items())
    return groups * concepts, sum(map(len, keys.values())) * concepts


def digest(tables: Iterable[pl.DataFrame]) -> str:
    """64 hex digits of all rows."""
    rows = [table.select(sorted(table.columns)).rows() for table in tables]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def pole_labels(
    name: str, audit: Audit, texts: pl.DataFrame, image_vectors: Vectors, text_vectors: Vectors, embedder: Embedder
) -> dict[str, int] | None:
    """By sha256: 0 for the group of pole a, 1 for that of pole b (or the other of two), 2 and more for others, -1 for none.

    Labels are zero-shot by the embedder whose scores they explain. None for an axis of fewer than two groups.
    """
    axis = audit.axes[name]
    if len(axis.groups) < 2:
        return None
    of = zero_shot(name, axis, texts, image_vectors, text_vectors, embedder, audit.inference.confidence)
    if len(axis.groups) == 2:
        is_turned = axis.groups[1].name == axis.a.name
        order = {0: int(is_turned), 1: int(not is_turned)}
    else:
        poles = {axis.a.name: 0, axis.b.name: 1}
        order = {i: poles.get(group.name, 2 + i) for i, group in enumerate(axis.groups)}
    return {sha: order.get(label, -1) if isinstance(label, int) else -1 for sha, label in of.items()}


def shares(
    about: Mapping[str, str], axis: Axis, targets: Targets, images: pl.DataFrame, labeller: Labels, level: float
) -> list[dict]:
    """The rows of one axis by one labeller.

    Shares are of the images that were counted. Corrected ones are of those that show a group, counted or not: see
    `corrected_shares`. What was not counted bounds the shares. Intervals hold for the concept's own wordings: images
    of one prompt, drawn from different seeds, are the independent units.
    """
    k = len(axis.groups)
    known = confusion(axis, about["axis"], images, labeller)
    rows = []
    for category, concept, _ in targets:
        of_concept = images.filter(
            (pl.col("role") != "attribute") & (pl.col("concept") == concept) & ~pl.col("outcome").is_in(sorted(OURS))
        )
        answers = [labeller.of[sha] for sha in of_concept.filter(outcome="ok")["sha256"]]
        labels = [label if isinstance(label, int) else ABSTAIN for label in answers]
        missing = Counter(of_concept.filter(pl.col("outcome") != "ok")["outcome"].to_list())
        unclear = Counter(label for label in answers if isinstance(label, str))
        found = representation(labels, k, missing, level=level)
        corrected = correct([group.count for group in found.groups], known, axis, level)
        note = correction_note(known, corrected.shares, found.n_counted, found.n_abstained)
        outcomes = {"counted": found.n_counted, **dict(sorted((unclear + missing).items()))}
        for g, group in enumerate(found.groups):
            rows.append({
                **about, "labels": labeller.labels, "embedder": labeller.embedder, "category": category,
                "concept": concept, "group_name": axis.groups[g].name, "n_prompts": of_concept["prompt_id"].n_unique(),
                "n_requested": found.n_requested, "n_missing": missing.total(), "n_abstained": found.n_abstained,
                "n_counted": found.n_counted, "n_group": group.count, "n_known": int(known[g].sum()),
                "outcomes": json.dumps(outcomes), "share": group.share, "share_low": group.low,
                "share_high": group.high, "share_worst": group.worst, "share_best": group.best,
                "corrected_share": _number(corrected.shares[g]), "corrected_low": _number(corrected.low[g]),
                "corrected_high": _number(corrected.high[g]), "reason": group.reason,
                "corrected_reason": corrected.reason,
                "corrected_note": note,
            })  # fmt: skip
    return rows


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
