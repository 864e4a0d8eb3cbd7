"""Shares corrected for the errors of the labels (Rogan & Gladen 1978), for any number of groups, with abstention.

The confusion matrix is measured on images whose group is known: the model's own attribute images, whose prompt is the label.
Its last column counts those that the labeller told no group of: where it reads one group worse than another, the images that
it counts show too few of that group, and that is put right too. The matrix is itself an estimate, and its error enters the
interval beside that of the shares.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from mcas_assets.scoring.stats.arrays import Floats

BLIND = 1e6
"""Condition number of the confusion matrix beyond which the labels tell the groups apart too poorly to correct."""

ROUNDS = 200
DRAWS = 2_000
PRIOR = 0.5
"""Of each cell: Jeffreys' prior of multinomial counts."""


@dataclass(frozen=True)
class CorrectedShares:
    """Shares of k groups with label error removed. A NaN stands only beside a reason.

    Attributes:
        shares: (k,) in [0, 1], summing to 1: of the images that show one of the groups.
        low, high: (k,) ends of the intervals, in [0, 1].
        standard_error: (k,) with both sources of error.
        reason: Why there are no shares, or None.
        draws: (DRAWS, k) shares as likely as the counts leave them; none beside a reason.
    """

    shares: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    reason: str | None = None
    draws: Floats = field(default_factory=lambda: np.empty((0, 0)), repr=False)


def corrected_shares(
    answers: ArrayLike, confusion: ArrayLike, *, level: float = 0.95, seed: int = 0
) -> CorrectedShares:
    """Shares of the true groups, given what the labeller answered and how it errs.

    With R the rates of the matrix, the counted answers of a concept are in proportion to shares @ R[:, :k]. How many of its
    images were not counted is not used: a scene may be unclear more often than a portrait, whoever is in it. What is assumed
    is that the groups err, and are unclear, in the same proportion to each other there as here.

    Args:
        answers: (k,) counts of the labeller's answers on the images of a concept; those told no group are left out.
        confusion: (k, k + 1) counts, row = true group of an image, column = answer, the last = none; or (k, k) where the
            labeller never abstains.
        level: Nominal coverage.
        seed: Of the draws. One seed and matrix gives one sequence of matrices, whatever the answers.

    Returns:
        The shares with maximum likelihood over the simplex. Intervals hold the middle of `DRAWS` shares, made from counts
        and matrices that are drawn from their posteriors under Jeffreys' prior: a parametric bootstrap of both sources.

    Raises:
        ValueError: Negative counts, shapes that do not match, or a level outside (0, 1).
    """
    seen, table = np.asarray(answers, dtype=np.float64), np.asarray(confusion, dtype=np.float64)
    k = len(seen) if seen.ndim == 1 else 0
    if k < 2 or table.shape not in ((k, k), (k, k + 1)):
        raise ValueError(f"confusion must be (groups, groups + 1) for (groups,), not {table.shape} for {seen.shape}")
    if (seen < 0).any() or (table < 0).any() or not np.isfinite(seen).all() or not np.isfinite(table).all():
        raise ValueError("answers and confusion must be finite counts of 0 or more")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    if seen.sum() == 0:
        return _none(k, "no image was labelled")
    n_labelled = table[:, :k].sum(axis=1)
    for counts, reason in (
        (table.sum(axis=1), "no image of known group {}"),
        (n_labelled, "no image of known group {} was labelled"),
    ):
        if (counts == 0).any():
            return _none(k, reason.format(int(np.flatnonzero(counts == 0)[0])))
    rates = table / table.sum(axis=1, keepdims=True)
    if np.linalg.cond(table[:, :k] / n_labelled[:, None]) > BLIND:
        return _none(k, "the labels do not tell the groups apart")
    estimate = _maximum_likelihood(seen, rates[:, :k])
    draws = _drawn(seen, table, seed)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return CorrectedShares(
        estimate, np.minimum(low, estimate), np.maximum(high, estimate), draws.std(axis=0, ddof=1), None, draws
    )


def _none(k: int, reason: str) -> CorrectedShares:
    blank = np.full(k, np.nan)
    return CorrectedShares(blank, blank, blank, blank, reason)


def _drawn(seen: Floats, table: Floats, seed: int) -> Floats:
    """(DRAWS, k) corrected shares of drawn answers and matrices; what falls below 0 is 0."""
    k = len(seen)
    generator = np.random.default_rng(seed)
    cells = generator.standard_gamma(table + PRIOR, size=(DRAWS, *table.shape))
    rates = cells[..., :k] / cells.sum(axis=2, keepdims=True)
    answers = generator.standard_gamma(seen + PRIOR, size=(DRAWS, k))
    shares = np.maximum(np.linalg.solve(rates.swapaxes(1, 2), answers[..., None])[..., 0], 0)
    return shares / shares.sum(axis=1, keepdims=True)


def _maximum_likelihood(seen: Floats, rates: Floats) -> Floats:
    """Shares on the simplex that make the counted answers most likely, `rates` (k, k) with rows that may sum to less than 1.

    The matrix inverse is the answer where it lies on the simplex; at the border the likelihood of the groups' parts among
    the counted images is climbed by EM.
    """
    shares = np.linalg.solve(rates.T, seen)
    if (shares >= 0).all():
        return shares / shares.sum()
    labelled = rates.sum(axis=1)
    rows = rates / labelled[:, None]
    parts = np.full(len(seen), 1 / len(seen))
    for _ in range(ROUNDS):
        expected = np.maximum(parts @ rows, 1e-300)
        parts = parts * (rows @ (seen / expected)) / seen.sum()
        parts /= parts.sum()
    shares = parts / labelled
    return shares / shares.sum()
