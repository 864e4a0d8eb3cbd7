"""Did a system change between two versions? Paired by prompt and seed, with what the comparison could have seen.

The change of a score is exactly a sum over pairs of images (pairs.py). Its interval rests on the labels of the images where
they have any (labelled_changes.py), else it is a bootstrap of pairs; its p-value inverts it. Concepts are judged by the change
of MCAS: that of the adjusted score holds the noise of the neutral images of both versions, too, and stands beside it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.changes.changes import SAME_IMAGES, Comparison, Task, blank, is_same
from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.measured_coverage import coverage_note
from mcas_assets.scoring.changes.pairs import CHANGES, Change, Pairs, Term
from mcas_assets.scoring.changes.stages import Stages
from mcas_assets.scoring.mcas.draws import FEWEST_WORDINGS, Draws, Grouping, fewest_wordings, grouping
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import NO_SPREAD, as_vector
from mcas_assets.scoring.stats.curves import curve_ends, curve_p_values, detectable_at
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
    seed: int = 0,
) -> Comparison:
    """Compare two versions by one value per image, such as an association or a 0/1 group label.

    Args:
        before: (n,) float values of the old version.
        after: (n,) of the new one, in the same order of prompts and seeds.
        seeds: (n,) labels; pairs that share one are drawn together. None: every pair on its own.
        prompts: (n,) labels; with two or more, such as for the mean of an audit, prompts are drawn as well as seeds.
            None: one prompt.
        detectable: Change that matters; a comparison that could miss it says `underpowered`.
        level: Of the interval.
        resamples: Of the interval.
        method: Of the interval.
        seed: Of the interval.

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
    task = Task(Draws(groups, resamples, seed), level, POWER, method, DRAWS, seed)
    if not n:
        return blank(0, FEW_UNITS)
    whole = [Term(np.arange(n), change[None] / n, np.ones(1, dtype=np.bool_))]
    return judge(task.compare(whole, n), level, detectable)[0]


def compare_changes(
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
) -> dict[Change, list[Comparison]]:
    """Compare every concept between two versions of a system, on the pairs that both have.

    MCAS has a verdict; its components and the adjusted score have none. The change of MCAS equals that of its
    differing part, since TTAS holds no image. The noise band (A/A) is the same comparison of a version with itself
    under fresh seeds, paired by replicate.

    Args:
        before: Vectors of the old version.
        after: Of the new one: row i of `images`, `a_images` and `b_images` is the same prompt and seed as in
            `before`.
        neutral: Indices of neutral concepts, which are not asked.
        detectable: As in `paired_difference`.
        level: As in `paired_difference`.
        resamples: As in `paired_difference`, where a bootstrap is needed.
        method: As in `paired_difference`.
        draws: Of the tests of the headline.
        seed: As in `paired_difference`.

    Returns:
        By change, one comparison per concept; of MCAS with q-values over all that have a p-value and are not neutral.

    Raises:
        ValueError: The versions do not pair up, or are of different prompts or words.
    """
    check_options(level, method, resamples)
    pairs = Pairs(before, after, np.asarray(neutral, dtype=np.int64))
    task = Task(Draws(grouping(before), resamples, seed), level, POWER, method, draws, seed, family_of(pairs))
    return compare_pairs(pairs, task, detectable)


def family_of(pairs: Pairs) -> int:
    """Concepts that get a verdict together: those of one axis and embedder that are not neutral."""
    return len(pairs.rows) - len(pairs.base)


def compare_pairs(
    pairs: Pairs, task: Task, detectable: float | None = None, stages: Stages | None = None
) -> dict[Change, list[Comparison]]:
    """Compare every component: by the names of `pairs.CHANGES`, one comparison per concept.

    Args:
        pairs: Of two versions.
        task: How changes are inferred.
        detectable: As in `paired_difference`.
        stages: Which concepts were dropped after their first pairs had been looked at; None where all have the same.

    Returns:
        Verdicts are those of MCAS, over the concepts that are not neutral: one family. A component is no verdict on a
        concept, nor is the adjusted score, nor a neutral prompt: these are `not judged`.
    """
    labelled = None if pairs.labels is None else LabelledChanges(pairs, pairs.groups)
    why = labelled.why_not() if labelled else ("no labels of groups",) * len(pairs.rows)
    rows: list[list[Comparison]] = []
    for c, members in enumerate(pairs.rows):
        terms, reasons = pairs.terms(c), pairs.reasons(c)
        if not terms:
            found = [blank(0)] * len(CHANGES)
        elif why[c]:
            found = [
                replace(one, note=one.method and _note(why[c], pairs.groups))
                for one in task.compare(terms, len(members))
            ]
        else:
            found = _without_interval(task, terms, len(members))
        rows.append([blank(len(members), no) if no else one for one, no in zip(found, reasons, strict=True)])
    asked = ~np.isin(np.arange(len(rows)), pairs.base)
    results: dict[Change, list[Comparison]] = {}
    for k, name in enumerate(CHANGES):
        column = [row[k] for row in rows]
        if labelled and (name != "adjusted" or len(pairs.base)):
            column = _with_curves(labelled, name, column, why, task)
        column = [_settled(one, c, stages) for c, one in enumerate(column)] if stages else column
        judged = iter(
            judge([column[c] for c in np.flatnonzero(asked)], task.level, detectable) if name == "mcas" else []
        )
        results[name] = [
            next(judged) if is_asked and name == "mcas" else not_judged(one)
            for one, is_asked in zip(column, asked, strict=True)
        ]
    return results


_SIMULATED = ("mcas", "iias", "itaas")  # changes that the images of a concept bring in


def _note(why: str | None, groups: Grouping) -> str:
    """What must be known beside an interval that does not rest on labels."""
    fewest = fewest_wordings(groups)
    if fewest is None:
        return f"{why}: a bootstrap, which covers less than it says where a group is rare and pairs are few"
    few = "" if fewest >= FEWEST_WORDINGS else f"; of {fewest} it covers less than it says where wording matters"
    return f"{why}: Student's t over wordings and seeds{few}"


def _without_interval(task: Task, terms: list[Term], n_pairs: int) -> list[Comparison]:
    """The changes of one concept whose intervals are still to come, with the reasons of those that get none."""
    few, same = task.few(terms), is_same(terms)
    found = []
    for k, difference in enumerate(task.differences(terms).tolist()):
        one = blank(n_pairs, difference=difference)
        if few[k]:
            one = replace(one, reason=FEW_UNITS)
        elif same[k]:
            one = replace(one, verdict="not shown", reason=SAME_IMAGES)
        found.append(one)
    return found


def _with_curves(
    labelled: LabelledChanges, name: Change, column: list[Comparison], why: Sequence[str | None], task: Task
) -> list[Comparison]:
    """The changes with intervals and p-values where they rest on labels."""
    curves = labelled.curves(name, labelled.image_curves(name, labelled.pairs.rows))
    low, high = curve_ends(curves, task.level)
    p_values, least = curve_p_values(curves), detectable_at(curves, task.alpha, task.power)
    found = []
    for c, one in enumerate(column):
        if why[c] or one.reason or one.difference is None:
            found.append(one)
        elif not high[c] - low[c] > NO_SPREAD:
            found.append(replace(one, reason="zero variance"))
        else:
            rows = labelled.pairs.rows[c]
            note = coverage_note(len(rows), float(labelled.first[:, rows].mean())) if name in _SIMULATED else None
            found.append(replace(one, low=float(low[c]), high=float(high[c]), p_value=float(p_values[c]), method="mover",
                                 minimum_detectable=float(least[c]), note=note))  # fmt: skip
    return found


def _settled(one: Comparison, c: int, stages: Stages) -> Comparison:
    p_value = None if one.p_value is None else stages.p_value(c, one.p_value)
    least = None if one.minimum_detectable is None else stages.detectable(c, one.minimum_detectable, one.n_pairs)
    return replace(one, p_value=p_value, minimum_detectable=least)


def not_judged(one: Comparison) -> Comparison:
    """The same without a verdict: no q-value, since no family of questions holds it."""
    return replace(one, verdict="not judged", q_value=None)


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
