"""What coverage intervals of changes had in simulation, beside the ones that missed their level.

The shares of few images take few values, so an interval that holds its level for all of them holds more than that for most.
"""

import numpy as np

from mcas_assets.scoring.stats.arrays import Floats

PAIRS = (8, 16, 30, 64)
SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95)
COVERAGE = (
    (1.000, 0.998, 0.993, 0.958, 0.930, 0.963, 1.000),
    (0.998, 0.998, 0.985, 0.925, 0.950, 0.963, 1.000),
    (0.995, 0.980, 0.980, 0.932, 0.960, 0.963, 0.980),
    (0.993, 0.963, 0.968, 0.938, 0.938, 0.950, 0.958),
)
"""Of the change of MCAS at 95 %, by pairs and share of the first group: benchmarks/coverage_changes.py prints it."""

LEAST, MOST = 0.93, 0.97
MANY = 128  # pairs, from which the largest number that was simulated says nothing


def coverage_note(n_pairs: int, share: float) -> str | None:
    """What must be known beside an interval: that of the nearest simulated cell, where its coverage was outside .93 to .97.

    Args:
        n_pairs: Pairs of images of the concept.
        share: Of the first group among the images of both versions, in [0, 1].
    """
    if not 0 < n_pairs < MANY:
        return None
    row = int(np.argmin(np.abs(np.log(np.array(PAIRS) / n_pairs))))
    kept = (share * 2 * n_pairs + 0.5) / (2 * n_pairs + 1)
    column = int(np.argmin(np.abs(_logit(np.array(SHARES)) - _logit(np.array(kept)))))
    covered = COVERAGE[row][column]
    if LEAST <= covered <= MOST:
        return None
    side = "wider" if covered > MOST else "narrower"
    return (
        f"{side} than its level asks: of {PAIRS[row]} simulated pairs at a share of {SHARES[column]:g} such intervals held the "
        f"change in {covered:.3f} at 95 %"
    )


def _logit(shares: Floats) -> Floats:
    return np.log(shares / (1 - shares))
