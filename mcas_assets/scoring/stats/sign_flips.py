"""The permutation test of paired data: exchanging the two members of a pair flips the sign of its difference."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats, Statistic, as_matrix, as_vector, missing
from mcas_assets.scoring.stats.permutation import DRAWS, count_extreme, tie_tolerance
from mcas_assets.scoring.stats.resampling import EXACT_LIMIT, TABLE_ROWS, bit_stream, random_signs

NO_DIFFERENCE = "no pair differs"


def sign_flip_test(
    terms: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> Statistic:
    """Two-sided test of a sum of independent terms that are symmetric about 0 when nothing changed.

    Args:
        terms: (u,) float, one per exchangeable pair or cluster of pairs.
        draws: As in `permutation_test`; exact when 2^u is within the limit.
        seed: As in `permutation_test`; exact when 2^u is within the limit.
        exact_limit: As in `permutation_test`; exact when 2^u is within the limit.

    Returns:
        The p-value in (0, 1], or None with a reason when all terms are 0.
    """
    values = as_vector(terms, "terms")[None]
    return sign_flip_tests(values, draws=draws, seed=seed, exact_limit=exact_limit)[0]


def sign_flip_tests(
    terms: ArrayLike,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    exact_limit: int = EXACT_LIMIT,
) -> list[Statistic]:
    """The same of k sums over the same units at once: (k, u) terms, k statistics, one table of signs."""
    values = as_matrix(terms, "terms").astype(np.float64)
    k, u = values.shape
    if not np.isfinite(values).all():
        raise ValueError("terms holds a value that is not finite")
    flat = np.abs(values).max(axis=1, initial=0.0) < NO_SPREAD
    if flat.all():
        return [missing(NO_DIFFERENCE)] * k
    observed, tolerance = values.sum(axis=1), tie_tolerance(values, values)
    count, total = np.zeros(k, dtype=np.int64), 0
    exact = is_exact(u, exact_limit)
    for signs in sign_blocks(u, draws=draws, seed=seed, exact_limit=exact_limit):
        count += count_extreme(signs @ values.T, observed, tolerance)
        total += len(signs)
    p = count / total if exact else (1 + count) / (1 + total)
    return [missing(NO_DIFFERENCE) if f else Statistic(float(one)) for f, one in zip(flat, p, strict=True)]


def is_exact(units: int, exact_limit: int = EXACT_LIMIT) -> bool:
    """Whether every combination of signs is counted."""
    return units < 63 and 2**units <= exact_limit


def sign_blocks(units: int, *, draws: int = DRAWS, seed: int = 0, exact_limit: int = EXACT_LIMIT) -> Iterator[Floats]:
    """All combinations of signs where they can be counted, else `draws` at random, as blocks (rows, units) of -1 and 1."""
    exact = is_exact(units, exact_limit)
    total = 2**units if exact else draws
    bits = bit_stream(seed, f"signs {units}")
    for start in range(0, total, TABLE_ROWS):
        rows = min(TABLE_ROWS, total - start)
        if exact:
            yield 1.0 - 2.0 * ((np.arange(start, start + rows)[:, None] >> np.arange(units)) & 1)
        else:
            yield random_signs(bits, (rows, units))
