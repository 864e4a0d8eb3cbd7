"""Rows of `multiverse`: scores and shares under every combination of choices, from what is stored."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mcas_assets.declare.audit import Audit, Targets
from mcas_assets.scoring.mcas.multiverse import ALL, NO_BASELINE, rows_in, shared_wordings, universes
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats

DEFAULT, PARITY = "the model's default", "parity"
MEASURES = ("score", "share")
THRESHOLDS = (0.5, 0.9)
"""Confidences below which an image is counted for no group, beside the declared one."""


def multiverse_rows(
    about: Mapping[str, str], audit: Audit, targets: Targets, vectors: AuditVectors, labels: Mapping[float, np.ndarray]
) -> list[dict]:
    """The rows of one axis by one embedder: a row for each universe and concept.

    Args:
        about: What all rows share: system version, audit, axis, embedder.
        audit: The declaration.
        targets: What was scored.
        vectors: Of that axis and embedder.
        labels: By confidence, which of two groups each image of `vectors` shows, 0 for that of pole a, 1, or -1; none for an
            axis of more groups.
    """
    asked = [i for i, (category, _, _) in enumerate(targets) if category != "neutral"]
    baselines = _baselines(audit, targets)
    is_first = about["embedder"] == audit.embedders[0]
    rows = []
    if min(vectors.sizes()[1:]):
        for one in universes(vectors, baselines):
            choices = {
                "measure": "score", "wording": one.wording, "words": one.words, "attribute_prompts": one.attribute_prompts,
                "baseline": one.baseline,
            }  # fmt: skip
            is_declared = is_first and list(choices.values()) == ["score", ALL, ALL, ALL, next(iter(baselines))]
            rows += _rows(about, choices | {"is_declared": is_declared}, targets, one.values, asked)
    for choices, values in _of_shares(vectors, labels, baselines):
        as_asked = (ALL, audit.inference.confidence, PARITY)
        is_declared = is_first and (choices["wording"], choices["threshold"], choices["baseline"]) == as_asked
        rows += _rows(about, choices | {"is_declared": is_declared}, targets, values, asked)
    return rows


def thresholds(audit: Audit) -> list[float]:
    """The confidences of the universes of shares: the declared one first."""
    return list(dict.fromkeys([audit.inference.confidence, *THRESHOLDS]))


def _baselines(audit: Audit, targets: Targets) -> dict[str, list[int]]:
    """What may be taken off a score: nothing, all neutral prompts that are a baseline, or one of several."""
    of = {name: i for i, (category, name, _) in enumerate(targets) if category == "neutral"}
    used = [one.name for one in audit.neutral if one.baseline]
    found: dict[str, list[int]] = {DEFAULT: [of[name] for name in used]} if used else {}
    found[NO_BASELINE] = []
    return found | ({name: [of[name]] for name in used} if len(used) > 1 else {})


def _of_shares(
    vectors: AuditVectors, labels: Mapping[float, np.ndarray], baselines: Mapping[str, Sequence[int]]
) -> Iterator[tuple[dict, Floats]]:
    """Share of the group of pole a less one half, or less that of the neutral prompts, in every universe."""
    for wording in (ALL, *shared_wordings(vectors)):
        own = rows_in(vectors, wording)
        for threshold, answers in labels.items():
            shares = np.array([_share(answers[rows]) for rows in own])
            for name, neutral in {PARITY: [], **{key: one for key, one in baselines.items() if one}}.items():
                zero = shares[list(neutral)].mean() if len(neutral) else 0.5
                choices = {"measure": "share", "wording": str(wording), "threshold": threshold, "baseline": name}
                yield choices, shares - zero


def _share(answers: np.ndarray) -> float:
    counted = answers[answers >= 0]
    return float((counted == 0).mean()) if len(counted) else float("nan")


def _rows(about: Mapping[str, str], choices: dict, targets: Targets, values: Floats, asked: list[int]) -> list[dict]:
    """A row a concept, with its rank among those that have a value: 1 leans most to pole a, equal values share one."""
    known = values[asked]
    rows = []
    for i in asked:
        value = float(values[i])
        is_known = bool(np.isfinite(value))
        rows.append({
            **about, **choices, "category": targets[i][0], "concept": targets[i][1], "value": value if is_known else None,
            "rank": int((known > value).sum()) + 1 if is_known else None,
            "reason": None if is_known else "no image of it is left",
        })  # fmt: skip
    return rows
