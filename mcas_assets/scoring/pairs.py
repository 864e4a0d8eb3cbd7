"""The change of a concept's score between two versions, as a sum over pairs of images of one prompt and seed.

The identity is derived in comparison.py, which draws intervals and tests from it.
"""

import numpy as np

from mcas_assets.scoring.arrays import Floats, Ints, unit_matrix
from mcas_assets.scoring.association import pole_difference
from mcas_assets.scoring.draws import rows_of_concepts
from mcas_assets.scoring.vectors import AuditVectors


class Pairs:
    """The terms that the change of each concept's score is a sum of."""

    def __init__(self, before: AuditVectors, after: AuditVectors, base: Ints) -> None:
        if before.sizes() != after.sizes() or not np.array_equal(before.concept, after.concept):
            raise ValueError("the versions must pair up: keep only prompts and seeds that both have, in one order")
        for name in ("prompts", "a_words", "b_words"):
            if not np.array_equal(getattr(before, name), getattr(after, name)):
                raise ValueError(f"the versions must share {name}: a change of wording is not a change of the system")
        old, new = before.scores(), after.scores()
        self.rows, self.base = rows_of_concepts(before), base
        self.n, self.n_a, self.n_b = before.sizes()
        attributes = before.attributes(), after.attributes()
        poles = [_difference(rows, self.n_a) for rows in attributes]
        direction = (poles[0] + poles[1]) / 2 + pole_difference(before.a_words, before.b_words)
        images = [unit_matrix(version.images, "images") for version in (before, after)]
        self.image_change = (images[1] - images[0]) @ direction
        targets = (old.mean_images + new.mean_images) / 2 + unit_matrix(before.prompts, "prompts")
        self.attribute_change = targets @ (attributes[1] - attributes[0]).T

    def reason(self, c: int) -> str | None:
        """Why the change of a concept cannot be given."""
        if not self.n_a or not self.n_b:
            return "no pair of attribute images in a pole"
        if any(not len(self.rows[k]) for k in (c, *self.base)):
            return "no pair of images of the concept" if not len(self.rows[c]) else "no pair of neutral images"
        return None

    def terms(self, c: int) -> list[tuple[Ints, Floats]]:
        """Rows, and their part of the change: the sum of all parts is the change."""
        terms = [(self.rows[c], self.image_change[self.rows[c]] / len(self.rows[c]))]
        attribute = self.attribute_change[c]
        for b in self.base:
            terms.append((self.rows[b], -self.image_change[self.rows[b]] / (len(self.rows[b]) * len(self.base))))
            attribute = attribute - self.attribute_change[b] / len(self.base)
        at = self.n + np.arange(self.n_a + self.n_b)
        terms.append((at[: self.n_a], attribute[: self.n_a] / self.n_a))
        terms.append((at[self.n_a :], -attribute[self.n_a :] / self.n_b))
        return terms


def _difference(attributes: Floats, n_a: int) -> Floats:
    """Difference of the poles' mean images, or zero where a pole is empty and a reason is given anyway."""
    a, b = attributes[:n_a], attributes[n_a:]
    return a.mean(axis=0) - b.mean(axis=0) if len(a) and len(b) else np.zeros(attributes.shape[1])
