"""Did a system change between two versions? Paired by prompt and seed, with what the comparison could have seen.

The change of a score is exactly a sum over pairs of images. With M the mean of both versions' mean images, C
that of their pole differences, D' the words' and delta the change from one version to the other,

    change of MCAS = (M + p) . (delta of the attribute images) + (C + D') . (delta of the concept's images)

so exchanging the versions of a pair flips the sign of its term, and a permutation test is a product with
random signs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.arrays import NO_SPREAD, Floats, Ints, as_vector
from mcas_assets.scoring.draws import Draws, Grouping, grouping, influence_by_unit
from mcas_assets.scoring.intervals import (
    FEW_UNITS,
    MIN_UNITS,
    RESAMPLES,
    Influence,
    Method,
    check_options,
    interval_ends,
    unbiased_variance,
)
from mcas_assets.scoring.multiplicity import benjamini_hochberg
from mcas_assets.scoring.pairs import Pairs
from mcas_assets.scoring.permutation import DRAWS
from mcas_assets.scoring.power import POWER, minimum_detectable
from mcas_assets.scoring.resampling import codes_of, strata_of
from mcas_assets.scoring.sign_flips import sign_flip_test
from mcas_assets.scoring.vectors import AuditVectors

Verdict = Literal["changed", "not shown", "underpowered"]


@dataclass(frozen=True)
class Comparison:
    """The change of one score from one version to the next.

    Attributes:
        difference: After minus before, or None.
        low, high: Ends of its interval, or None.
        p_value: Two-sided, from exchanging versions within pairs, or None.
        q_value: After Benjamini-Hochberg over the concepts compared, or None.
        minimum_detectable: Smallest change that would have been found at 80 % power, or None.
        verdict: `changed` when q <= 1 - level; else `underpowered` when a change of the wanted size could
            have been missed or the pairs are too few; else `not shown`, which is no proof of equality.
        n_pairs: Pairs of images of the concept.
        reason: Why a number is missing, or None.
    """

    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    q_value: float | None
    minimum_detectable: float | None
    verdict: Verdict
    n_pairs: int
    reason: str | None = None


def paired_difference(
    before: ArrayLike,
    after: ArrayLike,
    *,
    seeds: ArrayLike | None = None,
    prompts: ArrayLike | None = None,
    detectable: float | None = None,
    level: float = 0.95,
    power: float = POWER,
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
        power: Of `minimum_detectable`.
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
    task = _Task(Draws(groups, resamples, seed), level, power, method, draws, seed)
    result = task.compare([(np.arange(n), change / n)] if n else [], n, wording if several else None)
    return _judge([result], level, detectable)[0]


def compare_concepts(
    before: AuditVectors,
    after: AuditVectors,
    neutral: Sequence[int] = (),
    *,
    detectable: float | None = None,
    level: float = 0.95,
    power: float = POWER,
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
        power: As in `paired_difference`.
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
    task = _Task(Draws(grouping(before), resamples, seed), level, power, method, draws, seed)
    results = []
    for c, rows in enumerate(pairs.rows):
        why = pairs.reason(c)
        blank = Comparison(None, None, None, None, None, None, "underpowered", len(rows), why)
        results.append(blank if why else task.compare(pairs.terms(c), len(rows)))
    return _judge(results, level, detectable)


@dataclass(frozen=True)
class _Task:
    """How one change, given as a sum of terms, becomes a comparison."""

    draws: Draws
    level: float
    power: float
    method: Method
    n_draws: int
    seed: int

    def compare(self, terms: list[tuple[Ints, Floats]], n_pairs: int, units: Ints | None = None) -> Comparison:
        """Interval, test and minimum detectable change of a sum of means of pairs; seeds are exchanged, or `units`."""
        difference = float(sum(values.sum() for _, values in terms))
        blank = Comparison(difference, None, None, None, None, None, "underpowered", n_pairs)
        if min((len(np.unique(self.draws.groups.seed[rows])) for rows, _ in terms), default=0) < MIN_UNITS:
            return replace(blank, difference=difference if terms else None, reason=FEW_UNITS)
        rows = np.concatenate([rows for rows, _ in terms])
        values = np.concatenate([values for _, values in terms])
        if np.abs(values).max() < NO_SPREAD:
            return replace(blank, verdict="not shown", reason="the two versions gave the same images")
        exchanged = np.unique(self.draws.groups.seed[rows] if units is None else units, return_inverse=True)[1]
        by_unit = np.bincount(exchanged, weights=values)
        signs = sign_flip_test(by_unit, draws=self.n_draws, seed=self.seed)
        centred = [values - values.mean() for _, values in terms]
        parts = self._influence(terms, centred)
        replicates = np.full(self.draws.resamples, difference)
        for (own, _), about_mean in zip(terms, centred, strict=True):
            # To first order in the weights, which is all that matters for a mean of pairs.
            replicates += self._weights(own) @ about_mean
        ends = interval_ends(replicates[None], np.array([difference]), parts, self.level, self.method, True)
        variance, freedom = unbiased_variance(parts)
        if ends.reasons[0] or np.sqrt(variance[0]) < NO_SPREAD:
            return replace(blank, p_value=signs.value, reason=ends.reasons[0] or "zero variance")
        detectable = minimum_detectable(
            float(np.sqrt(variance[0])), float(freedom[0]), level=self.level, power=self.power
        )
        return replace(
            blank,
            low=float(ends.low[0]),
            high=float(ends.high[0]),
            p_value=signs.value,
            minimum_detectable=detectable,
            reason=signs.reason,
        )

    def _weights(self, rows: Ints) -> Floats:
        is_image = bool(rows[0] < self.draws.groups.n_images)
        return self.draws.image_weights(rows) if is_image else self.draws.seed_counts(rows)

    def _influence(self, terms: list[tuple[Ints, Floats]], centred: list[Floats]) -> list[Influence]:
        groups = self.draws.groups
        rows = np.concatenate([rows for rows, _ in terms])
        values = np.concatenate(centred)[None, :]
        parts = [influence_by_unit(groups.seed[rows], groups.seed_strata, values)]
        if groups.wording is not None:
            images = rows < groups.n_images
            units = groups.wording[rows[images]]
            parts.append(influence_by_unit(units, groups.wording_strata, values[:, images]))
        return parts


def _judge(results: list[Comparison], level: float, detectable: float | None) -> list[Comparison]:
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
