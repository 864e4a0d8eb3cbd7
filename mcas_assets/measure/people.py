"""People as the reference: how far raters agree, how labels err by what they say, and shares that rest on them.

What counts for an image is the answer that all its raters gave; where they differ, that of the person who settled it. Images with
one answer count for nothing yet.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.measure.confusion import NO_GROUP
from mcas_assets.scoring.shares.label_error import CorrectedShares, corrected_shares
from mcas_assets.scoring.shares.people import prediction_powered
from mcas_assets.scoring.stats.raters import Agreement, krippendorff
from mcas_assets.store.schema import frame_schema

LEAST_RATED = 20
"""Rated images of a concept from which its own votes say what its labels mean; below, the errors over all concepts do."""

POWERED, POOLED = "prediction-powered", "rogan-gladen"
_MANY_UNTOLD = 0.05


def settle(votes: pl.DataFrame) -> pl.DataFrame:
    """What people say of each image of one axis.

    Args:
        votes: Rows of `review_votes` that count, of one axis.

    Returns:
        image_id, n_raters, said (`agreed`, `settled`, `open` or `single`), answer (null where open or single).
    """
    rated = votes.filter(~pl.col("is_adjudication")).group_by("image_id", maintain_order=True).agg(
        n_raters=pl.col("rater").n_unique(), first=pl.col("answer").first(), n_answers=pl.col("answer").n_unique()
    )  # fmt: skip
    third = votes.filter("is_adjudication").group_by("image_id").agg(third=pl.col("answer").last())
    differ = pl.col("n_answers") > 1
    said = (
        pl.when(pl.col("n_raters") < 2).then(pl.lit("single")).when(~differ).then(pl.lit("agreed"))
        .when(pl.col("third").is_not_null()).then(pl.lit("settled")).otherwise(pl.lit("open"))
    )  # fmt: skip
    found = rated.join(third, on="image_id", how="left", maintain_order="left").with_columns(said=said)
    answer = pl.when(said=pl.lit("agreed")).then("first").when(said=pl.lit("settled")).then("third")
    return found.select("image_id", "n_raters", "said", answer=answer)


def measure(
    audit: Audit, images: pl.DataFrame, labels: pl.DataFrame, draw: pl.DataFrame, votes: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The rows of `rater_agreement`, `people_confusion` and `people_shares` of one system version: of each axis with votes.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.
        labels: Its rows of `image_labels`.
        draw: Its rows of `review_draws`.
        votes: Its rows of `review_votes` that count.
    """
    tables: dict[str, list[dict]] = {"rater_agreement": [], "people_confusion": [], "people_shares": []}
    for name in audit.axes:
        of_axis = votes.filter(axis=name)
        if of_axis.is_empty():
            continue
        version = images["system_version"][0]
        about = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit, "axis": name}
        settled = settle(of_axis)
        tables["rater_agreement"].append(about | agreement(audit, name, of_axis, settled, len(draw)))
        given = _labelled(images, labels.filter(axis=name), settled)
        for (by, embedder), rows in given.group_by("labels", "embedder", maintain_order=True):
            labeller = about | {"labels": by, "embedder": embedder}
            tables["people_confusion"] += _confusion(labeller, audit, name, rows)
            tables["people_shares"] += _shares(labeller, audit, name, rows)
    return {table: pl.DataFrame(rows, schema=frame_schema(table)) for table, rows in tables.items()}


def agreement(audit: Audit, axis: str, votes: pl.DataFrame, settled: pl.DataFrame, n_drawn: int) -> dict:
    """The numbers of `rater_agreement` of one axis."""
    rated = votes.filter(~pl.col("is_adjudication"))
    values = [*(group.name for group in audit.axes[axis].groups), NO_GROUP]
    counts = np.stack([
        rated.group_by("image_id", maintain_order=True).agg((pl.col("answer") == value).sum().alias("n"))["n"].to_numpy()
        for value in values
    ], axis=1) if len(rated) else np.zeros((0, len(values)))  # fmt: skip
    options = {"level": audit.inference.level, "seed": audit.inference.seed}
    every, told = krippendorff(counts, **options), krippendorff(counts[:, :-1], **options)
    said = settled["said"].value_counts()
    n = dict(said.iter_rows())
    return {
        "n_drawn": n_drawn, "n_raters": rated["rater"].n_unique(), "n_rated": len(settled) - n.get("single", 0),
        **{f"n_{word}": n.get(word, 0) for word in ("single", "agreed", "settled", "open")},
        "n_no_group": int((settled["answer"] == NO_GROUP).sum()),
        **_alpha(every, "alpha", "alpha_low", "alpha_high", "reason"),
        **_alpha(told, "told_alpha", "told_low", "told_high", "told_reason"),
    }  # fmt: skip


def _alpha(found: Agreement, value: str, low: str, high: str, reason: str) -> dict:
    numbers = zip((value, low, high), (found.alpha, found.low, found.high), strict=True)
    return {name: None if found.reason else number for name, number in numbers} | {reason: found.reason}


def _labelled(images: pl.DataFrame, labels: pl.DataFrame, settled: pl.DataFrame) -> pl.DataFrame:
    """concept, label, answer and said of each delivered image of a concept, by each labeller."""
    shown = images.filter(pl.col("role") != "attribute", outcome="ok").select("image_id", "concept", "sha256")
    uses = shown.unique(["image_id", "concept"], keep="first", maintain_order=True)
    return uses.join(labels.select("sha256", "labels", "embedder", "label"), on="sha256", maintain_order="left_right").join(
        settled.select("image_id", "said", "answer"), on="image_id", how="left", maintain_order="left"
    )  # fmt: skip


def _table(rows: pl.DataFrame, names: list[str]) -> np.ndarray:
    """(k + 1, k + 1) counts of the rated images: row = label, column = what people say; the last of both is no group."""
    k, table = len(names), np.zeros((len(names) + 1, len(names) + 1), dtype=np.int64)
    place = {name: i for i, name in enumerate(names)}
    for label, answer in rows.drop_nulls("answer").select("label", "answer").iter_rows():
        table[place.get(label, k), place.get(answer, k)] += 1
    return table


def _confusion(about: Mapping, audit: Audit, axis: str, rows: pl.DataFrame) -> list[dict]:
    names = [group.name for group in audit.axes[axis].groups]
    table, words = _table(rows, names).T, [*names, NO_GROUP]
    return [
        {
            **about, "group_name": said, "answer": answer, "n_images": int(n), "n_known": int(of.sum()),
            "rate": n / of.sum() if of.sum() else None,
            "reason": None if of.sum() else "people say so of no rated image",
        }
        for said, of in zip(words, table, strict=True)
        for answer, n in zip(words, of, strict=True)
    ]  # fmt: skip


def _shares(about: Mapping, audit: Audit, axis: str, rows: pl.DataFrame) -> list[dict]:
    names, everywhere = [group.name for group in audit.axes[axis].groups], rows
    pooled = _table(everywhere, names)
    n_open = int((everywhere["said"] == "open").sum())
    found = []
    for category, concept, _ in targets_of(audit):
        of_concept = rows.filter(concept=concept)
        table = _table(of_concept, names)
        counts = [int((of_concept["label"] == name).sum()) for name in names]
        n_rated, n_images = int(table.sum()), len(of_concept)
        is_own = n_rated >= LEAST_RATED or (0 < n_rated == n_images)
        here = int((of_concept["said"] == "open").sum())
        shares = _own(counts, n_images, table, audit) if is_own else _pooled(counts, pooled, audit, names)
        waiting = here if is_own else n_open
        reason = f"images that raters differ on and nobody has settled: {waiting}" if waiting else shares.reason
        for g, name in enumerate(names):
            numbers = zip(
                ("share", "share_low", "share_high"), (shares.shares[g], shares.low[g], shares.high[g]), strict=True
            )
            found.append({
                **about, "category": category, "concept": concept, "group_name": name, "n_images": n_images,
                "n_rated": n_rated, "n_group": int(table[:, g].sum()), "n_open": here,
                "method": POWERED if is_own else POOLED, "reason": reason, "note": None if is_own else _note(pooled),
                **{key: None if reason else float(value) for key, value in numbers},
            })  # fmt: skip
    return found


def _own(counts: list[int], n_images: int, table: np.ndarray, audit: Audit) -> CorrectedShares:
    labelled = [*counts, n_images - sum(counts)]
    return prediction_powered(labelled, table, level=audit.inference.level, seed=audit.inference.seed)


def _pooled(counts: list[int], pooled: np.ndarray, audit: Audit, names: list[str]) -> CorrectedShares:
    """By the errors of the labels over all concepts, (k, k + 1): row = what people say, column = label."""
    known = pooled.T[: len(names)]
    found = corrected_shares(counts, known, level=audit.inference.level)
    unknown = [name for name, row in zip(names, known, strict=True) if not row.sum()]
    if not unknown or not sum(counts):
        return found
    reason = f"people told {' or '.join(unknown)} in no rated image"
    return CorrectedShares(found.shares, found.low, found.high, found.standard_error, reason)


def _note(pooled: np.ndarray) -> str | None:
    """Images in which people tell no group count for one where labels give them one: their part is not taken off."""
    untold, rated = int(pooled[:-1, -1].sum()), int(pooled[:-1].sum())
    if rated and untold / rated > _MANY_UNTOLD:
        return f"labels give a group to {untold} of {rated} rated images in which people tell none"
    return None
