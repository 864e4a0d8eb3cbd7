"""What the interval of a score is made of where images are labelled: shares, gaps, and errors by seed.

The score of a concept is a constant plus the gap between the two groups' values times the share of the first; of more groups,
the gap times the mean position of its images, each at the place of its group on the line. The parts of its error are the
share's, that of images within their group, and that of the attribute images. Errors of images that share a seed are added up
before they are squared.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from mcas_assets.scoring.mcas.association import ComponentScores
from mcas_assets.scoring.mcas.draws import Grouping
from mcas_assets.scoring.mcas.vectors import AuditVectors
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.scoring.stats.mover import Gaps, pooled_gaps
from mcas_assets.scoring.stats.positions import position_distances

MOST_UNCLEAR = 0.2
"""Largest share of images without a clear group at which labels still carry an interval."""

TWO = 2
"""Groups of which the share of one tells that of the other."""


@dataclass(frozen=True)
class Fit:
    """Values of images of c concepts, split by group.

    Attributes:
        slope: (c,) gap between the groups, 0 where one was seen.
        errors: (n,) what is left of each image's value, scaled to an unbiased variance.
        freedom: (c,) degrees of freedom of the errors.
        variance: (c,) of one image within its group.
        gaps: Of the concepts, pooled.
    """

    slope: Floats
    errors: Floats
    freedom: Floats
    variance: Floats
    gaps: Gaps


class Labelled:
    """The images of an audit by concept, group and seed.

    Attributes:
        concept: (n,) concept of each image.
        counts: (c,) images of each concept.
        positions: (g,) of the groups: 1 for the first, 0 for the second; of more than two by how their images' values differ,
            those of images without a clear group being one more.
        group: (n,) position of each image; of two groups 0.5 where it is not clear.
        shares: (c,) mean of that: of two groups the share of the first.
        spread: (c,) sum of its squares about the mean; 0 where one group was seen.
        unclear: (c,) share of images whose group is not clear.
    """

    def __init__(
        self, vectors: AuditVectors, scores: ComponentScores, groups: Grouping, values: Floats | None = None
    ) -> None:
        """`values` (n,) of the images tell the positions of more than two groups; by default what they bring into MCAS."""
        self.vectors, self.scores, self.groups = vectors, scores, groups
        self.concept, self.counts = groups.concept, scores.n_images
        labels = np.asarray(vectors.labels)
        if labels.shape != self.concept.shape or (len(labels) and (labels.dtype.kind not in "iu" or labels.min() < -1)):
            raise ValueError("labels must be a whole number of 0 or more, or -1, for each image")
        self.is_two = bool(labels.max(initial=0) < TWO)
        if self.is_two:
            self.positions = np.array([1.0, 0.0])
            self.group = np.select([labels == 0, labels == 1], self.positions, 0.5)
        else:
            self.labels, self.kind = np.unique(labels, return_inverse=True)
            told = np.where(np.isnan(scores.s_img), 0.0, scores.s_img) + scores.s_word if values is None else values
            self.positions = self._positions(told)
            self.group = self.positions[self.kind]
        self.shares = self.mean(self.group)
        self.centred = self.group - self.shares[self.concept]
        self.spread = self.sums(self.centred**2)
        self.spread[self.spread < 1e-9] = 0.0
        self.unclear = self.mean(labels == -1)

    def placed(self, values: Floats) -> "Labelled":
        """The same with positions by other values (n,) of the images."""
        return self if self.is_two else Labelled(self.vectors, self.scores, self.groups, values)

    def _positions(self, values: Floats) -> Floats:
        """(g,) by how much the values of the groups' images differ within concepts, over all concepts together."""
        shown = np.eye(len(self.labels))[self.kind]
        centred = shown - np.stack([self.mean(column)[self.concept] for column in shown.T], axis=1)
        found = np.linalg.lstsq(
            centred.T @ centred, centred.T @ (values - self.mean(values)[self.concept]), rcond=None
        )[0]
        return found - found.min()

    @property
    def even(self) -> float:
        """Mean position where all groups have the same share."""
        return 0.5 if self.is_two else float(self.positions[self.labels >= 0].mean())

    @property
    def poles_apart(self) -> float:
        """By how much the positions of the first two groups differ, NaN where one of them was never seen."""
        if self.is_two:
            return 1.0
        ends = [self.positions[self.labels == group] for group in (0, 1)]
        return float(ends[0][0] - ends[1][0]) if all(map(len, ends)) else float("nan")

    @cached_property
    def distances(self) -> Floats | None:
        """(2, c, q) of the intervals of the mean positions, as in `mover.Terms`; None for two groups, which have Wilson's."""
        if self.is_two:
            return None
        seen = np.zeros((len(self.counts), len(self.labels)))
        np.add.at(seen, (self.concept, self.kind), 1.0)
        return np.stack(position_distances(seen, self.positions))

    def sums(self, values: np.ndarray) -> Floats:
        """(c,) sums of values (n,) of images over their concepts."""
        return np.asarray(np.bincount(self.concept, weights=values, minlength=len(self.counts)), dtype=np.float64)

    def mean(self, values: np.ndarray) -> Floats:
        """(c,) means of values (n,) of images over their concepts."""
        return self.sums(values) / np.maximum(self.counts, 1)

    def fit(self, values: Floats) -> Fit:
        """Split the values (n,) of the images by group."""
        away = values - self.mean(values)[self.concept]
        split = self.spread > 0
        slope = self.sums(away * self.centred) / np.where(split, self.spread, 1.0)
        errors = away - slope[self.concept] * self.centred
        freedom = np.maximum(self.counts - 1.0 - split, 1.0)
        squares = self.sums(errors**2)
        variance = squares / freedom
        pooled = squares.sum() / max(freedom[self.counts > 0].sum(), 1.0)
        unsure = np.where(split, pooled / np.where(split, self.spread, 1.0), np.inf)
        scaled = errors * np.sqrt(np.maximum(self.counts, 1) / freedom)[self.concept]
        return Fit(slope, scaled, freedom, variance, pooled_gaps(slope, unsure))

    def by_unit(self, rows: Ints, values: Floats, of: Ints, count: int) -> csr_array:
        """(count, u) values of images added up by the row `of` and by their seed."""
        units = self.groups.seed[rows]
        return csr_array((values, (of, units)), shape=(count, len(self.groups.seed_strata)))

    def share_errors(self) -> csr_array:
        """(c, u) errors of the shares by seed, scaled to length 1; 0 where one group was seen."""
        length = np.sqrt(np.where(self.spread > 0, self.spread, np.inf))
        return self.by_unit(
            np.arange(len(self.concept)), self.centred / length[self.concept], self.concept, len(self.counts)
        )


class Attributes:
    """Errors that the attribute images bring into scores, by seed.

    Attributes:
        units: (v,) the seeds that attribute images were drawn from.
        freedom: Degrees of freedom of their variance.
    """

    def __init__(self, vectors: AuditVectors, groups: Grouping, images: Floats | None = None) -> None:
        """`images` (n_a + n_b, d) stand in place of the attribute images themselves, such as by what they differ."""
        n, self.n_a, self.n_b = vectors.sizes()
        self.images = vectors.attributes() if images is None else images
        rows = np.arange(n, n + self.n_a + self.n_b)
        self.units, self.place = np.unique(groups.seed[rows], return_inverse=True)
        prompts = []
        for labels, size in ((vectors.a_prompts, self.n_a), (vectors.b_prompts, self.n_b)):
            own = np.zeros(size, np.int64) if labels is None else np.unique(np.asarray(labels), return_inverse=True)[1]
            # A prompt with one image tells nothing of its spread: then the pole is one.
            alone = size and np.bincount(own)[np.unique(own)].min() < 2
            prompts.append(np.zeros(size, np.int64) if alone else own)
        first = prompts[0].max(initial=0) + 1
        self.prompt = np.concatenate([prompts[0], prompts[1] + first])
        self.sizes = np.bincount(self.prompt, minlength=1)
        kept = self.sizes[self.prompt]
        scale = np.sqrt(kept / np.maximum(kept - 1, 1))
        poles = np.concatenate([np.full(self.n_a, 1 / max(self.n_a, 1)), np.full(self.n_b, -1 / max(self.n_b, 1))])
        self.weights = scale * poles
        strata = int((self.sizes > 0).sum())
        self.freedom = float(max(1, min(len(rows) - strata, len(self.units) - 1)))

    def errors(self, targets: Floats) -> Floats:
        """(k, v) errors of the scores of targets (k, d), by seed."""
        cosines = targets @ self.images.T
        means = np.zeros((len(cosines), len(self.sizes)))
        np.add.at(means.T, self.prompt, cosines.T)
        means /= np.maximum(self.sizes, 1)
        errors = (cosines - means[:, self.prompt]) * self.weights
        summed = np.zeros((len(self.units), len(targets)))
        np.add.at(summed, self.place, errors.T)
        return summed.T
