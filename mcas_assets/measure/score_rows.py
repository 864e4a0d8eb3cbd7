"""Rows of scores and components of one axis by one embedder, with intervals, tests and zero points."""

import math

import numpy as np

from mcas_assets.declare.audit import Audit, Targets
from mcas_assets.scoring.mcas.association import COMPONENTS
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS
from mcas_assets.scoring.mcas.concept_ranks import concept_ranks
from mcas_assets.scoring.mcas.concept_tests import ConceptTests, concept_tests
from mcas_assets.scoring.mcas.mean_score import mean_score
from mcas_assets.scoring.mcas.score_intervals import NO_BASELINE, Intervals, ScoreIntervals, score_intervals
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg, flagged

_MCAS = COLUMNS.index("mcas")


def baseline_places(audit: Audit, targets: Targets) -> list[int]:
    """The places among the targets of the neutral prompts that scores are held against."""
    names = {neutral.name for neutral in audit.neutral if neutral.baseline}
    return [i for i, (_, name, _) in enumerate(targets) if name in names]


def with_ranks(rows: list[dict], targets: Targets, vectors: AuditVectors, level: float) -> list[dict]:
    """The rows of `score_rows` with the ranks of the concepts among one another; null where there are none."""
    asked = [i for i, (category, _, _) in enumerate(targets) if category != "neutral"]
    ranks = concept_ranks(vectors, asked, level=level)
    columns = ("lean_rank", "lean_rank_low", "lean_rank_high")
    rows = [row | dict.fromkeys(columns) for row in rows]
    if not isinstance(ranks, str):
        for i, values in zip(asked, zip(ranks.rank, ranks.low, ranks.high, strict=True), strict=True):
            rows[i] |= dict(zip(columns, map(int, values), strict=True))
    return rows


def infer(audit: Audit, targets: Targets, vectors: AuditVectors) -> tuple[ScoreIntervals, ConceptTests]:
    """Intervals of the scores, and tests of whether the poles are told apart, as the audit declares them."""
    declared, neutral = audit.inference, baseline_places(audit, targets)
    intervals = score_intervals(
        vectors, neutral, level=declared.level, resamples=declared.resamples, seed=declared.seed
    )
    return intervals, concept_tests(vectors, draws=declared.permutations, seed=declared.seed)


def score_rows(about: dict, targets: Targets, known: ScoreIntervals, poles: ConceptTests, level: float) -> list[dict]:
    """One row for each concept of `scores`, in the order of `targets`.

    Args:
        about: What all rows share: system version, audit, axis, embedder.
        targets: What was scored.
        known: Scores and intervals.
        poles: Tests of whether the poles are told apart.
        level: At which concepts are flagged.
    """
    asked = np.array([category != "neutral" for category, _, _ in targets])
    zeros = {"q_value": known.raw, "adjusted_q_value": known.adjusted, "parity_q_value": known.parity}
    q_values = {name: _q_values(one, asked) for name, one in zeros.items()}
    adjusted_p = np.where(asked, known.adjusted.p_values[:, _MCAS], np.nan)
    flags = flagged(adjusted_p, 1 - level)
    rows = []
    for i, (category, concept, prompt) in enumerate(targets):
        values = {name: known.scores.statistic(i, name) for name in (*COMPONENTS, "mcas", "differing")}
        missing = dict.fromkeys(filter(None, (one.reason for one in values.values())))
        unsure = dict.fromkeys(filter(None, (one.reasons[i][_MCAS] for one in (known.raw, known.adjusted))))
        gap = known.gap[i]
        rows.append({
            **about, "category": category, "concept": concept, "prompt": prompt,
            "n_images": int(known.scores.n_images[i]), **{name: one.value for name, one in values.items()},
            **_zero_point(i, known.raw, ("", "", "mcas_low", "mcas_high", "p_value")),
            **_zero_point(i, known.adjusted, ("baseline", "adjusted", "adjusted_low", "adjusted_high", "adjusted_p_value")),
            **_zero_point(i, known.parity, ("parity", "parity_adjusted", "parity_low", "parity_high", "parity_p_value")),
            **{name: _known(q[i]) for name, q in q_values.items()},
            "is_flagged": None if math.isnan(adjusted_p[i]) else bool(flags[i]),
            "poles_p_value": _known(poles.p_values[i, _MCAS]),
            "gap": _known(gap), "share_equivalent": _known(known.adjusted.estimates[i, _MCAS] / gap),
            "interval_method": known.methods[i], "interval_note": known.note(i), "estimand": known.estimand,
            "reason": "; ".join(missing or unsure) or None,
        })  # fmt: skip
    return rows


def _zero_point(i: int, one: Intervals, names: tuple[str, str, str, str, str]) -> dict[str, float | None]:
    """MCAS of a concept less a zero point, by the names of its columns; an empty name is left out."""
    numbers = (
        one.zero[_MCAS], one.estimates[i, _MCAS], one.low[i, _MCAS], one.high[i, _MCAS], one.p_values[i, _MCAS]
    )  # fmt: skip
    return {name: _known(number) for name, number in zip(names, numbers, strict=True) if name}


def _q_values(one: Intervals, asked: np.ndarray) -> np.ndarray:
    """One family of questions: the concepts. Neutral prompts are what they are held against, and are not asked."""
    q_values = np.full(len(asked), np.nan)
    q_values[asked] = benjamini_hochberg(one.p_values[asked, _MCAS])
    return q_values


def mean_row(about: dict, targets: Targets, vectors: AuditVectors, neutral: list[int], level: float) -> dict:
    """The row of `mean_scores` of one axis by one embedder; arguments as those of `score_rows`."""
    asked = [i for i, (category, _, _) in enumerate(targets) if category != "neutral"]
    raw = mean_score(vectors, asked, level=level)
    adjusted = mean_score(vectors, asked, neutral, level=level) if neutral else NO_BASELINE
    row = {**about, "n_concepts": len(asked), "estimand": "these prompts"}
    reasons = dict.fromkeys(one for one in (raw, adjusted) if isinstance(one, str))
    if not isinstance(raw, str):
        row |= {"n_images": raw.n_images, "n_effective": raw.n_effective}
        row |= {"mean_mcas": raw.value, "mean_low": raw.low, "mean_high": raw.high}
    if not isinstance(adjusted, str):
        row |= {"mean_adjusted": adjusted.value, "adjusted_low": adjusted.low, "adjusted_high": adjusted.high}
    return row | {"reason": "; ".join(reasons) or None}


def component_rows(about: dict, targets: Targets, known: ScoreIntervals, poles: ConceptTests) -> list[dict]:
    """One row for each concept and component of `components`; arguments as those of `score_rows`."""
    rows = []
    for i, (category, concept, _) in enumerate(targets):
        for k, name in enumerate(COMPONENTS):
            value, effect = known.scores.statistic(i, name), known.scores.effect_size(i, name)
            others = (effect.reason, known.raw.reasons[i][k], poles.reasons[i][k])
            reasons = [value.reason] if value.reason else filter(None, others)
            rows.append({
                **about, "category": category, "concept": concept, "component": name, "value": value.value,
                "low": _known(known.raw.low[i, k]), "high": _known(known.raw.high[i, k]), "effect_size": effect.value,
                "p_value": _known(known.raw.p_values[i, k]), "poles_p_value": _known(poles.p_values[i, k]),
                "interval_method": None if math.isnan(known.raw.low[i, k]) else known.methods[i],
                "reason": "; ".join(dict.fromkeys(reasons)) or None,
            })  # fmt: skip
    return rows


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
