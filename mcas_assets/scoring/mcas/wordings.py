"""The prompts of concepts that are asked in several wordings, drawn with their images when wordings are resampled."""

import numpy as np

from mcas_assets.scoring.mcas.association import pole_difference
from mcas_assets.scoring.mcas.draws import Grouping
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints, unit_matrix


class Wordings:
    """Which wording unit each prompt belongs to, and what it brings into ITPAS and TTAS."""

    def __init__(self, vectors: AuditVectors, groups: Grouping, attributes: Floats) -> None:
        """`attributes` (n_a + n_b, d) are the attribute images."""
        self.groups = groups
        if vectors.texts is None or groups.wording is None:
            self.concept, self.unit = np.zeros(0, np.int64), np.zeros(0, np.int64)
            return
        texts, concept = unit_matrix(vectors.texts, "texts"), np.asarray(vectors.text_concept, dtype=np.int64)
        labels = np.asarray(vectors.wordings)
        units = dict(zip(labels.tolist(), groups.wording.tolist(), strict=True))
        unit = np.array([units.get(label, -1) for label in np.asarray(vectors.text_wording).tolist()], dtype=np.int64)
        drawn = unit >= 0  # a wording of which no image was delivered cannot be drawn
        self.concept, self.unit = concept[drawn], unit[drawn]
        self.cosines = texts[drawn] @ attributes.T
        self.of_words = texts[drawn] @ pole_difference(vectors.a_words, vectors.b_words)
        _, n_a, n_b = vectors.sizes()
        self.poles = np.repeat([1 / max(n_a, 1), -1 / max(n_b, 1)], [n_a, n_b])

    def replicate(self, c: int, drawn: Floats, poles: Floats, result: Floats) -> None:
        """Put the replicates of ITPAS and TTAS of one concept into columns 1 and 3 of `result` (r, 4).

        Args:
            c: The concept.
            drawn: (r, v) how often each wording unit is drawn.
            poles: (r, n_a + n_b) weights of the attribute images.
            result: NaN is put where none of the concept's wordings is drawn.
        """
        own = np.flatnonzero(self.concept == c)
        if not len(own) or len(np.unique(self.unit[own])) < 2:
            return
        weights = drawn[:, self.unit[own]]
        total = weights.sum(axis=1)
        weights = weights / np.where(total > 0, total, np.nan)[:, None]
        result[:, 1] = np.vecdot(weights @ self.cosines[own], poles)
        result[:, 3] = weights @ self.of_words[own]

    def influence(self, concepts: dict[int, float]) -> tuple[Ints, Floats]:
        """Wording units (q,) and the influence (4, q) of the prompts of weighted concepts on the components."""
        units, values = [], []
        for c, weight in concepts.items():
            own = np.flatnonzero(self.concept == c)
            if not len(own):
                continue
            part = np.zeros((4, len(own)))
            for k, column in ((1, self.cosines[own] @ self.poles), (3, self.of_words[own])):
                part[k] = weight * (column - column.mean()) / len(own)
            units.append(self.unit[own])
            values.append(part)
        if not units:
            return np.zeros(0, np.int64), np.zeros((4, 0))
        return np.concatenate(units), np.concatenate(values, axis=1)
