"""The change of a concept's scores between two versions, as a sum over pairs of images of one prompt and seed.

With M the mean of both versions' mean images of a concept, C that of their pole differences, p its prompt, D' the words
and delta the change from one version to the other,

    IIAS   M . (delta of the attribute images) + C . (delta of the concept's images)
    ITPAS  p . (delta of the attribute images)
    ITAAS  D' . (delta of the concept's images)

exactly. TTAS holds no image, so MCAS changes by their sum, and the adjusted score by that less the mean of the neutral
concepts. comparison.py draws intervals and tests from it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from mcas_assets.scoring.mcas.association import pole_difference
from mcas_assets.scoring.mcas.draws import grouping, rows_of_concepts
from mcas_assets.scoring.mcas.labelled_parts import Attributes
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints, unit_matrix

Change = Literal["iias", "itpas", "itaas", "mcas", "adjusted"]
CHANGES: tuple[Change, ...] = get_args(Change)
"""Order of the columns of every array here. Without a neutral concept the last is missing, for a reason."""

_HOLDS_ATTRIBUTES = np.array([True, True, False, True, True])
_HOLDS_IMAGES = np.array([True, False, True, True, True])
_HOLDS_NEUTRAL = np.array([False, False, False, False, True])


class Term(NamedTuple):
    """The part that some rows have in the changes of one concept.

    Attributes:
        rows: (n,) rows, numbered as in `draws.Grouping`.
        values: (5, n) each row's part of each of `CHANGES`.
        holds: (5,) which of them these rows belong to.
    """

    rows: Ints
    values: Floats
    holds: NDArray[np.bool_]


class Pairs:
    """The terms that the changes of each concept's scores are sums of.

    Attributes:
        rows: For each concept, the rows of its images.
        before, after: (c, 5) scores of the two versions.
        values: (2, 2, n) what each image of either version brings into IIAS and ITAAS; their differences make the change.
        labels: (2, n) which of two groups each image of either version shows, as in `AuditVectors`, or None.
        groups: Which images belong together.
        attributes: Errors of the changes that the attribute images bring.
    """

    def __init__(self, before: AuditVectors, after: AuditVectors, base: Ints) -> None:
        if before.sizes() != after.sizes() or not np.array_equal(before.concept, after.concept):
            raise ValueError("the versions must pair up: keep only prompts and seeds that both have, in one order")
        for name in ("prompts", "a_words", "b_words"):
            if not np.array_equal(getattr(before, name), getattr(after, name)):
                raise ValueError(f"the versions must share {name}: a change of wording is not a change of the system")
        old, new = before.scores(), after.scores()
        self.rows, self.base = rows_of_concepts(before), base
        self.n, self.n_a, self.n_b = before.sizes()
        self.before, self.after = (_columns(scores.components, base) for scores in (old, new))
        attributes = before.attributes(), after.attributes()
        poles = [_difference(rows, self.n_a) for rows in attributes]
        directions = np.stack([(poles[0] + poles[1]) / 2, pole_difference(before.a_words, before.b_words)])
        images = [unit_matrix(version.images, "images") for version in (before, after)]
        self._images = directions @ (images[1] - images[0]).T  # IIAS, ITAAS
        self.values = np.stack([directions @ one.T for one in images])
        unlabelled = before.labels is None or after.labels is None
        self.labels = None if unlabelled else np.stack([np.asarray(before.labels), np.asarray(after.labels)])
        moved = attributes[1] - attributes[0]
        self.groups = grouping(before)
        self.attributes = Attributes(before, self.groups, moved)
        self._targets = (old.mean_images + new.mean_images) / 2, before.mean_prompts()
        self._means, self._prompts = (targets @ moved.T for targets in self._targets)  # IIAS and ITPAS, by concept

    def attribute_changes(self, change: Change) -> tuple[Floats, Floats]:
        """What the attribute images bring into a change: (c,) of each concept, and (c, v) the errors of that by seed."""
        targets = np.add.reduce(
            [part for part, name in zip(self._targets, ("itpas", "iias"), strict=True) if name != change]
        )
        if change == "adjusted":
            targets = targets - targets[self.base].mean(axis=0)
        signs = np.repeat([1 / max(self.n_a, 1), -1 / max(self.n_b, 1)], [self.n_a, self.n_b])
        return (targets @ self.attributes.images.T) @ signs, self.attributes.errors(targets)

    def reasons(self, c: int) -> list[str | None]:
        """For each of `CHANGES`, why that of a concept cannot be given."""
        poles = None if self.n_a and self.n_b else "no pair of attribute images in a pole"
        images = None if len(self.rows[c]) else "no pair of images of the concept"
        neutral = None if len(self.base) else "no neutral baseline"
        if any(not len(self.rows[b]) for b in self.base):
            neutral = "no pair of neutral images"
        return [images or poles, poles, images, images or poles, images or poles or neutral]

    def terms(self, c: int) -> list[Term]:
        """Rows, and their part of the changes: the sums of all parts are the changes."""
        terms = [self._image_term(c, 1.0, _HOLDS_IMAGES)]
        share = 1 / max(len(self.base), 1)
        terms += [self._image_term(int(b), -share, _HOLDS_NEUTRAL) for b in self.base]
        means, prompts = self._means[c], self._prompts[c]
        about = means + prompts - share * (self._means[self.base] + self._prompts[self.base]).sum(axis=0)
        values = np.stack([means, prompts, np.zeros_like(means), means + prompts, about])
        at = self.n + np.arange(self.n_a + self.n_b)
        for pole, sign in ((slice(0, self.n_a), 1.0), (slice(self.n_a, None), -1.0)):
            size = max(len(at[pole]), 1)
            terms.append(Term(at[pole], sign * values[:, pole] / size, _HOLDS_ATTRIBUTES))
        return [term for term in terms if len(term.rows)]

    def _image_term(self, c: int, weight: float, holds: NDArray[np.bool_]) -> Term:
        rows = self.rows[c]
        iias, itaas = self._images[:, rows] * (weight / max(len(rows), 1))
        values = np.stack([iias, np.zeros_like(iias), itaas, iias + itaas, iias + itaas])
        return Term(rows, values * holds[:, None], holds)


def summed(parts: Iterable[tuple[float, list[Term]]]) -> list[Term]:
    """A weighted sum of changes over the same rows, such as half of one change and half of another."""
    weights, lists = zip(*parts, strict=True)
    added = []
    for terms in zip(*lists, strict=True):
        if any(not np.array_equal(term.rows, terms[0].rows) for term in terms):
            raise ValueError("changes can be added only where they are of the same prompts and seeds")
        values = np.add.reduce([weight * term.values for weight, term in zip(weights, terms, strict=True)])
        added.append(Term(terms[0].rows, values, terms[0].holds))
    return added


def _columns(components: Floats, base: Sequence[int] | Ints) -> Floats:
    """(c, 5) from the components (c, 4): `mcas` with TTAS, and `adjusted` by the mean of the neutral concepts."""
    mcas = components.sum(axis=1)
    baseline = mcas[base].mean() if len(base) else np.nan
    return np.column_stack([components[:, :3], mcas, mcas - baseline])


def _difference(attributes: Floats, n_a: int) -> Floats:
    """Difference of the poles' mean images, or zero where a pole is empty and a reason is given anyway."""
    a, b = attributes[:n_a], attributes[n_a:]
    return a.mean(axis=0) - b.mean(axis=0) if len(a) and len(b) else np.zeros(attributes.shape[1])
