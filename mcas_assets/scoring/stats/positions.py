"""The interval of a mean of values that images take from a short list: Wilson's, for more than two groups.

An image shows one of g groups, each with a value of its own, its position. The mean position of n images is tested by the score
test against every mean that it could have, with the variance of the most likely shares of the groups that have this mean
(Wilson 1927 for two groups; for several the restricted likelihood of Miettinen & Nurminen 1985). A group that no image shows
may be one that others would show, which no resampling of the images can know of.
"""

import numpy as np
from scipy.special import expit

from mcas_assets.scoring.stats.arrays import Floats

QUANTILES: Floats = np.linspace(0.0, 8.0, 161)
"""The normal quantiles z at which intervals of every level are tabulated; between them they are taken as straight. The last is a
p-value of 1e-15."""

_MIXES = np.concatenate([np.logspace(3, -6, 240), [0.0]])
TINY = 1e-15
_PUSHED = expit(np.linspace(-14.0, 12.0, 240))


def position_distances(counts: Floats, positions: Floats) -> tuple[Floats, Floats]:
    """How far the ends of the interval of a mean position lie below and above it, at each of `QUANTILES`: two of (k, q).

    Args:
        counts: (k, g) images of each of k sets that show each group; rows of sum 0 have distances of 0.
        positions: (g,) of the groups.
    """
    rises = [_rises(row, positions) for row in counts]
    falls = [_rises(row, -positions) for row in counts]
    shape = (len(counts), len(QUANTILES))
    return np.array(falls).reshape(shape), np.array(rises).reshape(shape)


def _rises(counts: Floats, positions: Floats) -> Floats:
    """(q,) distances of the upper end of one set.

    The most likely shares of a given, larger mean are in proportion to counts / (r + top - position), for r from infinity to 0;
    where no image shows the group at the top, it takes up what is left once r is 0.
    """
    n = counts.sum()
    below = positions.max() - positions
    if not n or not below.max() > 0:
        return np.zeros(len(QUANTILES))
    below = below / below.max()
    seen = counts > 0
    if not (seen & (below > 0)).any():  # all images lie at the top already
        return np.zeros(len(QUANTILES))
    at_top = bool((seen & (below == 0)).any())
    mixes = _MIXES[:-1] if at_top else _MIXES
    shares = counts[seen] / (mixes[:, None] + below[seen])
    shares /= shares.sum(axis=1, keepdims=True)
    means, squares = shares @ below[seen], shares @ below[seen] ** 2
    if not at_top:  # then the unseen group at the top, whose distance is 0, takes a growing part
        left = 1 - _PUSHED
        means, squares = np.concatenate([means, left * means[-1]]), np.concatenate([squares, left * squares[-1]])
    spread = np.sqrt(np.maximum(squares - means**2, 0.0))
    risen = counts @ below / n - means
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(risen > TINY, np.sqrt(n) * risen / spread, 0.0)
    z = np.maximum.accumulate(np.concatenate([[0.0], z]))
    known = np.isfinite(z)
    scale = positions.max() - positions.min()
    return scale * np.interp(QUANTILES, z[known], np.concatenate([[0.0], risen])[known])
