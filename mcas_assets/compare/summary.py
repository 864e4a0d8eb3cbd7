"""What a comparison comes to: a row for each axis and embedder, and one over all."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing
from mcas_assets.declare.audit import Audit
from mcas_assets.scoring.changes.changes import Verdict
from mcas_assets.scoring.changes.headline import Headline
from mcas_assets.store.schema import frame_schema

JUDGED = "mcas"
"""The component that a concept is judged by. The adjusted score stands beside it: the noise of the neutral images of both
versions eats what pairing gains."""


def nothing_before(about: Mapping[str, object], reason: str) -> pl.DataFrame:
    """The summary of a version that has none before it: one row that says so."""
    none = dict.fromkeys(("n_concepts", "n_pairs", "n_only_before", "n_only_after", "n_changed", "n_underpowered"), 0)
    row = {
        **dict.fromkeys(frame_schema("comparison_summary")),
        **about,
        **none,
        "verdict": "underpowered",
        "reason": reason,
    }
    return pl.DataFrame([row], schema=frame_schema("comparison_summary"))


def _judged(rows: list[dict]) -> list[dict]:
    """The rows that concepts are judged by."""
    return [row for row in rows if row["component"] == JUDGED and row["category"] != "neutral"]


def head_row(
    audit: Audit, where: dict, pairing: Pairing, rows: list[dict], head: Headline | None, reason: str | None
) -> dict:
    """The row of one axis and embedder, from its comparisons and what they say together."""
    judged = _judged(rows)
    changed = [row for row in judged if row["verdict"] == "changed"]
    p = head.any_p_value if head else None
    bands = [row["noise_band"] for row in judged if row["noise_band"] is not None]
    means = {}
    for kind in ("mean", "lean"):
        mean = getattr(head, kind) if head else None
        for name in ("change", "low", "high", "p_value"):
            means[f"{kind}_{name}"] = getattr(mean, name) if mean else None
    return {
        **where, **_images(pairing), "n_concepts": len(judged), "n_changed": len(changed),
        "n_towards_a": sum(row["difference"] > 0 for row in changed),
        "n_towards_b": sum(row["difference"] < 0 for row in changed),
        "n_weaker": sum(abs(row["value_after"]) < abs(row["value_before"]) for row in changed),
        "n_underpowered": sum(row["verdict"] == "underpowered" for row in judged),
        "any_p_value": p, **means, "noise_band": float(np.median(bands)) if bands else None,
        "verdict": _verdict(audit, p, judged), "reason": reason or (head.reason or head.mean.reason if head else None),
    }  # fmt: skip


def over_all(audit: Audit, where: dict, pairing: Pairing, rows: list[dict], heads: list[dict]) -> dict:
    """All axes and embedders together: Bonferroni over their p-values, which share images."""
    judged = _judged(rows)
    known = [head["any_p_value"] for head in heads if head["any_p_value"] is not None]
    p = min(1.0, len(known) * min(known)) if known else None
    changed = {row["concept"] for row in judged if row["verdict"] == "changed"}
    blind = {row["concept"] for row in judged if row["verdict"] == "underpowered"}
    reasons = dict.fromkeys(head["reason"] for head in heads if head["reason"])
    return {
        **dict.fromkeys(frame_schema("comparison_summary")), **where, **_images(pairing), "n_concepts": len(audit.concepts),
        "n_changed": len(changed), "n_underpowered": len(blind), "any_p_value": p,
        "verdict": _verdict(audit, p, judged), "reason": None if known else "; ".join(reasons) or "nothing to compare",
    }  # fmt: skip


def _images(pairing: Pairing) -> dict[str, int]:
    return dict(zip(("n_pairs", "n_only_before", "n_only_after"), pairing.images(), strict=True))


def _verdict(audit: Audit, p_value: float | None, judged: list[dict]) -> Verdict:
    if p_value is not None and p_value <= 1 - audit.inference.level:
        return "changed"
    blind = sum(row["verdict"] == "underpowered" for row in judged)
    return "underpowered" if 2 * blind > len(judged) or not judged else "not shown"
