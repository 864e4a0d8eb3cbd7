"""Did a system change between two versions? Paired by prompt and seed, with what the comparison could have seen.

The change of a score is exactly a sum over pairs of images (pairs.py), so exchanging the versions of a pair flips the
sign of its term, and a permutation test is a product with random signs.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.changes.changes import Comparison, Task, blank
from mcas_assets.scoring.changes.pairs import CHANGES, Pairs, Term
from mcas_assets.scoring.mcas.draws import Draws, Grouping, grouping
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import as_vector
from mcas_assets.scoring.stats.intervals import FEW_UNITS, RESAMPLES, Method, check_options
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg
from mcas_assets.scoring.stats.permutation import DRAWS
from mcas_assets.scoring.stats.power import POWER
from mcas_assets.scoring.stats.resampling import codes_of, strata_of


def paired_difference(
    before: ArrayLike,
    after: ArrayLike,
    *,
    seeds: ArrayLike | None = None,
    prompts: ArrayLike | None = None,
    detectable: float | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    method: Method = "bca",
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Compare two versions by one value per image, such as an association or a 0/1 group label.

    Args:
        before: (n,) float values of the old version.
        after: (n,) of the new one, in the same order of prompts and seeds.
        seeds: (n,) labels; pairs that share one are drawn together. None: every pair on its own.
        prompts: (n,) labels; with two or more, such as for the mean of an audit, prompts are drawn as well as seeds,
            and the versions are exchanged for whole prompts. None: one prompt.
        detectable: Change that matters; a comparison that could miss it says `underpowered`.
        level: Of the interval.
        resamples: Of the interval.
        method: Of the interval.
        seed: Of the interval.
        draws: Of the test.

    Returns:
        The comparison; alone, so q_value equals p_value.

    Raises:
        ValueError: Values of unequal length or not finite, or bad options.
    """
    check_options(level, method, resamples)
    old = as_vector(before, "before")
    change = as_vector(after, "after", len(old)) - old
    n = len(change)
    codes = codes_of(seeds, n, "seeds")
    none = np.zeros(n, dtype=np.int64)
    wording = none if prompts is None else codes_of(prompts, n, "prompts")
    several = int(wording.max(initial=0)) > 0
    wording_strata = np.zeros(int(wording.max(initial=-1)) + 1 if several else 0, dtype=np.int64)
    groups = Grouping(codes, strata_of(codes, wording), wording if several else None, wording_strata, none)
    task = Task(Draws(groups, resamples, seed), level, POWER, method, draws, seed)
    if not n:
        return blank(0, FEW_UNITS)
    whole = [Term(np.arange(n), change[None] / n, np.ones(1, dtype=np.bool_))]
    return judge(task.compare(whole, n, wording if several else None), level, detectable)[0]


def compare_concepts(
    before: AuditVectors,
    after: AuditVectors,
    neutral: Sequence[int] = (),
    *,
    detectable: float | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    method: Method = "bca",
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Comparison]:
    """Compare MCAS of every concept between two versions of a system, on the pairs that both have.

    The change of MCAS equals that of its differing part, since TTAS holds no image. The noise band (A/A) is
    the same comparison of a version with itself under fresh seeds, paired by replicate.

    Args:
        before: Vectors of the old version.
        after: Of the new one: row i of `images`, `a_images` and `b_images` is the same prompt and seed as in
            `before`.
        neutral: Indices of neutral concepts; when given, the change of the adjusted score is compared.
        detectable: As in `paired_difference`.
        level: As in `paired_difference`.
        resamples: As in `paired_difference`.
        method: As in `paired_difference`.
        draws: As in `paired_difference`.
        seed: As in `paired_difference`.

    Returns:
        One comparison per concept, q-values over all that have a p-value.

    Raises:
        ValueError: The versions do not pair up, or are of different prompts or words.
    """
    check_options(level, method, resamples)
    pairs = Pairs(before, after, np.asarray(neutral, dtype=np.int64))
    task = Task(Draws(grouping(before), resamples, seed), level, POWER, method, draws, seed)
    return compare_pairs(pairs, task, detectable)["adjusted" if len(neutral) else "mcas"]


def compare_pairs(pairs: Pairs, task: Task, detectable: float | None = None) -> dict[str, list[Comparison]]:
    """Compare every component: by the names of `pairs.CHANGES`, one comparison per concept.

    q-values are over the concepts that are not neutral; those of the neutral concepts are a family of their own.
    """
    rows = []
    for c, members in enumerate(pairs.rows):
        terms, reasons = pairs.terms(c), pairs.reasons(c)
        comparisons = task.compare(terms, len(members)) if terms else [blank(0)] * len(CHANGES)
        rows.append([blank(len(members), why) if why else one for one, why in zip(comparisons, reasons, strict=True)])
    is_neutral = np.isin(np.arange(len(rows)), pairs.base)
    results = {}
    for k, name in enumerate(CHANGES):
        column = [row[k] for row in rows]
        for family in (is_neutral, ~is_neutral):
            places = np.flatnonzero(family)
            for place, one in zip(places, judge([column[p] for p in places], task.level, detectable), strict=True):
                column[place] = one
        results[name] = column
    return results


def judge(results: list[Comparison], level: float, detectable: float | None) -> list[Comparison]:
    """q-values over all comparisons, and the verdicts."""
    p = np.array([np.nan if r.p_value is None else r.p_value for r in results], dtype=np.float64)
    judged = []
    for result, q in zip(results, benjamini_hochberg(p), strict=True):
        verdict = result.verdict
        if result.minimum_detectable is not None:
            is_blind = detectable is not None and result.minimum_detectable > detectable
            verdict = "changed" if q <= 1 - level else "underpowered" if is_blind else "not shown"
        judged.append(replace(result, q_value=None if np.isnan(q) else float(q), verdict=verdict))
    return judged
