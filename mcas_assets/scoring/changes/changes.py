"""From the terms of changes to what is said of them: interval, test, minimum detectable change.

What the terms are belongs in pairs.py; verdicts over several changes in comparison.py.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.changes.pairs import Term
from mcas_assets.scoring.mcas.draws import Draws, influence_by_unit
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Ints
from mcas_assets.scoring.stats.intervals import (
    FEW_UNITS,
    MIN_UNITS,
    Influence,
    Method,
    interval_ends,
    student_ends,
    unbiased_variance,
)
from mcas_assets.scoring.stats.power import minimum_detectable

Verdict = Literal["changed", "not shown", "underpowered", "not judged"]
IntervalMethod = Literal["mover", "newcombe", "bootstrap", "student"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
INTERVAL_METHODS: tuple[IntervalMethod, ...] = get_args(IntervalMethod)
SAME_IMAGES = "the two versions gave the same images"


@dataclass(frozen=True)
class Comparison:
    """The change of one score from one version to the next.

    Attributes:
        difference: After minus before, or None.
        low, high: Ends of its interval, or None.
        p_value: Two-sided: the interval inverted, or None.
        q_value: After Benjamini-Hochberg over the concepts of the family, or None; None where no verdict is asked.
        minimum_detectable: Smallest change that the verdict would have found at 80 % power, were it the only one of its
            family, or None.
        verdict: `changed` when q <= 1 - level; else `underpowered` when a change of the wanted size could
            have been missed or the pairs are too few; else `not shown`, which is no proof of equality. `not judged` where
            no verdict is asked.
        n_pairs: Pairs of images of the concept.
        reason: Why a number is missing, or None.
        method: How the interval was made, or None where there is none.
        note: What must be known beside the interval, or None.
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
    method: IntervalMethod | None = None
    note: str | None = None


def blank(n_pairs: int, reason: str | None = None, difference: float | None = None) -> Comparison:
    """A comparison of which nothing can be said but, perhaps, the difference."""
    return Comparison(difference, None, None, None, None, None, "underpowered", n_pairs, reason)


@dataclass(frozen=True)
class Task:
    """How changes, given as sums of terms, become comparisons.

    Attributes:
        draws: The resamples.
        level: Of the intervals.
        power: Of the minimum detectable change.
        method: Of the intervals.
        n_draws: Of the tests of the headline.
        seed: Of those tests.
        family: Changes that get a verdict together: the least detectable one is found by its q-value, were it alone.
    """

    draws: Draws
    level: float
    power: float
    method: Method
    n_draws: int
    seed: int
    family: int = 1

    @property
    def alpha(self) -> float:
        """The p-value at which a change that is alone in its family is called `changed`."""
        return (1 - self.level) / max(self.family, 1)

    def compare(self, terms: list[Term], n_pairs: int) -> list[Comparison]:
        """Changes of one concept, each a sum of means of pairs: by the bootstrap, over several wordings by Student's t.

        Few wordings give few different draws of them, none beyond the largest that was asked in.
        """
        differences = self.differences(terms)
        parts = self.influence(terms)
        variance, freedom = unbiased_variance(parts)
        is_over_wordings = self.draws.groups.wording is not None
        if is_over_wordings:
            ends = student_ends(differences, variance, freedom, self.level)
        else:
            ends = interval_ends(self.replicates(terms), differences, parts, self.level, self.method)
        few, same = self.few(terms), is_same(terms)
        results = []
        for k, difference in enumerate(differences.tolist()):
            one = blank(n_pairs, difference=difference)
            error = float(np.sqrt(variance[k]))
            if few[k]:
                one = replace(one, reason=FEW_UNITS)
            elif same[k]:
                one = replace(one, verdict="not shown", reason=SAME_IMAGES)
            elif ends.reasons[k] or error < NO_SPREAD:
                one = replace(one, reason=ends.reasons[k] or "zero variance")
            else:
                least = minimum_detectable(error, float(freedom[k]), level=1 - self.alpha, power=self.power)
                low, high = float(ends.low[k]), float(ends.high[k])
                one = replace(one, low=low, high=high, p_value=float(ends.p_values[k]), minimum_detectable=least,
                              method="student" if is_over_wordings else "bootstrap")  # fmt: skip
            results.append(one)
        return results

    def differences(self, terms: list[Term]) -> Floats:
        """(k,) the changes themselves."""
        return np.add.reduce([term.values.sum(axis=1) for term in terms])

    def by_seed(self, terms: list[Term]) -> Floats:
        """(k, u) each change as a sum over all u seed units of the audit."""
        codes, units = self.draws.groups.seed[_rows(terms)], len(self.draws.groups.seed_strata)
        return _by_unit(codes, _values(terms), units)

    def replicates(self, terms: list[Term]) -> Floats:
        """(k, r) the changes in each resample, to first order in the weights: all that matters for means of pairs."""
        drawn = np.repeat(self.differences(terms)[:, None], self.draws.resamples, axis=1)
        for term, about_mean in zip(terms, _centred(terms), strict=True):
            drawn += about_mean @ self._weights(term.rows).T
        return drawn

    def influence(self, terms: list[Term]) -> list[Influence]:
        """Influence of seeds and wordings on the k changes."""
        groups, rows = self.draws.groups, _rows(terms)
        values = np.concatenate(_centred(terms), axis=1)
        parts = [influence_by_unit(groups.seed[rows], groups.seed_strata, values)]
        if groups.wording is not None:
            images = rows < groups.n_images
            units = groups.wording[rows[images]]
            parts.append(influence_by_unit(units, groups.wording_strata, values[:, images]))
        return parts

    def influence_by_seed(self, terms: list[Term]) -> Floats:
        """(k, u) influence on the changes of all u seed units of the audit, so that those of several concepts add up."""
        codes, units = self.draws.groups.seed[_rows(terms)], len(self.draws.groups.seed_strata)
        return _by_unit(codes, np.concatenate(_centred(terms), axis=1), units)

    def few(self, terms: list[Term]) -> list[bool]:
        """For each change, whether a set that it rests on has too few seeds."""
        sizes = [len(np.unique(self.draws.groups.seed[term.rows])) for term in terms]
        holds = np.stack([term.holds for term in terms])
        return [min((s for s, h in zip(sizes, column, strict=True) if h), default=0) < MIN_UNITS for column in holds.T]

    def _weights(self, rows: Ints) -> Floats:
        is_image = bool(rows[0] < self.draws.groups.n_images)
        return self.draws.image_weights(rows) if is_image else self.draws.seed_counts(rows)


def is_same(terms: list[Term]) -> NDArray[np.bool_]:
    """For each change, whether no pair brings anything into it: the versions gave the same images."""
    return np.abs(_values(terms)).max(axis=1) < NO_SPREAD


def _by_unit(codes: Ints, values: Floats, units: int = 0) -> Floats:
    """(k, u) sums of the values (k, n) of each unit."""
    sums = [np.bincount(codes, weights=row, minlength=units) for row in values]
    return np.array(sums, dtype=np.float64)


def _rows(terms: list[Term]) -> Ints:
    return np.concatenate([term.rows for term in terms])


def _values(terms: list[Term]) -> Floats:
    return np.concatenate([term.values for term in terms], axis=1)


def _centred(terms: list[Term]) -> list[Floats]:
    return [term.values - term.values.mean(axis=1, keepdims=True) for term in terms]
