"""From vectors to rows: components and MCAS of every concept, by every embedder, on every axis, and how sure each is.

The arithmetic is `scoring`; here rows are gathered for it and its answers are put into rows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of, wordings_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure.multiverse import multiverse_rows, thresholds
from mcas_assets.measure.score_rows import baseline_places, component_rows, infer, mean_row, score_rows, with_ranks
from mcas_assets.measure.shares import pole_labels
from mcas_assets.measure.variances import embedder_rows, variance_rows
from mcas_assets.measure.vectors import Vectors, gather, images_of_targets, read_all_vectors
from mcas_assets.scoring.mcas.agreement import panel_agreement
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema


@dataclass(frozen=True)
class Measured:
    """The rows of one materialisation of scores.

    Attributes:
        scores: Rows of the table `scores`.
        components: Rows of the table `components`.
        means: Rows of the table `mean_scores`.
        panel: Rows of the table `panel`.
        variances: Rows of the table `score_variances`.
        multiverse: Rows of the table `multiverse`.
    """

    scores: pl.DataFrame
    components: pl.DataFrame
    means: pl.DataFrame
    panel: pl.DataFrame
    variances: pl.DataFrame
    multiverse: pl.DataFrame

    def digest(self) -> str:
        """64 hex digits of all rows."""
        frames = (self.scores, self.components, self.means, self.panel, self.variances, self.multiverse)
        rows = [frame.select(sorted(frame.columns)).rows() for frame in frames]
        return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def measure(
    store: Store, audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, embedders: list[Embedder]
) -> Measured:
    """Score an audit of one system version.

    Args:
        store: Where the vectors are.
        audit: The declaration.
        images: Rows of `images` of this version.
        texts: Rows of `texts`.
        embedders: The panel; only their ids and lengths are used, none is loaded.

    Returns:
        One score row for each axis, embedder and concept (neutral ones too), and four component rows for each of those,
        the mean score of each axis and embedder, and how the panel agrees on each axis.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    targets = targets_of(audit)
    scores, components, means, variances, many = [], [], [], [], []
    for embedder in embedders:
        image_vectors, text_vectors = read_all_vectors(store, embedder, images, texts)
        for axis in audit.axes:
            labels = pole_labels(axis, audit, texts, image_vectors, text_vectors, embedder)
            vectors = gather(axis, targets, images, texts, image_vectors, text_vectors, labels, wordings_of(audit))
            about = {**key, "axis": axis, "embedder": embedder.name}
            intervals, tests = infer(audit, targets, vectors)
            rows = score_rows(about, targets, intervals, tests, audit.inference.level)
            scores += with_ranks(rows, targets, vectors, audit.inference.level)
            components += component_rows(about, targets, intervals, tests)
            variances += variance_rows(about, targets, vectors)
            at_thresholds = _labels(labels, axis, audit, images, texts, image_vectors, text_vectors, embedder)
            many += multiverse_rows(about, audit, targets, vectors, at_thresholds)
            means.append(mean_row(about, targets, vectors, baseline_places(audit, targets), audit.inference.level))
    table = _table("scores", scores)
    agreement = [key | {"axis": axis, **_panel_row(table.filter(axis=axis))} for axis in audit.axes]
    panel = pl.DataFrame(agreement, schema=frame_schema("panel"))
    means_table = pl.DataFrame(means, schema=frame_schema("mean_scores"))
    variances += embedder_rows(key, table, [embedder.name for embedder in embedders])
    variances_table = pl.DataFrame(variances, schema=frame_schema("score_variances"))
    return Measured(
        _with_stability(table), _table("components", components), means_table, panel, variances_table,
        pl.DataFrame(many, schema=frame_schema("multiverse")),
    )  # fmt: skip


def _labels(
    declared: Mapping[str, int] | None,
    axis: str,
    audit: Audit,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    image_vectors: Vectors,
    text_vectors: Vectors,
    embedder: Embedder,
) -> dict[float, np.ndarray]:
    """By confidence, the labels of the images of targets in the order of `gather`; none for an axis of more than two groups.

    `declared` are those at the confidence of the audit, by sha256.
    """
    if declared is None:
        return {}
    about, found = images_of_targets(targets_of(audit), images), {}
    for confidence in thresholds(audit):
        at = audit.inference.model_copy(update={"confidence": confidence})
        labels = declared
        if confidence != audit.inference.confidence:
            labels = pole_labels(
                axis, audit.model_copy(update={"inference": at}), texts, image_vectors, text_vectors, embedder
            )
        if labels is not None:
            found[confidence] = np.array([labels[sha] for sha in about["sha256"]], dtype=np.int64)
    return found


def _table(name: str, rows: list[dict]) -> pl.DataFrame:
    # Of a system that declined every request no number is known, and a column of nulls alone would have no type.
    kinds = {column: kind for column, kind in frame_schema(name).items() if column in rows[0]}
    return pl.DataFrame(rows, schema_overrides=kinds)


def _with_stability(scores: pl.DataFrame) -> pl.DataFrame:
    """`stable`: the intervals of all embedders lie on one side of 0; `sign_agreement`: the share of them on the majority's side.

    Both are of the adjusted score, and null with a panel of one or where an embedder has no such number.
    """
    parts = []
    for part in scores.partition_by("axis", maintain_order=True):
        concepts, table = _by_embedder(part, "adjusted")
        known = pl.DataFrame({"concept": concepts}).with_columns(
            stable=pl.lit(None, pl.Boolean), sign_agreement=pl.lit(None, pl.Float64)
        )
        if len(table) > 1:
            _, low = _by_embedder(part, "adjusted_low")
            _, high = _by_embedder(part, "adjusted_high")
            found = panel_agreement(table, low, high)
            is_known = np.asarray(~np.isnan(table + low + high).any(axis=0))
            stable = [bool(one) if told else None for one, told in zip(found.stable, is_known, strict=True)]
            known = known.with_columns(
                stable=pl.Series(stable, dtype=pl.Boolean),
                sign_agreement=pl.Series(found.sign_agreement).fill_nan(None),
            )
        parts.append(part.join(known, on="concept", how="left", maintain_order="left"))
    return pl.concat(parts)


def _panel_row(scores: pl.DataFrame) -> dict:
    """How the panel agrees on the concepts of one axis; neutral prompts are not asked."""
    asked = scores.filter(pl.col("category") != "neutral")
    (_, table), (_, low), (_, high) = (_by_embedder(asked, name) for name in ("mcas", "adjusted_low", "adjusted_high"))
    found = panel_agreement(table, low, high)
    is_told = len(table) > 1 and asked["adjusted_low"].is_not_null().any()
    pairs = found.rank_correlations[np.triu_indices(len(table), 1)]
    pairs = pairs[~np.isnan(pairs)]
    return {
        "n_embedders": len(table),
        "n_concepts": int((~np.isnan(table).any(axis=0)).sum()),
        "n_stable": int(found.stable.sum()) if is_told else None,
        "rank_agreement": _within(found.rank_agreement.value),
        "lowest_correlation": _within(pairs.min()) if len(pairs) else None,
        "reason": found.rank_agreement.reason,
    }


def _within(value: float | None) -> float | None:
    """A coefficient in [-1, 1], which rounding may have put a hair outside."""
    return None if value is None else max(-1.0, min(1.0, float(value)))


def _by_embedder(scores: pl.DataFrame, column: str) -> tuple[pl.Series, np.ndarray]:
    """(concepts, (embedders, concepts) numbers of a column with NaN for none) of one axis."""
    wide = scores.pivot("embedder", index="concept", values=column, maintain_order=True)
    return wide["concept"], wide.drop("concept").cast(pl.Float64).to_numpy().T
