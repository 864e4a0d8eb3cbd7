"""Pairs in two stages: a few of every concept first, further ones of the concepts where these point, and both together.

Which concepts get further pairs is decided by the first ones; how the stages are weighted is fixed before anything is drawn.
So the combination by the inverse normal holds its level, however many further pairs a concept gets (Bauer & Koehne 1994;
Lehmacher & Wassmer 1999). A concept that gets none keeps the p-value of its first pairs, at or above the bound.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.changes.labelled_changes import LabelledChanges
from mcas_assets.scoring.changes.pairs import Change, Pairs
from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.curves import Curves, combined, curve_p_values
from mcas_assets.scoring.stats.intervals import MIN_UNITS

GO_ON = 0.35
"""Share of the concepts that are expected to get further pairs. Only how well the weights fit depends on it."""


class Stages(NamedTuple):
    """How the pairs of a comparison came about.

    Attributes:
        is_further: (n,) whether the pair of each row of `Pairs` was drawn after the first ones had been looked at.
        weight: Of the first stage, in (0, 1), as in `combined`.
        below: A concept got further pairs where its first ones have a p-value below this.
    """

    is_further: NDArray[np.bool_]
    weight: float
    below: float

    def image_curves(self, labelled: LabelledChanges, change: Change) -> Curves:
        """What the images of each concept bring into a change, both stages together."""
        rows = labelled.pairs.rows
        first = labelled.image_curves(change, [own[~self.is_further[own]] for own in rows])
        further = [own[self.is_further[own]] for own in rows]
        both = combined(first, labelled.image_curves(change, further), self.weight)
        went_on = self.went_on(labelled)
        return Curves(*(
            np.where(went_on if old.ndim == 1 else went_on[:, None], new, old)
            for new, old in zip(both, first, strict=True)
        ))  # fmt: skip

    def settled(self, labelled: LabelledChanges, p_values: Floats, least: Floats) -> tuple[Floats, Floats]:
        """p-values and least detectable changes (c,) once it is counted which concepts got further pairs.

        A concept that got none would have got as many as the others, had it changed by as much as can be detected.
        """
        went_on = self.went_on(labelled)
        sizes = np.array([len(own) for own in labelled.pairs.rows], dtype=np.float64)
        whole = float(np.median(sizes[went_on])) if went_on.any() else 0.0
        shrunk = least * np.sqrt(np.minimum(sizes / max(whole, 1.0), 1.0))
        return np.where(went_on, p_values, np.maximum(p_values, self.below)), np.where(went_on, least, shrunk)

    def went_on(self, labelled: LabelledChanges) -> NDArray[np.bool_]:
        """(c,) whether a concept has enough further pairs to count."""
        return np.array([self.is_further[own].sum() >= MIN_UNITS for own in labelled.pairs.rows], dtype=np.bool_)


def worth_more(pairs: Pairs, below: float) -> NDArray[np.bool_]:
    """(c,) the concepts whose first pairs point to a change of MCAS: no neutral ones, and none that labels fail of.

    The attribute images are left out: all pairs share them, so what they say by chance of the first ones they would say of
    the further ones again.
    """
    if pairs.labels is None:
        return np.zeros(len(pairs.rows), dtype=np.bool_)
    labelled = LabelledChanges(pairs, pairs.groups)
    p_values = curve_p_values(labelled.image_curves("mcas", pairs.rows))
    is_usable = np.array([why is None for why in labelled.why_not()])
    is_usable[pairs.base] = False
    return is_usable & (p_values < below)


def first_weight(first: int, further: int) -> float:
    """Weight of the first stage, from the images that are planned of a concept: `first`, and `further` on average.

    About one concept in three goes on, so each gets some three times the average.
    """
    return float(np.sqrt(first / (first + further / GO_ON)))
