"""Which images are drawn together when a whole audit is resampled, and how often each is drawn.

What is computed with the draws belongs in concept_bootstrap.py and comparison.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.intervals import Influence
from mcas_assets.scoring.stats.resampling import (
    bit_stream,
    codes_of,
    members_of,
    strata_of,
    stratum_counts,
    unit_counts,
)


@dataclass(frozen=True)
class Grouping:
    """Which rows are resampled together. Rows are the images of the concepts, then of pole A, then of pole B.

    Attributes:
        seed: (n + n_a + n_b,) seed unit of each row.
        seed_strata: (u,) the stratum that each seed unit is drawn in.
        wording: (n,) wording unit of each image, or None where no concept has two.
        wording_strata: (v,) the stratum of each wording unit.
        concept: (n,) concept of each image.
    """

    seed: Ints
    seed_strata: Ints
    wording: Ints | None
    wording_strata: Ints
    concept: Ints

    @property
    def n_images(self) -> int:
        """Images of concepts; the rows after them are attribute images."""
        return len(self.concept)


def grouping(vectors: AuditVectors) -> Grouping:
    """Work out the units of an audit from its seeds, wordings and attribute prompts.

    Raises:
        ValueError: Labels of another length than their images.
    """
    n, n_a, n_b = vectors.sizes()
    concept = np.asarray(vectors.concept).astype(np.int64)
    count = len(np.asarray(vectors.prompts))
    wording = None if vectors.wordings is None else codes_of(vectors.wordings, n, "wordings")
    if wording is not None:
        pairs = np.unique(np.stack([concept, wording]), axis=1)
        if np.bincount(pairs[0], minlength=count).max(initial=0) < 2:
            wording = None
    own = concept if wording is None else concept * (int(wording.max(initial=0)) + 1) + wording
    cells, seeds = [own], [_seeds(vectors.seeds, n, 0, "seeds")]
    for labels, prompts, size, pole in (
        (vectors.a_seeds, vectors.a_prompts, n_a, "a"),
        (vectors.b_seeds, vectors.b_prompts, n_b, "b"),
    ):
        seeds.append(_seeds(labels, size, sum(map(len, seeds)), f"{pole}_seeds"))
        prompt = np.zeros(size, dtype=np.int64) if prompts is None else codes_of(prompts, size, f"{pole}_prompts")
        cells.append(prompt + max(int(cell.max(initial=0)) for cell in cells) + 1)
    seed = np.unique(np.concatenate(seeds), return_inverse=True)[1].astype(np.int64)
    wording_strata = np.zeros(0, dtype=np.int64) if wording is None else strata_of(wording, concept)
    return Grouping(seed, strata_of(seed, np.concatenate(cells)), wording, wording_strata, concept)


FEWEST_WORDINGS = 5
"""Below it, an interval for a population of prompts covers too little where wording matters: benchmarks/coverage_wordings.py."""


def fewest_wordings(groups: Grouping) -> int | None:
    """Wordings of the concept that has the fewest of those with several; None where none has."""
    if groups.wording is None:
        return None
    counts = np.bincount(np.unique(np.stack([groups.concept, groups.wording]), axis=1)[0])
    return int(counts[counts > 1].min())


def _seeds(labels: ArrayLike | None, n: int, before: int, name: str) -> Ints:
    """Seeds as given, or one of its own for each image, told apart from real seeds by the sign.

    Raises:
        ValueError: Not n whole numbers of 0 or more.
    """
    if labels is None:
        return -1 - before - np.arange(n)
    array = np.asarray(labels)
    if array.shape != (n,) or (n and (array.dtype.kind not in "iu" or array.min() < 0)):
        raise ValueError(
            f"{name} must be one whole number of 0 or more per image, ({n},), not {array.dtype}{array.shape}"
        )
    return array.astype(np.int64)


def rows_of_concepts(vectors: AuditVectors) -> list[Ints]:
    """The rows of the images of each concept."""
    concept = np.asarray(vectors.concept).astype(np.int64)
    sizes = np.bincount(concept, minlength=len(np.asarray(vectors.prompts)))
    return np.split(np.argsort(concept, kind="stable"), np.cumsum(sizes)[:-1])


class Draws:
    """How often each row is drawn in each replicate; the same numbers whenever and in whatever order they are asked."""

    def __init__(self, groups: Grouping, resamples: int, seed: int) -> None:
        self.groups, self.resamples, self.seed = groups, resamples, seed
        self.members = members_of(groups.seed_strata)
        n = groups.n_images
        stratum = groups.seed_strata[groups.seed]
        pairs = np.unique(np.stack([stratum[:n], groups.concept]), axis=1)[0]
        self.is_shared = np.bincount(pairs, minlength=len(self.members)) > 1
        self.is_shared[stratum[n:]] = True
        self.shared: dict[int, Floats] = {}
        self.wordings = None
        if groups.wording is not None:
            self.wordings = unit_counts(groups.wording_strata, resamples, seed, "wordings")

    def image_weights(self, rows: Ints) -> Floats:
        """(r, len(rows)) weights of images of concepts: draws of the seed times draws of the wording."""
        weights = self.seed_counts(rows)
        if self.wordings is None or self.groups.wording is None:
            return weights
        return weights * self.wordings[:, self.groups.wording[rows]]

    def seed_counts(self, rows: Ints) -> Floats:
        """(r, len(rows)) how often the seed of each row is drawn. What several concepts share is drawn once."""
        codes = self.groups.seed[rows]
        strata = self.groups.seed_strata[codes]
        met = np.unique(strata)
        counts = np.empty((self.resamples, len(rows) if len(met) != 1 else 0))
        for stratum in met:
            drawn = self._of_stratum(int(stratum))
            here = strata == stratum
            place = np.searchsorted(self.members[stratum], codes[here])
            if len(met) == 1:
                return drawn if np.array_equal(place, np.arange(drawn.shape[1])) else drawn[:, place]
            counts[:, here] = drawn[:, place]
        return counts

    def _of_stratum(self, stratum: int) -> Floats:
        """(r, units) counts of one stratum."""
        if stratum in self.shared:
            return self.shared[stratum]
        drawn = stratum_counts(len(self.members[stratum]), self.resamples, bit_stream(self.seed, f"seeds {stratum}"))
        if self.is_shared[stratum]:
            self.shared[stratum] = drawn
        return drawn


def influence_by_unit(codes: Ints, strata: Ints, values: Floats) -> Influence:
    """Influence of rows (k, n) added up over their units."""
    units, place = np.unique(codes, return_inverse=True)
    summed = [np.bincount(place, weights=row, minlength=len(units)) for row in values]
    local = np.unique(strata[units], return_inverse=True)[1].astype(np.int64)
    return Influence(np.array(summed, dtype=np.float64).reshape(len(values), len(units)), local)
