"""Shares against reference populations: what is shown more, less or not at all, and whether that depends on the choice.

From the rows of `representation` alone. Which population is the right one for a deployment is the reader's to say:
every population of the audit is held against every share, and where the answer differs between them the row says so.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from scipy.special import ndtri

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.populations import Population
from mcas_assets.measure.directions import NO_SHARES, Concept, Direction, directions, references, whole
from mcas_assets.scoring.shares.amplification import ERASED, amplification
from mcas_assets.scoring.stats.divergence import Kind, divergence
from mcas_assets.scoring.stats.limits import p_beyond
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg
from mcas_assets.store.schema import frame_schema

Verdict = Literal["over-represented", "under-represented", "not shown"]
OVER: Final = "over-represented"
UNDER: Final = "under-represented"
NOT_SHOWN: Final = "not shown"
KINDS: tuple[Kind, ...] = ("total_variation", "jensen_shannon")

LABELLER = ("system", "system_version", "audit", "axis", "labels", "embedder")
_ABOUT = (*LABELLER, "category", "concept")
_AS_LABELLED, _CORRECTED = ("share", "share_low", "share_high"), ("corrected_share", "corrected_low", "corrected_high")
_FLOATS = (
    "share",
    "share_low",
    "share_high",
    "reference",
    "difference",
    "difference_low",
    "difference_high",
    "log_odds",
    "ratio",
)


@dataclass(frozen=True)
class Held:
    """Shares held against populations.

    Attributes:
        amplification: One row for each row of `representation` and population, as table `amplification`.
        divergence: One row for each axis, labeller, concept, population and kind, as table `divergence`.
    """

    amplification: pl.DataFrame
    divergence: pl.DataFrame


def hold(audit: Audit, representation: pl.DataFrame, populations: Sequence[Population]) -> Held:
    """Hold every share against every population.

    Args:
        audit: The declaration: level of the intervals, seed.
        representation: Rows of that table, of one audit and system version.
        populations: Those that the audit names.

    Returns:
        Amplification of the corrected share where there is one, else of the share as labelled; and the
        divergence of the counts as labelled, since the floor of a fair generator is known for counts.
    """
    amplified, diverged = [], []
    for part in representation.partition_by(LABELLER, maintain_order=True):
        concepts: list[Concept] = [one.to_dicts() for one in part.partition_by("concept", maintain_order=True)]
        rows = []
        for population in populations:
            directional = directions(concepts, population, audit.inference.level)
            rows += [
                row for concept in concepts for row in _against(concept, population, directional, audit.inference.level)
            ]
            for kind in KINDS:
                diverged += _divergences(concepts, population, kind, audit.inference.seed)
        amplified += _with_q_values(_with_dependence(rows), audit.inference.level)
    return Held(
        pl.DataFrame(amplified, schema=frame_schema("amplification")),
        pl.DataFrame(diverged, schema=frame_schema("divergence")),
    )


def verdict(low: float | None, high: float | None, reference: float | None) -> Verdict | None:
    """What an interval says of a reference share: beyond it, or not shown; None without one of them."""
    if low is None or high is None or reference is None:
        return None
    return OVER if low > reference else UNDER if high < reference else NOT_SHOWN


def images_for_erasure(reference: float, level: float) -> int | None:
    """How many images, none of them of the group, would show it erased; None where the population lacks it.

    The upper Wilson limit of 0 of n is z^2 / (n + z^2), which must fall below `ERASED` x reference.
    """
    if reference <= 0:
        return None
    z2 = float(ndtri((1 + level) / 2)) ** 2
    return math.floor(z2 * (1 / (ERASED * reference) - 1)) + 1


def _against(
    concept: Concept, population: Population, directional: Mapping[str, Direction], level: float
) -> Iterator[dict]:
    for row, reference in zip(concept, references(concept, population), strict=True):
        is_corrected = row["corrected_share"] is not None
        share, low, high = (row[name] for name in (_CORRECTED if is_corrected else _AS_LABELLED))
        direction = directional.get(row["concept"], NO_SHARES)
        made = {
            **{name: row[name] for name in _ABOUT}, "group_name": row["group_name"], "population": population.name,
            "year": population.year, "locale": population.locale, "source": population.source,
            "share": share, "share_low": low, "share_high": high, "is_corrected": is_corrected, "reference": reference,
            "directional": direction.value, "directional_low": direction.low, "directional_high": direction.high,
            "directional_reason": direction.why, "verdict": verdict(low, high, reference),
            "n_for_erasure": None if reference is None else images_for_erasure(reference, level),
        }  # fmt: skip
        if share is None or reference is None:
            missing = [row["reason"]] if share is None else []
            missing += ["the population has no value"] if reference is None else []
            yield made | {"reason": "; ".join(missing)}
            continue
        found = amplification(share, reference, low=low, high=high, n=row["n_counted"])
        yield made | {
            "difference": found.difference, "difference_low": found.low, "difference_high": found.high,
            "log_odds": found.log_odds, "log_odds_low": found.log_odds_low, "log_odds_high": found.log_odds_high,
            "ratio": found.ratio, "is_erased": found.is_erased, "reason": found.reason,
            "survives_missing": _survives(made["verdict"], share, reference, row["n_counted"] / max(row["n_requested"], 1)),
        }  # fmt: skip


def _survives(stated: Verdict | None, share: float, reference: float, counted: float) -> bool | None:
    """Whether a verdict would stand if none, or all, of the images not counted were of the group; None without one.

    `counted` is the part of the requested images that was counted. Bounds of a point (Manski 1989): what sampling may
    have done is not added to them.
    """
    worst, best = share * counted, share * counted + 1 - counted
    stands: dict[Verdict | None, bool] = {OVER: worst > reference, UNDER: best < reference}
    return stands.get(stated)


def _divergences(concepts: Sequence[Concept], population: Population, kind: Kind, seed: int) -> list[dict]:
    rows = []
    for concept in concepts:
        known = references(concept, population)
        about = {name: concept[0][name] for name in _ABOUT} | {"population": population.name, "kind": kind}
        about["n_counted"] = concept[0]["n_counted"]
        if None in known:
            rows.append(about | {"reason": "the population has no value for every group"})
            continue
        found = divergence([row["n_group"] for row in concept], whole(known), kind, seed=seed)
        made = about | vars(found)
        if found.p_value == 0:  # a group that the population lacks was shown: impossible, but a p-value is above 0
            made["p_value"] = float(np.finfo(np.float64).tiny)
        rows.append(made)
    # One family of questions: the concepts. Neutral prompts are not asked.
    asked = [row for row in rows if row["category"] != "neutral"]
    p_values = np.array([math.nan if row.get("p_value") is None else row["p_value"] for row in asked])
    for row, q_value in zip(asked, benjamini_hochberg(p_values), strict=True):
        row["q_value"] = None if math.isnan(q_value) else float(q_value)
    return rows


def _with_q_values(rows: list[dict], level: float) -> list[dict]:
    """`q_value` that a share differs from its reference, over all concepts, groups and populations of an axis and labeller.

    Neutral prompts are not asked.
    """
    p_values = np.full(len(rows), math.nan)
    for place, row in enumerate(rows):
        if row["category"] != "neutral" and row["verdict"] is not None:
            share, reference = row["share"], row["reference"]
            p_value = p_beyond(share, row["share_low"], row["share_high"], reference, level, is_share=True)
            p_values[place] = math.nan if p_value is None else min(1.0, 2 * p_value)
    for row, q_value in zip(rows, benjamini_hochberg(p_values), strict=True):
        row["q_value"] = None if math.isnan(q_value) else float(q_value)
    return rows


def _with_dependence(rows: list[dict]) -> list[dict]:
    """`depends_on_population`: verdicts differ between the populations with one; null with fewer than two of them."""
    verdicts: dict[tuple[str, str], list[Verdict]] = {}
    for row in rows:
        if row["verdict"] is not None:
            verdicts.setdefault((row["concept"], row["group_name"]), []).append(row["verdict"])
    for row in rows:
        stated = verdicts.get((row["concept"], row["group_name"]), [])
        row["depends_on_population"] = len(set(stated)) > 1 if len(stated) > 1 and row["verdict"] is not None else None
    return rows
