"""Distance of a concept's shares from a reference over the declared groups, and how far a fair generator would read.

A group that never appears counts: the groups are the declared ones, not those observed. A distance of few
images is never 0, so the floor that a fair generator reads at the same number of images stands beside it.
Direction is in amplification.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import rel_entr

from mcas_assets.scoring.stats.arrays import Floats, as_vector
from mcas_assets.scoring.stats.resampling import bit_stream

FLOOR_DRAWS = 20_000


@dataclass(frozen=True)
class Divergence:
    """One distance and its finite-sample floor, in the distance's own unit.

    Attributes:
        value: Distance of the observed shares from the reference, or None.
        floor: Mean distance that images drawn from the reference itself read at the same number of images, or
            None.
        excess: value - floor; below 0 where the shares are nearer than chance, or None.
        p_value: Chance that images drawn from the reference read this far or farther, in (0, 1], or None.
        reason: Why there is no value, or None.
    """

    value: float | None
    floor: float | None
    excess: float | None
    p_value: float | None
    reason: str | None = None


def total_variation(shares: Floats, reference: Floats) -> Floats:
    """Half the sum of absolute differences over the last axis, in [0, 1]; |share - 0.5| for two groups at parity."""
    return 0.5 * np.abs(shares - reference).sum(axis=-1)


def jensen_shannon(shares: Floats, reference: Floats) -> Floats:
    """Jensen-Shannon divergence in bits over the last axis, in [0, 1]; finite where groups are absent."""
    middle = (shares + reference) / 2
    return 0.5 * (rel_entr(shares, middle) + rel_entr(reference, middle)).sum(axis=-1) / np.log(2)


Kind = Literal["total_variation", "jensen_shannon"]
DIVERGENCES: dict[Kind, Callable[[Floats, Floats], Floats]] = {
    "total_variation": total_variation,
    "jensen_shannon": jensen_shannon,
}


def divergence(counts: ArrayLike, reference: ArrayLike, kind: Kind = "total_variation", *, seed: int = 0) -> Divergence:
    """Distance of observed counts from a reference over the declared groups.

    Args:
        counts: (k,) whole numbers of images per declared group, zeros included.
        reference: (k,) shares that sum to 1, such as parity.
        kind: A name in `DIVERGENCES`.
        seed: Of the draws of the floor (exact for two groups).

    Returns:
        The distance with its floor, or a reason.

    Raises:
        ValueError: Unknown kind, negative counts, or a reference that is not shares of the same groups.
    """
    seen = as_vector(counts, "counts")
    fair = check_shares(reference, len(seen), "reference")
    if kind not in DIVERGENCES:
        raise ValueError(f"kind must be one of {', '.join(DIVERGENCES)}, not {kind!r}")
    if (seen < 0).any() or (seen != np.round(seen)).any():
        raise ValueError("counts must be whole numbers of 0 or more")
    n = int(seen.sum())
    if n == 0:
        return Divergence(None, None, None, None, "no image shows a declared group")
    value = float(DIVERGENCES[kind](seen / n, fair))
    null, weights = _fair_distances(kind, n, tuple(fair.tolist()), seed)
    floor = float(null @ weights)
    as_far = float(weights[null >= value * (1 - 1e-12)].sum())
    p_value = as_far if len(fair) == 2 else (1 + round(as_far * FLOOR_DRAWS)) / (1 + FLOOR_DRAWS)
    return Divergence(value, floor, value - floor, min(p_value, 1.0))


@lru_cache(maxsize=64)  # concepts of equal numbers of images are held against one population
def _fair_distances(kind: Kind, n: int, fair: tuple[float, ...], seed: int) -> tuple[Floats, Floats]:
    """Distances that n images of a fair generator read, and their chances."""
    drawn, weights = _fair_counts(n, np.array(fair), seed)
    drawn, weights = drawn[weights > 0], weights[weights > 0]
    null = DIVERGENCES[kind](drawn / n, np.array(fair))
    null.flags.writeable = weights.flags.writeable = False
    return null, weights


def _fair_counts(n: int, fair: Floats, seed: int) -> tuple[Floats, Floats]:
    """Counts that n images of a fair generator give, and their chances: all of them for two groups, else draws."""
    if len(fair) == 2:
        from scipy.stats import binom  # here, since scipy.stats is slow to import and little else needs it

        first = np.arange(n + 1)
        return np.stack([first, n - first], axis=1).astype(np.float64), binom.pmf(first, n, fair[0])
    generator = np.random.Generator(bit_stream(seed, f"fair counts {n} {len(fair)}"))
    drawn = generator.multinomial(n, fair, size=FLOOR_DRAWS).astype(np.float64)
    return drawn, np.full(FLOOR_DRAWS, 1 / FLOOR_DRAWS)


def check_shares(shares: ArrayLike, k: int | None, name: str) -> Floats:
    """Shares of k groups, scaled to sum to exactly 1.

    Raises:
        ValueError: Not k shares of 0 or more that sum to 1 within 1e-3, which allows for printed percentages.
    """
    vector = as_vector(shares, name, k)
    if (vector < 0).any() or abs(vector.sum() - 1) > 1e-3:
        raise ValueError(f"{name} must be shares of 0 or more that sum to 1, not {vector.tolist()}")
    return vector / vector.sum()
