"""How unlike each other the images of one concept are: mean cosine of pairs, and the Vendi score.

A system that gives one picture over and over may well show women and men in equal parts. Both numbers come from vectors alone, so
they hold for the embedder that made these. The Vendi score (Friedman & Dieng 2023, arXiv 2210.02410, definition 3.1) is the
exponential of the entropy of the eigenvalues of K / n, K the cosines of the n images: the effective number of images, 1 where all
are alike and n where each is at right angles to all others. It grows with n, so only sets of one size compare.
"""

from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.fidelity.means import Mean, mean
from mcas_assets.scoring.stats.arrays import Floats

MOST_LEFT_OUT = 64
"""Parts that the jackknife leaves out one after the other: with more images each part holds several."""

_FLAT = 1e-12  # eigenvalues below, of a matrix of trace 1, are rounding


@dataclass(frozen=True)
class Parts:
    """A statistic of a set of images, and what each of them brings to it.

    Attributes:
        value: The statistic.
        pseudo: (g,) pseudo-values of the jackknife: their mean is the statistic less its bias, their variance over g that of it.
    """

    value: float
    pseudo: Floats

    def with_interval(self, level: float) -> Mean:
        """The statistic with an interval of Student's t (Miller 1974, Biometrika 61: 1) about itself.

        Its estimand is that of sets of as many images: what the jackknife says of the bias is not taken off.
        """
        about = mean(self.pseudo - self.pseudo.mean() + self.value, level=level)
        return Mean(self.value, about.low, about.high, about.reason)


def similarity(vectors: Floats) -> Parts:
    """Mean cosine of all pairs of (n, d) rows of length 1, n of 2 or more; 1 where all are alike."""
    x = np.asarray(vectors, dtype=np.float64)
    n = len(x)
    if n < 2:
        raise ValueError(f"a pair takes two images, not {n}")
    with_others = (x @ x.sum(axis=0) - (x * x).sum(axis=1)) / (n - 1)
    value = float(with_others.mean())
    if n == 2:
        return Parts(value, np.full(1, value))
    without = (n * value - 2 * with_others) / (n - 2)  # the mean over the pairs that an image is not in
    return Parts(value, n * value - (n - 1) * without)


def vendi(vectors: Floats) -> Parts:
    """The Vendi score of (n, d) rows of length 1, n of 1 or more; from 1 to n."""
    x = np.asarray(vectors, dtype=np.float64)
    cosines = x @ x.T
    value, n = _vendi(cosines), len(x)
    parts = min(n, MOST_LEFT_OUT)
    if n < 2:
        return Parts(value, np.full(1, value))
    kept = [np.arange(n) % parts != part for part in range(parts)]
    without = np.array([_vendi(cosines[np.ix_(rows, rows)]) for rows in kept])
    return Parts(value, parts * value - (parts - 1) * without)


def _vendi(cosines: Floats) -> float:
    eigenvalues = np.linalg.eigvalsh(cosines / len(cosines))
    eigenvalues = eigenvalues[eigenvalues > _FLAT]
    return float(np.exp(-(eigenvalues * np.log(eigenvalues)).sum()))
