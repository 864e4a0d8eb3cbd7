"""Who is shown: the share of every declared group in every concept, by every labeller, with what was not counted.

A labeller tells the perceived group of an image: zero-shot by an embedder of the panel, or, for an axis whose
groups name Monk tones, by the tone of the person's pixels (`tone`). Perceived presentation is measured,
nobody's identity. Shares against reference populations are in `amplify`; the arithmetic is `scoring`.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
import polars as pl

from mcas_assets.core.outcomes import OURS
from mcas_assets.core.overlap import ahead
from mcas_assets.declare.audit import Audit, Targets, targets_of
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure.confusion import Label, Labeller, confusion, correct, correction_note
from mcas_assets.measure.tone import ToneReader
from mcas_assets.measure.vectors import Vectors, read_all_vectors
from mcas_assets.scoring.shares.representation import ABSTAIN, group_labels, representation
from mcas_assets.scoring.shares.skin_tone import UNREADABLE
from mcas_assets.store import files
from mcas_assets.store import tones as tone_facts
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

SCALE = 100.0
"""Inverse temperature for an embedder that does not say its own: that of CLIP."""

TONES_AT_ONCE = 4096
"""Tones that are committed together: some seconds' work."""


def label_images(
    store: Store,
    audit: Audit,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    embedders: list[Embedder],
    tone_reader: ToneReader,
) -> dict[str, list[Labeller]]:
    """What every labeller says of the delivered images of one system version, by axis.

    Args:
        store: Where vectors and image files are.
        audit: The declaration.
        images: Rows of `images` of this version.
        texts: Rows of `texts`.
        embedders: The panel; only names, ids, lengths and logit scales are used, none is loaded.
        tone_reader: Reads axes whose groups name Monk tones, beside the embedders.

    Raises:
        StoreError: A vector is not stored, or an image file was changed or deleted.
    """
    found: dict[str, list[Labeller]] = {axis: [] for axis in audit.axes}
    for embedder in embedders:
        image_vectors, text_vectors = read_all_vectors(store, embedder, images, texts)
        for name, axis in audit.axes.items():
            found[name].append(
                zero_shot(name, axis, texts, image_vectors, text_vectors, embedder, audit.inference.confidence)
            )
    if any(has_tones(axis) for axis in audit.axes.values()):
        tones = read_tones(store, images, tone_reader)
        for name, axis in audit.axes.items():
            if has_tones(axis):
                found[name].append(by_tone(axis, tones))
    return found


def measure(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labeller]]) -> pl.DataFrame:
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


def label_rows(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labeller]]) -> pl.DataFrame:
    """The rows of table `image_labels` of one system version: what each labeller says of each image, by axis."""
    about = {"audit": audit.audit, "system_version": images["system_version"][0]}
    parts = [
        pl.DataFrame(
            {"sha256": list(labeller.of), "label": [named(label, audit.axes[axis]) for label in labeller.of.values()]},
            schema={"sha256": pl.String, "label": pl.String},
        ).with_columns(
            **{name: pl.lit(value) for name, value in about.items()}, axis=pl.lit(axis), labels=pl.lit(labeller.labels),
            embedder=pl.lit(labeller.embedder, pl.String),
        )
        for axis, of_axis in labellers.items() for labeller in of_axis
    ]  # fmt: skip
    schema = frame_schema("image_labels")
    return pl.concat([part.select(*schema) for part in parts]) if parts else schema.to_frame()


def named(label: Label, axis: Axis) -> str:
    """A label as tables hold it: the name of its group, or why it counts for none."""
    return axis.groups[label].name if isinstance(label, int) else label


def n_labelled(audit: Audit, n_embedders: int) -> tuple[int, int]:
    """(rows of `representation`, pairs of a labelled axis and a concept among them) that an audit gives."""
    labellers = {name: n_embedders + has_tones(axis) for name, axis in audit.axes.items()}
    concepts = len(audit.concepts) + len(audit.neutral)
    groups = sum(labellers[name] * len(axis.groups) for name, axis in audit.axes.items())
    return groups * concepts, sum(labellers.values()) * concepts


def digest(tables: Iterable[pl.DataFrame]) -> str:
    """64 hex digits of all rows."""
    rows = [table.select(sorted(table.columns)).rows() for table in tables]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def with_labels(digest_of_shares: str, labels: pl.DataFrame) -> str:
    """The digest of shares with that of the labels that they count, which may be many."""
    known = hashlib.sha256(digest_of_shares.encode())
    for part in labels.sort("axis", "labels", "embedder", "sha256").iter_slices(100_000):
        known.update(part.write_csv(include_header=False).encode())
    return known.hexdigest()


def has_tones(axis: Axis) -> bool:
    """Whether the groups of an axis can be told by skin tone."""
    return all(group.monk_tones for group in axis.groups)


def zero_shot(
    name: str,
    axis: Axis,
    texts: pl.DataFrame,
    image_vectors: Vectors,
    text_vectors: Vectors,
    embedder: Embedder,
    confidence: float,
) -> Labeller:
    """Labels by a softmax over the cosines with the groups' texts; an image below `confidence` is 'ambiguous'."""
    ids = {group.name: texts.filter(kind="group", axis=name, concept=group.name)["text_id"] for group in axis.groups}
    group_vectors = [np.stack([text_vectors[text] for text in ids[group.name]]) for group in axis.groups]
    contents = list(image_vectors)
    if not contents:
        return Labeller("zero-shot", embedder.name, {})
    scale = embedder.logit_scale or SCALE
    labels = group_labels(
        np.stack([image_vectors[sha] for sha in contents]), group_vectors, scale=scale, confidence=confidence
    ).labels
    of = {sha: "ambiguous" if label == ABSTAIN else int(label) for sha, label in zip(contents, labels, strict=True)}
    return Labeller("zero-shot", embedder.name, of)


def pole_labels(
    name: str, audit: Audit, texts: pl.DataFrame, image_vectors: Vectors, text_vectors: Vectors, embedder: Embedder
) -> dict[str, int] | None:
    """By sha256: 0 for the group of pole a, 1 for that of pole b (or the other of two), 2 and more for others, -1 for none.

    Labels are zero-shot by the embedder whose scores they explain. None for an axis of fewer than two groups.
    """
    axis = audit.axes[name]
    if len(axis.groups) < 2:
        return None
    of = zero_shot(name, axis, texts, image_vectors, text_vectors, embedder, audit.inference.confidence).of
    if len(axis.groups) == 2:
        is_turned = axis.groups[1].name == axis.a.name
        order = {0: int(is_turned), 1: int(not is_turned)}
    else:
        poles = {axis.a.name: 0, axis.b.name: 1}
        order = {i: poles.get(group.name, 2 + i) for i, group in enumerate(axis.groups)}
    return {sha: order.get(label, -1) if isinstance(label, int) else -1 for sha, label in of.items()}


def read_tones(store: Store, images: pl.DataFrame, reader: ToneReader) -> dict[str, int]:
    """The Monk tone of every delivered image by sha256, or `UNREADABLE`: read where it is not known yet, and kept.

    Raises:
        StoreError: A file that must be read was changed or deleted.
    """
    delivered = images.filter(outcome="ok").unique("sha256", maintain_order=True).select("sha256", "path")
    with store.open() as con:
        known = tone_facts.read_tones(con, reader.id, delivered["sha256"])
    threads = files.readers(store.home)
    for chunk in delivered.filter(~pl.col("sha256").is_in(list(known))).iter_slices(TONES_AT_ONCE):
        tones = ahead(partial(_read_tone, store, reader), chunk.iter_rows(), threads, threads)
        found = dict(zip(chunk["sha256"], tones, strict=True))
        with store.open() as con:
            tone_facts.append_tones(con, reader.id, found)
        known |= found
    return {sha: known[sha] for sha in delivered["sha256"]}


def _read_tone(store: Store, reader: ToneReader, row: tuple[str, str]) -> int:
    sha256, path = row
    return reader.tone(files.read_image(store.home, path, sha256))


def by_tone(axis: Axis, tones: Mapping[str, int]) -> Labeller:
    """Labels by the tones that the groups name; a tone of no group is 'outside', none at all 'unreadable'."""
    place = {tone: i for i, group in enumerate(axis.groups) for tone in group.monk_tones}
    unread = {UNREADABLE: "unreadable"}
    return Labeller("pixels", None, {sha: place.get(tone, unread.get(tone, "outside")) for sha, tone in tones.items()})


def shares(
    about: Mapping[str, str], axis: Axis, targets: Targets, images: pl.DataFrame, labeller: Labeller, level: float
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
