"""Intervals and tests of the scores of an audit: raw, and less each of its two zero points.

Where the images are labelled, an interval is put together by MOVER (`labelled_intervals`); elsewhere it is a bootstrap of all
images together (`concept_bootstrap`). A p-value inverts its interval: the hypothesis is that the score is 0 among images of
other seeds.

The zero points: the *model's default*, the mean score of the neutral concepts as their images fall, and *parity*, their
score with both groups given the same weight, which is the zero of the instrument and not of the model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.mcas.association import ComponentScores
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, bootstrap_concepts, columns_of, unsure_reasons
from mcas_assets.scoring.mcas.draws import FEWEST_WORDINGS, Grouping, fewest_wordings, grouping, rows_of_concepts
from mcas_assets.scoring.mcas.labelled_intervals import Ends, LabelledIntervals, Zero
from mcas_assets.scoring.mcas.labelled_parts import MOST_UNCLEAR, Labelled
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints
from mcas_assets.scoring.stats.intervals import RESAMPLES

IntervalMethod = Literal["mover", "bootstrap"]
INTERVAL_METHODS: tuple[IntervalMethod, ...] = get_args(IntervalMethod)
Estimand = Literal["these prompts", "a population of prompts"]

NO_BASELINE = "no neutral baseline"
ONE_GROUP = "one group only was seen: the interval rests on the gap of the other concepts, and is cautious on its side"
NO_PARITY = "parity: the neutral images are not labelled as both groups"
Reasons = tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class Intervals:
    """Scores of c concepts less one zero point; columns as `COLUMNS`. A NaN stands only where `reasons` says why.

    Attributes:
        zero: (6,) what was taken off; zeros for raw scores, NaN where there is no such zero point.
        estimates, low, high: (c, 6).
        p_values: (c, 6) in (0, 1], of the hypothesis that the score less the zero point is 0.
        reasons: (c)(6) why an interval is missing, or None.
    """

    zero: Floats
    estimates: Floats
    low: Floats
    high: Floats
    p_values: Floats
    reasons: Reasons


@dataclass(frozen=True)
class ScoreIntervals:
    """The scores of c concepts with what is known of their sureness.

    Attributes:
        scores: Components and effect sizes.
        raw: The scores as they are.
        adjusted: Less the model's default.
        parity: Less parity.
        gap: (c,) by how much MCAS moves when the share of the first group goes from 0 to 1; NaN without labels.
        methods: (c) how the intervals were made.
        why_bootstrap: (c) why they are not MOVER's, or None.
        is_one_group: (c,) bool, whether the labelled images of a concept show one group only.
        estimand: What the intervals speak of beyond the images: these prompts only, or others like them, too.
    """

    scores: ComponentScores
    raw: Intervals
    adjusted: Intervals
    parity: Intervals
    gap: Floats
    methods: tuple[IntervalMethod, ...]
    why_bootstrap: tuple[str | None, ...]
    is_one_group: NDArray[np.bool_]
    estimand: Estimand

    def note(self, concept: int) -> str | None:
        """What a reader of the interval of a concept must know beside it, or None."""
        if why := self.why_bootstrap[concept]:
            return f"{why}: a bootstrap, which covers less than it says where a group is rare and images are few"
        return ONE_GROUP if self.is_one_group[concept] else None


def score_intervals(
    vectors: AuditVectors,
    neutral: Sequence[int] = (),
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    is_tested: bool = True,
) -> ScoreIntervals:
    """Score all concepts, with intervals and p-values of the raw scores and of those less each zero point.

    Args:
        vectors: The embeddings, which of them belong together, and the labels of the images.
        neutral: Indices of the neutral concepts.
        level: Nominal coverage.
        resamples: Replicates, where a bootstrap is needed.
        seed: Of its draws.
        is_tested: Whether p-values are asked for, which take longer than the intervals that they invert.

    Returns:
        The scores, with reasons where images are too few.

    Raises:
        ValueError: Bad vectors, labels or options, or a neutral index that is not a concept.
    """
    scores, groups = vectors.scores(), grouping(vectors)
    base = np.asarray(neutral, dtype=np.int64)
    count = len(scores.n_images)
    if len(base) and (base.min() < 0 or base.max() >= count):
        raise ValueError(f"neutral must hold indices of concepts, in [0, {count})")
    labelled = None if vectors.labels is None else Labelled(vectors, scores, groups)
    why = _why_bootstrap(labelled, groups, base, count)
    reasons = _reasons(vectors, scores, groups, base)
    estimates = columns_of(scores.components)
    zeros = [np.zeros(6), estimates[base].mean(axis=0) if len(base) else np.full(6, np.nan), np.full(6, np.nan)]
    gap = np.full(count, np.nan)
    ends = [_nothing(count)] * 3
    if labelled is not None and not all(why):
        parts = LabelledIntervals(vectors, labelled, base)
        gap = parts.gap()
        zeros[2] = parts.parity()
        kinds: tuple[Zero, ...] = ("none", "default", "parity")
        ends = [
            parts.ends(estimates - zero, kind, level, is_tested) if np.isfinite(zero[2]) else _nothing(count)
            for zero, kind in zip(zeros, kinds, strict=True)
        ]
    raw, adjusted = ends[0], ends[1]
    if any(why):
        other = bootstrap_concepts(vectors, neutral, level=level, resamples=resamples, seed=seed)
        rows = np.flatnonzero([reason is not None for reason in why])
        raw = _with_rows(raw, Ends(other.low, other.high, other.p_values), rows)
        adjusted = _with_rows(adjusted, Ends(other.adjusted_low, other.adjusted_high, other.adjusted_p_values), rows)
        reasons = other.reasons, other.adjusted_reasons, reasons[2]
    return ScoreIntervals(
        scores,
        _intervals(zeros[0], estimates, raw, reasons[0]),
        _intervals(zeros[1], estimates, adjusted, reasons[1]),
        _intervals(zeros[2], estimates, ends[2], reasons[2]),
        gap,
        tuple("bootstrap" if reason else "mover" for reason in why),
        why,
        np.zeros(count, np.bool_) if labelled is None else labelled.spread == 0,
        "these prompts" if groups.wording is None else "a population of prompts",
    )


def _why_bootstrap(labelled: Labelled | None, groups: Grouping, base: Ints, count: int) -> tuple[str | None, ...]:
    """Why the intervals of each concept cannot rest on labels, or None."""
    for_all = None
    if labelled is None:
        for_all = "no labels of groups"
    elif groups.wording is not None:
        for_all = _several(groups)
    elif len(np.unique(np.stack([groups.concept, groups.seed[: groups.n_images]]), axis=1).T) < groups.n_images:
        for_all = "images of a concept share a seed"
    elif not (labelled.spread > 0).any():
        for_all = "no concept shows both groups"
    if labelled is None or for_all:
        return (for_all,) * count
    unclear = [f"{share:.0%} of the images have no clear group" if share > MOST_UNCLEAR else None
               for share in labelled.unclear]  # fmt: skip
    # One baseline is taken off every concept, so all stand on its labels.
    of_base = next((f"neutral: {unclear[b]}" for b in base if unclear[b]), None)
    return tuple(of_base or own for own in unclear)


def _several(groups: Grouping) -> str:
    """That concepts have several wordings, and how few, if so few that the draws of them say little."""
    fewest = fewest_wordings(groups)
    if fewest is None or fewest >= FEWEST_WORDINGS:
        return "a concept has several wordings"
    return f"a concept has {fewest} wordings, and fewer than {FEWEST_WORDINGS} say little of a population of prompts"


def _reasons(
    vectors: AuditVectors, scores: ComponentScores, groups: Grouping, base: Ints
) -> tuple[Reasons, Reasons, Reasons]:
    """Why raw and adjusted scores, and those less parity, have no interval: too few images, or no baseline."""
    poles = vectors.sizes()[1:]
    rows = rows_of_concepts(vectors)
    raw = [unsure_reasons(scores.reasons[c], groups.seed[rows[c]], poles) for c in range(len(rows))]
    of_base = [next((f"baseline: {raw[b][k]}" for b in base if raw[b][k]), None) for k in range(6)]
    if not len(base):
        of_base = [NO_BASELINE] * 6
    adjusted = tuple(tuple(own or of_base[k] for k, own in enumerate(row)) for row in raw)
    return tuple(map(tuple, raw)), adjusted, adjusted


def _nothing(count: int) -> Ends:
    return Ends(*(np.full((count, len(COLUMNS)), np.nan) for _ in range(3)))


def _with_rows(ends: Ends, other: Ends, rows: Ints) -> Ends:
    """Ends with some rows taken from others."""
    mixed = [column.copy() for column in ends]
    for column, values in zip(mixed, other, strict=True):
        column[rows] = values[rows]
    return Ends(*mixed)


def _intervals(zero: Floats, estimates: Floats, ends: Ends, reasons: Reasons) -> Intervals:
    """Put together, with NaN and a reason where there is no interval."""
    explained, none = [], np.isnan(zero[2])
    for c, row in enumerate(reasons):
        of_row = []
        for k, reason in enumerate(row):
            if reason is None and np.isnan(ends.low[c, k]):
                reason = NO_PARITY if none else "zero variance"
            elif reason is None and ends.high[c, k] - ends.low[c, k] < NO_SPREAD:
                reason = "zero variance"
            of_row.append(reason)
        explained.append(tuple(of_row))
    gone = np.array([[reason is not None for reason in row] for row in explained], dtype=bool).reshape(-1, 6)
    low, high, p_values = (np.where(gone, np.nan, column) for column in ends)
    return Intervals(zero, estimates - zero, low, high, p_values, tuple(explained))
