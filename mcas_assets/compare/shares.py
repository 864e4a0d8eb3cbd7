"""Shares of perceived groups, and refusals, of two versions, paired by prompt and seed: what changed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing
from mcas_assets.core.outcomes import REFUSED, SETTLED
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.declare.parts import Axis
from mcas_assets.measure.confusion import Labels, confusion, correct
from mcas_assets.measure.labels import Key, Labelling, each_labels, named
from mcas_assets.measure.shares import n_labelled
from mcas_assets.scoring.changes.changes import Comparison, blank
from mcas_assets.scoring.changes.comparison import judge, not_judged
from mcas_assets.scoring.changes.paired_shares import (
    Table,
    corrected_change,
    paired_share,
    paired_table,
)
from mcas_assets.scoring.shares.label_error import CorrectedShares
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

MEASURES = ("share", "corrected_share")
CERTAIN = 1_000_000
"""Images of known group, for each that there is, at which nothing is left to know of how labels err."""

_ENDS = ("difference", "low", "high", "p_value", "q_value", "minimum_detectable")


def compare_shares(
    store: Store, audit: Audit, about: Mapping[str, object], pairing: Pairing, texts: pl.DataFrame, labelling: Labelling
) -> pl.DataFrame:
    """Compare who is shown.

    Args:
        store: Where vectors and files are.
        audit: The declaration.
        about: system, system_version, before, after, is_predecessor, audit.
        pairing: The images of the two versions.
        texts: Rows of `texts`.
        labelling: What tells the groups.

    Returns:
        One row for each axis, labeller, concept (neutral ones too), group and measure, as table `share_comparisons`.
    """
    both = pl.concat([pairing.before, pairing.after])
    rows = []
    for name, (labels, embedder), labeller in each_labels(store, audit, both, texts, labelling):
        where = {**about, "axis": name, "labels": labels, "embedder": embedder}
        if labeller is None:
            rows += _unlabelled(audit, where, audit.axes[name], labelling.lacking[str(embedder)])
        else:
            rows += _shares(audit, where, name, audit.axes[name], pairing, labeller)
    return pl.DataFrame(rows, schema=frame_schema("share_comparisons"))


def label_further(
    store: Store, audit: Audit, about: Mapping[str, object], pairing: Pairing, texts: pl.DataFrame, labelling: Labelling
) -> pl.DataFrame:
    """What every labeller says of the images of the later rounds, which are no rows of `image_labels`. See `compare_shares`.

    Returns:
        One row for each axis, labeller and image, as table `further_labels`.
    """
    drawn = pl.concat([pairing.before, pairing.after]).filter("is_further")
    schema = frame_schema("further_labels")
    parts = [
        drawn.select(
            **{key: pl.lit(value) for key, value in about.items()}, axis=pl.lit(name), labels=pl.lit(labels),
            embedder=pl.lit(embedder, pl.String), concept="concept", image_id="image_id",
            label=pl.Series([named(labeller.of[sha], audit.axes[name]) for sha in drawn["sha256"]], dtype=pl.String),
        )
        for name, (labels, embedder), labeller in each_labels(store, audit, drawn, texts, labelling) if labeller
    ]  # fmt: skip
    return pl.concat([part.select(*schema) for part in parts]) if parts and len(drawn) else schema.to_frame()


def _unlabelled(audit: Audit, where: dict, axis: Axis, reason: str) -> list[dict]:
    none = dict.fromkeys(("n_pairs", "n_uncounted", "n_only_before", "n_only_after"), 0)
    empty = {
        **dict.fromkeys(frame_schema("share_comparisons")),
        **where,
        **none,
        "verdict": "not judged",
        "reason": reason,
    }
    return [
        {**empty, "category": category, "concept": concept, "group_name": group.name, "measure": measure}
        for category, concept, _ in targets_of(audit)
        for group in axis.groups
        for measure in MEASURES
    ]


def _shares(audit: Audit, where: dict, name: str, axis: Axis, pairing: Pairing, labeller: Labels) -> list[dict]:
    options: dict[str, Any] = {"level": audit.inference.level, "family": len(audit.concepts)}
    known = [confusion(axis, name, frame, labeller) for frame in (pairing.before, pairing.after)]
    rows: list[tuple[dict, Comparison]] = []
    for category, concept, _ in targets_of(audit):
        labels = [_labels(frame, concept, labeller) for frame in (pairing.before, pairing.after)]
        counted = (labels[0] >= 0) & (labels[1] >= 0)
        old, new = (one[counted] for one in labels)
        corrected = _corrected(labels, known, axis, audit.inference.level)
        for g, group in enumerate(axis.groups):
            table = paired_table(old == g, new == g)
            row = {
                **where, "category": category, "concept": concept, "group_name": group.name, "n_pairs": table.n,
                "n_uncounted": int((~counted).sum()), "n_only_before": table.only_before,
                "n_only_after": table.only_after,
            }  # fmt: skip
            plain = paired_share(table, **options)
            change = corrected_change(*corrected[0], g, table, corrected[1], **options)
            if concept in pairing.dropped:
                plain, change = (_not_below(one, audit.comparison.below) for one in (plain, change))
            values = table.shares if table.n else (None, None)
            rows.append((row | {"measure": "share", "value_before": values[0], "value_after": values[1]}, plain))
            shares = [float(one.shares[g]) if change.difference is not None else None for one in corrected[0]]
            rows.append(
                (row | {"measure": "corrected_share", "value_before": shares[0], "value_after": shares[1]}, change)
            )
    families = [None if row["category"] == "neutral" else (row["group_name"], row["measure"]) for row, _ in rows]
    return _judged(rows, families, audit)


def _corrected(
    labels: list[np.ndarray], known: list[np.ndarray], axis: Axis, level: float
) -> list[tuple[CorrectedShares, CorrectedShares]]:
    """The corrected shares of both versions, and the same as if it were certain how labels err.

    Each of all pairs that were counted in it: those counted in both are not as the matrix of either expects.
    """
    counts = [np.bincount(one[one >= 0], minlength=len(axis.groups)).tolist() for one in labels]
    found = []
    for certainty in (1, CERTAIN):
        old, new = (correct(count, certainty * table, axis, level) for count, table in zip(counts, known, strict=True))
        found.append((old, new))
    return found


def _not_below(change: Comparison, bound: float) -> Comparison:
    return change if change.p_value is None else replace(change, p_value=max(change.p_value, bound))


def _labels(frame: pl.DataFrame, concept: str, labeller: Labels) -> np.ndarray:
    """The label of each image of a concept, -1 where it counts for no group."""
    images = _of_concept(frame, concept)["sha256"]
    labels = [label if isinstance(label := labeller.of[sha], int) else -1 for sha in images]
    return np.array(labels, dtype=np.int64)


def _of_concept(frame: pl.DataFrame, concept: str) -> pl.DataFrame:
    return frame.filter((pl.col("role") != "attribute") & (pl.col("concept") == concept))


def n_share_rows(audit: Audit, keys: Mapping[str, Sequence[Key]]) -> int:
    """How many rows `compare_shares` gives with labellers, by axis."""
    return n_labelled(audit, keys)[0] * len(MEASURES)


def n_further_labels(keys: Mapping[str, Sequence[Key]], comparisons: pl.DataFrame) -> int:
    """How many rows `further_labels` must have, by the further pairs that comparisons count: two images a pair and labeller."""
    scores = comparisons.filter(component="mcas").unique(["before", "axis", "embedder", "concept"])
    total = 0
    for axis, of_axis in keys.items():
        pairs = scores.filter(axis=axis)
        most = pairs.group_by("before", "concept").agg(pl.col("n_further").max())  # by whichever embedder
        counted = [most if embedder is None else pairs.filter(embedder=embedder) for _, embedder in of_axis]
        total += 2 * sum(int(one["n_further"].sum()) for one in counted)
    return total


def subjects_of(audit: Audit) -> list[tuple[str, str]]:
    """(role, subject) of everything that can be refused."""
    poles = [
        ("attribute", f"{name}:{pole}") for name, axis in audit.axes.items() for pole in (axis.a.name, axis.b.name)
    ]
    asked = [("neutral" if category == "neutral" else "concept", concept) for category, concept, _ in targets_of(audit)]
    return [*asked, *poles]


def compare_refusals(audit: Audit, about: Mapping[str, object], pairing: Pairing) -> pl.DataFrame:
    """Compare what was refused: one row for each concept, neutral prompt and pole, as table `refusal_comparisons`.

    A request that a version did not settle (a timeout, say) or was not asked counts in `n_unsettled`.
    """
    names = {
        (axis, side): f"{axis}:{getattr(audit.axes[axis], side).name}" for axis in audit.axes for side in ("a", "b")
    }
    by_subject: dict[str, list[tuple[str | None, str | None]]] = {}
    for one in pairing.requests.iter_rows(named=True):
        subject = names[one["axis"], one["pole"]] if one["role"] == "attribute" else one["concept"]
        by_subject.setdefault(subject, []).append((one["outcome_before"], one["outcome_after"]))
    n_roles = Counter(role for role, _ in subjects_of(audit))
    rows = []
    for role, subject in subjects_of(audit):
        requests = by_subject.get(subject, [])
        settled = [pair for pair in requests if pair[0] in SETTLED and pair[1] in SETTLED]
        refused = np.array([[outcome in REFUSED for outcome in pair] for pair in settled], np.bool_).reshape(-1, 2)
        table: Table = paired_table(refused[:, 0], refused[:, 1])
        row = {
            **about, "role": role, "subject": subject, "n_pairs": table.n,
            "n_unsettled": len(requests) - table.n, "n_refused_before": table.both + table.only_before,
            "n_refused_after": table.both + table.only_after, "n_only_before": table.only_before,
            "n_only_after": table.only_after,
        }  # fmt: skip
        rows.append(
            (
                row,
                paired_share(table, level=audit.inference.level, family=n_roles[role])
                if table.n
                else blank(0, "no request settled by both"),
            )
        )
    return pl.DataFrame(
        _judged(rows, [row["role"] for row, _ in rows], audit), schema=frame_schema("refusal_comparisons")
    )


def _judged(rows: list[tuple[dict, Comparison]], families: list, audit: Audit) -> list[dict]:
    """Verdicts, with q-values within each family of questions; what belongs to none is not judged."""
    found: list[Comparison] = [not_judged(one) for _, one in rows]
    for family in dict.fromkeys(filter(None, families)):
        places = [i for i, each in enumerate(families) if each == family]
        judged = judge([rows[i][1] for i in places], audit.inference.level, audit.inference.detectable_share)
        for i, one in zip(places, judged, strict=True):
            found[i] = one
    return [
        row | {name: getattr(one, name) for name in (*_ENDS, "verdict", "reason")}
        for (row, _), one in zip(rows, found, strict=True)
    ]
