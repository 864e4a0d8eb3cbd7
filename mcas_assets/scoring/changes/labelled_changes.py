"""The intervals of changes where images are labelled: the paired change of a share times a gap, and what varies beside it.

The score of a concept is a constant plus the gap between the two groups' values times the share of the first, in either
version; of more groups, times the mean position of the images (`labelled_parts`). So it changes by the gap times the change of
the share, by what pairs of one group in both change by, and by what the attribute images do. The distances of Newcombe's paired
interval (1998, method 10) times the gap, which is pooled over concepts and both versions, Student's t of the pairs' rest and
Student's t of the attribute images are added in squares.
"""

from collections.abc import Sequence

import numpy as np

from mcas_assets.scoring.changes.pairs import Change, Pairs
from mcas_assets.scoring.mcas.draws import Grouping
from mcas_assets.scoring.mcas.labelled_parts import MOST_UNCLEAR, TWO
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.curves import Curves, added, curves_of, less, normal_curves
from mcas_assets.scoring.stats.intervals import MIN_UNITS
from mcas_assets.scoring.stats.mover import Gaps, Terms, pooled_gaps
from mcas_assets.scoring.stats.positions import QUANTILES, position_distances

_OF_IMAGES: dict[Change, tuple[int, ...]] = {
    "iias": (0,),
    "itpas": (),
    "itaas": (1,),
    "mcas": (0, 1),
    "adjusted": (0, 1),
}
"""Which of `Pairs.values` the images of a concept bring into a change."""

POOLED = 16.0
"""Pairs that the correlation of all concepts counts as, beside those of one concept."""


class LabelledChanges:
    """The labelled images of two versions, pair by pair.

    Attributes:
        first: (2, n) 1 where an image shows the first group, 0 for others, 0.5 where that is not clear.
        is_two: Whether no image shows a third group.
        unclear: (c,) share of pairs in which it is not clear.
    """

    def __init__(self, pairs: Pairs, groups: Grouping) -> None:
        """Pairs with labels, and which of their images belong together."""
        if pairs.labels is None:
            raise ValueError("the pairs have no labels")
        self.pairs, self.groups, self.count = pairs, groups, len(pairs.rows)
        self.first = np.select([pairs.labels == 0, pairs.labels > 0], [1.0, 0.0], 0.5)
        self.is_two = bool(pairs.labels.max(initial=0) < TWO)
        self.labels, kind = np.unique(pairs.labels, return_inverse=True)
        self._kind = kind.reshape(pairs.labels.shape)
        unclear = (pairs.labels == -1).any(axis=0)
        self.unclear = np.array([unclear[rows].mean() if len(rows) else 0.0 for rows in pairs.rows])

    def why_not(self) -> tuple[str | None, ...]:
        """Why the interval of each concept cannot rest on labels, or None."""
        if self.groups.wording is not None:
            return ("a concept has several wordings",) * self.count
        if any(len(np.unique(self.groups.seed[rows])) < len(rows) for rows in self.pairs.rows):
            return ("images of a concept share a seed",) * self.count
        values = self._values("mcas")
        if not np.isfinite(self._gap(values, self._groups(values)[0]).mean):
            return ("no concept shows both groups",) * self.count
        return tuple(
            f"{share:.0%} of the pairs have no clear group" if share > MOST_UNCLEAR else None for share in self.unclear
        )

    def image_curves(self, change: Change, rows: Sequence[Ints]) -> Curves:
        """What the images of each concept bring into a change, on the pairs `rows` (c) of each; flat where it has too few."""
        values = self._values(change)
        groups, positions = self._groups(values)
        gaps = self._gap(values, groups)
        sizes = np.where(gaps.values < 0, -1.0, 1.0) * np.sqrt(gaps.values**2 + gaps.variances)
        shares, counts = np.full((self.count, 2), 0.5), np.ones((self.count, 2))
        correlations = np.tile(np.eye(2), (self.count, 1, 1))
        estimates, variance, freedom = np.zeros(self.count), np.zeros(self.count), np.ones(self.count)
        between = self._correlations(rows, groups)
        distances = None if self.is_two else np.zeros((2, self.count, 2, len(QUANTILES)))
        for c, own in enumerate(rows):
            if len(own) < MIN_UNITS or not _OF_IMAGES[change]:
                sizes[c] = 0.0
                continue
            group, moved = groups[:, own], values[1, own] - values[0, own]
            shares[c], counts[c] = group.mean(axis=1), len(own)
            if distances is not None:
                seen = [np.bincount(kind, minlength=len(positions)) for kind in self._kind[:, own]]
                distances[:, c] = np.stack(position_distances(np.array(seen, dtype=np.float64), positions))
            correlations[c, 0, 1] = correlations[c, 1, 0] = between[c]
            rest = moved - gaps.values[c] * (group[1] - group[0])
            estimates[c], variance[c], freedom[c] = moved.mean(), rest.var(ddof=1) / len(own), len(own) - 1
        sides = np.stack([-sizes, sizes], axis=1)
        return curves_of(Terms(estimates, shares, counts, sides, correlations, variance, freedom, distances))

    def attribute_curves(self, change: Change) -> Curves:
        """What the attribute images bring into the change of each concept."""
        if change == "itaas" or not (self.pairs.n_a and self.pairs.n_b):
            return normal_curves(*np.zeros((2, self.count)), np.ones(self.count))
        changes, errors = self.pairs.attribute_changes(change)
        freedom = np.full(self.count, self.pairs.attributes.freedom)
        return normal_curves(changes, (errors**2).sum(axis=1), freedom)

    def curves(self, change: Change, of_images: Curves) -> Curves:
        """Changes of all concepts, from what their images bring into them."""
        found = added(of_images, self.attribute_curves(change))
        if change != "adjusted":
            return found
        base = self.pairs.base
        neutral = self.image_curves(change, self.pairs.rows)
        mean = Curves(
            neutral.estimates[base].mean(keepdims=True),
            *(np.sqrt((part[base] ** 2).sum(axis=0, keepdims=True)) / len(base) for part in (neutral.below, neutral.above)),
        )  # fmt: skip
        return less(found, mean)

    def _values(self, change: Change) -> Floats:
        """(2, n) values of the images of either version that a change is a difference of means of."""
        return np.add.reduce([self.pairs.values[:, k] for k in _OF_IMAGES[change]], axis=0) + np.zeros(
            (2, self.pairs.n)
        )

    def _groups(self, values: Floats) -> tuple[Floats, Floats]:
        """(2, n) positions of the images, which are the shares' ones for two groups, and (g,) of the groups."""
        if self.is_two:
            return self.first, np.array([1.0, 0.0])
        shown = np.eye(len(self.labels))[self._kind]  # (2, n, g)
        left, right = np.zeros((len(self.labels),) * 2), np.zeros(len(self.labels))
        for rows in self.pairs.rows:
            if len(rows):
                kind, value = (part[:, rows] - part[:, rows].mean(axis=1, keepdims=True) for part in (shown, values))
                left += np.einsum("vng,vnh->gh", kind, kind)
                right += np.einsum("vng,vn->g", kind, value)
        found = np.linalg.lstsq(left, right, rcond=None)[0]
        positions = found - found.min()
        return positions[self._kind], positions

    def _gap(self, values: Floats, groups: Floats) -> Gaps:
        """The gap between the groups in each concept."""
        slopes, spreads, squares, freedom = (np.zeros(self.count) for _ in range(4))
        for c, rows in enumerate(self.pairs.rows):
            if not len(rows):
                continue
            group, value = (part[:, rows] - part[:, rows].mean(axis=1, keepdims=True) for part in (groups, values))
            spreads[c] = (group**2).sum()
            slopes[c] = (group * value).sum() / spreads[c] if spreads[c] > 0 else 0.0
            squares[c] = ((value - slopes[c] * group) ** 2).sum()
            freedom[c] = max(2 * len(rows) - 2 - (spreads[c] > 0), 1)
        seen = spreads > 1e-9
        unsure = np.where(seen, squares.sum() / max(freedom.sum(), 1.0) / np.where(seen, spreads, 1.0), np.inf)
        return pooled_gaps(slopes, unsure)

    def _correlations(self, rows: Sequence[Ints], groups: Floats) -> Floats:
        """(c,) correlation of the groups of the pairs of each concept, drawn to that of all concepts together.

        Newcombe's correction of a single table is for shares alone, and leaves unused what all tables say of one update.
        """
        products, sizes, counts = (np.zeros(self.count) for _ in range(3))
        for c, own in enumerate(rows):
            if len(own):
                centred = groups[:, own] - groups[:, own].mean(axis=1, keepdims=True)
                products[c], counts[c] = centred[0] @ centred[1], len(own)
                sizes[c] = np.sqrt((centred**2).sum(axis=1).prod())
        own_phi = np.divide(products, sizes, out=np.zeros(self.count), where=sizes > 0)
        seen = sizes > 0
        mean = float(np.average(own_phi[seen], weights=counts[seen])) if seen.any() else 0.0
        drawn = (counts * own_phi + POOLED * mean) / (counts + POOLED)
        return np.where(seen, drawn, 0.0)
