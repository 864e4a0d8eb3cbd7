"""Intervals of labelled concepts by MOVER: shares times gaps, with what varies beside them.

What each part is made of is worked out in `labelled_parts`; how parts are put together in `stats/mover`.
"""

from typing import Literal, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS
from mcas_assets.scoring.mcas.labelled_parts import Attributes, Fit, Labelled
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.mover import Terms, joined, mover_ends, mover_p_values, satterthwaite

Zero = Literal["none", "default", "parity"]

_IIAS, _ITPAS, _ITAAS, _, _MCAS, _DIFFERING = range(len(COLUMNS))
_LEAST = 0.25
"""Covariances by seed, estimated from few seeds, take no more than this share of the variances from their sum."""


class Ends(NamedTuple):
    """Ends and p-values of the scores of c concepts, each (c, 6), NaN where there is none; columns as `COLUMNS`."""

    low: Floats
    high: Floats
    p_values: Floats


class LabelledIntervals:
    """The parts of one audit, from which the intervals against any zero point follow."""

    def __init__(self, vectors: AuditVectors, labelled: Labelled, base: Ints) -> None:
        self.labelled, self.base = labelled, base
        scores = labelled.scores
        self.count = len(scores.n_images)
        self.prompts = vectors.mean_prompts()
        self.images = np.asarray(vectors.images)
        has_poles = bool(vectors.sizes()[1] and vectors.sizes()[2])
        self.attributes = Attributes(vectors, labelled.groups) if has_poles else None
        values = {_ITAAS: scores.s_word}
        if has_poles:
            values |= {_IIAS: scores.s_img, _MCAS: scores.s_img + scores.s_word}
        self.placed = {column: labelled.placed(own) for column, own in values.items()}
        self.fits: dict[int, Fit] = {column: self.placed[column].fit(own) for column, own in values.items()}
        self.rows = np.flatnonzero(np.isin(labelled.concept, base))
        self.even = self._parity_weights()

    def gap(self) -> Floats:
        """(c,) by how much MCAS moves from pole b's group to pole a's; NaN where that is not known to be other than 0."""
        if _MCAS not in self.fits:
            return np.full(self.count, np.nan)
        gaps = self.fits[_MCAS].gaps
        return np.where(gaps.values**2 > 4 * gaps.variances, gaps.values * self.placed[_MCAS].poles_apart, np.nan)

    def _parity_weights(self) -> Floats | None:
        """Weights of sum 1 of the neutral images that give all groups the same share; None where a concept shows one group.

        The value of a concept at that share, on the line through its images.
        """
        if not len(self.base) or not (self.labelled.spread[self.base] > 0).all():
            return None
        of = self.labelled.concept[self.rows]
        to_half = (
            (self.labelled.even - self.labelled.shares[of])
            * self.labelled.centred[self.rows]
            / self.labelled.spread[of]
        )
        return (1 / self.labelled.counts[of] + to_half) / len(self.base)

    def parity(self) -> Floats:
        """(6,) score of the neutral concepts at parity, NaN where there is none."""
        zero = np.full(6, np.nan)
        if self.even is None:
            return zero
        scores, components = self.labelled.scores, self.labelled.scores.components[self.base].mean(axis=0)
        zero[[_ITPAS, 3]] = components[[1, 3]]
        zero[_IIAS], zero[_ITAAS] = self.even @ scores.s_img[self.rows], self.even @ scores.s_word[self.rows]
        zero[_MCAS], zero[_DIFFERING] = zero[:4].sum(), zero[:3].sum()
        return zero

    def ends(self, estimates: Floats, zero: Zero, level: float, is_tested: bool = True) -> Ends:
        """Intervals of the scores less a zero point, (c, 6); without p-values if they are not tested."""
        columns = [k for k in (_IIAS, _ITPAS, _ITAAS, _MCAS) if k in self.fits or (k == _ITPAS and self.attributes)]
        terms = [self._terms(estimates[:, k], k, zero) for k in columns]
        together = joined(terms)
        low, high = mover_ends(together, level)
        tested = mover_p_values if is_tested else _untested
        p_values = tested(together)
        found = Ends(*(np.full((self.count, 6), np.nan) for _ in range(3)))
        for place, k in enumerate(columns):
            rows = slice(place * self.count, (place + 1) * self.count)
            found.low[:, k], found.high[:, k], found.p_values[:, k] = low[rows], high[rows], p_values[rows]
        if _MCAS in columns:  # TTAS, which is the difference, holds no image
            moved = estimates[:, _DIFFERING] - estimates[:, _MCAS]
            found.low[:, _DIFFERING] = found.low[:, _MCAS] + moved
            found.high[:, _DIFFERING] = found.high[:, _MCAS] + moved
            found.p_values[:, _DIFFERING] = tested(terms[-1]._replace(estimates=estimates[:, _DIFFERING]))
        return found

    def _terms(self, estimates: Floats, column: int, zero: Zero) -> Terms:
        shares, counts, gaps, correlations, distances = self._share_terms(column, zero)
        variance, freedom = self._rest(column, zero)
        return Terms(estimates, shares, counts, gaps, correlations, variance, freedom, distances)

    def _share_terms(self, column: int, zero: Zero) -> tuple[Floats, Floats, Floats, Floats, Floats | None]:
        """Shares of the concept, then of each neutral one, with counts, gaps, correlations and distances, (c, 1 + b ...)."""
        labelled = self.placed.get(column, self.labelled)
        base = self.base if zero == "default" else self.base[:0]
        places = np.concatenate([np.arange(self.count)[:, None], np.tile(base, (self.count, 1))], axis=1)
        shares, distances = labelled.shares[places], labelled.distances
        counts = np.maximum(self.labelled.counts, 1)[places].astype(np.float64)
        gaps = np.zeros(places.shape)
        if column in self.fits:
            sizes = self._gap_sizes(column)
            gaps[:, 0] = sizes
            gaps[:, 1:] = -sizes[base] / max(len(base), 1)
            for place, b in enumerate(base):  # a neutral concept is a part of what it is held against
                gaps[b, 1 + place] += sizes[b]
                gaps[b, 0] = 0.0
        tabulated = None if distances is None else distances[:, places]
        return shares, counts, gaps, self._correlations(base), tabulated

    def _gap_sizes(self, column: int) -> Floats:
        """(c,) gaps whose squares are the expected ones: an unsure gap moves a score more than its best guess does."""
        gaps = self.fits[column].gaps
        return np.where(gaps.values < 0, -1.0, 1.0) * np.sqrt(gaps.values**2 + gaps.variances)

    def _correlations(self, base: Ints) -> Floats:
        """(c, 1 + b, 1 + b) of the shares, from the seeds that they have in common, over all concepts together."""
        m = 1 + len(base)
        table = np.tile(np.eye(m), (self.count, 1, 1))
        if not len(base):
            return table
        errors = self.labelled.share_errors()
        with_base = (errors @ errors[base].T).toarray()  # (c, b)
        seen = self.labelled.spread > 0
        seen[base] = False
        mean = with_base[seen].mean(axis=0) if seen.any() else np.zeros(len(base))
        table[:, 0, 1:] = table[:, 1:, 0] = mean
        among = with_base[base]
        np.fill_diagonal(among, 1.0)
        table[:, 1:, 1:] = among
        return table

    def _rest(self, column: int, zero: Zero) -> tuple[Floats, Floats]:
        """Variance, and its degrees of freedom, of all but the shares, (c,)."""
        variances, freedom, crossed = [], [], np.zeros(self.count)
        within = self._within(column)
        if within is not None:
            variances.append(within.multiply(within).sum(axis=1))
            freedom.append(self.fits[column].freedom)
            if zero != "none":
                of_zero = self._zero_within(column, zero)
                variances.append(np.full(self.count, (of_zero**2).sum()))
                freedom.append(np.full(self.count, self.fits[column].freedom[self.base].sum()))
                crossed -= 2 * (within @ of_zero)
        if column != _ITAAS and self.attributes is not None:
            errors = self.attributes.errors(self._targets(column, zero))
            variances.append((errors**2).sum(axis=1))
            freedom.append(np.full(self.count, self.attributes.freedom))
            if within is not None:
                moved = within[:, self.attributes.units].toarray()
                if zero != "none":
                    moved = moved - self._zero_within(column, zero)[self.attributes.units]
                crossed += 2 * (moved * errors).sum(axis=1)
        total, df = satterthwaite(np.stack(variances, axis=1), np.stack(freedom, axis=1))
        return np.maximum(total + crossed, _LEAST * total), df

    def _within(self, column: int) -> csr_array | None:
        """(c, u) errors of the means of images within their group, by seed."""
        if column not in self.fits:
            return None
        of = self.labelled.concept
        errors = self.fits[column].errors / self.labelled.counts[of]
        return self.labelled.by_unit(np.arange(len(of)), errors, of, self.count)

    def _zero_within(self, column: int, zero: Zero) -> Floats:
        """(u,) the same of a zero point."""
        errors = self.fits[column].errors[self.rows] * self._weights(zero)
        return self.labelled.by_unit(self.rows, errors, np.zeros(len(self.rows), np.int64), 1).toarray()[0]

    def _weights(self, zero: Zero) -> Floats:
        """Weights of the neutral images in a zero point, of sum 1."""
        if zero == "parity" and self.even is not None:
            return self.even
        return 1 / (self.labelled.counts[self.labelled.concept[self.rows]] * len(self.base))

    def _targets(self, column: int, zero: Zero) -> Floats:
        """(c, d) what the attribute images are held against."""
        of_images, of_prompts = column != _ITPAS, column != _IIAS
        targets = of_images * self.labelled.scores.mean_images + of_prompts * self.prompts
        if zero == "none":
            return targets
        images = self._weights(zero) @ self.images[self.rows].astype(np.float64)
        return targets - of_images * images - of_prompts * self.prompts[self.base].mean(axis=0)


def _untested(terms: Terms) -> Floats:
    return np.full(len(terms.estimates), np.nan)
