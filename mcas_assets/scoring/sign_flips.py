"""The permutation test of paired data: exchanging the two members of a pair flips the sign of its difference."""

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.arrays import NO_SPREAD, Statistic, as_vector, missing
from mcas_assets.scoring.permutation import DRAWS, Alternative, count_extreme, tie_tolerance
from mcas_assets.scoring.resampling import EXACT_LIMIT, TABLE_ROWS, bit_stream, random_signs


def sign_flip_test(
    terms: ArrayLike,
    alternative: Alternative = "two-sided",
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> Statistic:
    """Test of a sum of independent terms that are symmetric about 0 when nothing changed.

    Args:
        terms: (u,) float, one per exchangeable pair or cluster of pairs.
        alternative: `greater` asks whether the sum is above 0.
        draws: As in `permutation_test`; exact when 2^u is within the limit.
        seed: As in `permutation_test`; exact when 2^u is within the limit.
        exact_limit: As in `permutation_test`; exact when 2^u is within the limit.

    Returns:
        The p-value in (0, 1], or None with a reason when all terms are 0.
    """
    values = as_vector(terms, "terms")
    u = len(values)
    if not u or np.abs(values).max() < NO_SPREAD:
        return missing("no pair differs")
    observed, tolerance = np.array([values.sum()]), tie_tolerance(values[None], values[None])
    exact = u < 63 and 2**u <= exact_limit
    total = 2**u if exact else draws
    bits = bit_stream(seed, f"signs {u}")
    count = 0
    for start in range(0, total, TABLE_ROWS):
        rows = min(TABLE_ROWS, total - start)
        if exact:
            signs = 1.0 - 2.0 * ((np.arange(start, start + rows)[:, None] >> np.arange(u)) & 1)
        else:
            signs = random_signs(bits, (rows, u))
        count += int(count_extreme((signs @ values)[:, None], observed, tolerance, alternative)[0])
    return Statistic(count / total if exact else (1 + count) / (1 + total))
