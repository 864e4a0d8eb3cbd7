"""What is said of a comparison as a whole: whether anything changed, where the audit's mean went, whether it leans less.

The versions of all pairs that share a seed are exchanged together, in all concepts at once, since concepts share attribute
images. For what is said of the mean over concepts, METHOD's exchangeable unit is the prompt; neither unit alone
will do: prompts share attribute images, images share a prompt. So seeds and prompts are each exchanged, the larger p-value
counts, and the interval draws both.
"""

from dataclasses import dataclass

import numpy as np

from mcas_assets.scoring.changes.changes import SAME_IMAGES, Task
from mcas_assets.scoring.changes.pairs import CHANGES, Pairs
from mcas_assets.scoring.stats.arrays import NO_SPREAD, Floats
from mcas_assets.scoring.stats.intervals import FEW_UNITS, MIN_UNITS, Influence, interval_ends
from mcas_assets.scoring.stats.resampling import unit_counts
from mcas_assets.scoring.stats.sign_flips import is_exact, sign_blocks, sign_flip_test


@dataclass(frozen=True)
class Mean:
    """A mean over concepts: change of the score, or of its size.

    Attributes:
        change: After less before.
        low, high: Ends of the interval over prompts and seeds, or None.
        p_value: The larger of those from exchanging prompts and from exchanging seeds, or None.
        reason: Why the interval is missing, or None.
    """

    change: float | None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Headline:
    """A comparison as a whole, on one axis by one embedder.

    Attributes:
        any_p_value: Of the hypothesis that no concept changed, in (0, 1], or None.
        mean: The score, towards pole A above 0.
        lean: The size of the score: below 0, the version leans less.
        reason: Why there is no p-value, or None.
    """

    any_p_value: float | None
    mean: Mean
    lean: Mean
    reason: str | None = None


def headline(pairs: Pairs, task: Task) -> Headline:
    """What the changes of MCAS of all concepts say together.

    The statistic of "anything" is the largest change over concepts, each over its spread under exchange: a sum over all
    concepts would drown the few that an update moves.

    Args:
        pairs: Of two versions.
        task: How intervals and tests are made.
    """
    column = CHANGES.index("mcas")
    asked = [c for c in range(len(pairs.rows)) if c not in pairs.base and pairs.reasons(c)[column] is None]
    if not asked:
        return Headline(None, Mean(None, reason="no concept"), Mean(None, reason="no concept"), "no concept has pairs")
    terms = [pairs.terms(c) for c in asked]
    change = np.array([task.differences(one)[column] for one in terms])
    by_seed = np.stack([task.by_seed(one)[column] for one in terms])
    if np.abs(by_seed).max() < NO_SPREAD:
        same = Mean(0.0, reason=SAME_IMAGES)
        return Headline(None, same, same, SAME_IMAGES)
    by_seed = by_seed[:, np.abs(by_seed).max(axis=0) >= NO_SPREAD]
    middle = (pairs.before[asked, column] + pairs.after[asked, column]) / 2
    any_p, mean_p, lean_p = _exchange_seeds(by_seed, middle, task)
    seeds = np.stack([task.influence_by_seed(one)[column] for one in terms])
    replicates = np.stack([task.replicates(one)[column] for one in terms])
    mean = _mean(change, replicates, seeds, mean_p, task)
    # The size follows the change where the score is above 0, turns it where it is below, and half of it where it crosses.
    slope = (np.sign(middle + change / 2) + np.sign(middle - change / 2)) / 2
    leans = _lean(middle, change[:, None])[:, 0]
    lean = _mean(leans, _lean(middle, replicates), seeds * slope[:, None], lean_p, task)
    return Headline(any_p, mean, lean)


def _lean(middle: Floats, change: Floats) -> Floats:
    """(c, r) change of the score's size, for changes about the middle of both versions, which no exchange moves."""
    return np.abs(middle[:, None] + change / 2) - np.abs(middle[:, None] - change / 2)


def _exchange_seeds(by_seed: Floats, middle: Floats, task: Task) -> tuple[float, float, float]:
    """p-values of "anything", of the mean change and of the mean change of size."""
    change = by_seed.sum(axis=1)
    scale = np.sqrt((by_seed**2).sum(axis=1))
    scale = np.where(scale > NO_SPREAD, scale, np.inf)

    def statistics(changes: Floats) -> Floats:
        """(r, 3) from (r, c)."""
        leans = _lean(middle, changes.T).mean(axis=0)
        return np.stack([(np.abs(changes) / scale).max(axis=1), np.abs(changes.mean(axis=1)), np.abs(leans)], axis=1)

    observed = statistics(change[None])[0]
    tolerance = 1e-9 * np.maximum(observed, NO_SPREAD)
    units = by_seed.shape[1]
    count, total = np.zeros(3), 0
    for signs in sign_blocks(units, draws=task.n_draws, seed=task.seed):
        count += (statistics(signs @ by_seed.T) >= observed - tolerance).sum(axis=0)
        total += len(signs)
    p = count / total if is_exact(units) else (1 + count) / (1 + total)
    any_p, mean_p, lean_p = p.tolist()
    return any_p, mean_p, lean_p


def _mean(values: Floats, replicates: Floats, seeds: Floats, p_value: float, task: Task) -> Mean:
    """Mean over concepts: (c,) values, (c, r) replicates by seeds, (c, u) influence of the seeds on each."""
    count = len(values)
    estimate = float(values.mean())
    if count < MIN_UNITS:
        return Mean(estimate, p_value=p_value, reason=FEW_UNITS.replace("images", "concepts"))
    by_prompt = sign_flip_test(values / count, draws=task.n_draws, seed=task.seed).value
    one_stratum = np.zeros(count, dtype=np.int64)
    drawn = unit_counts(one_stratum, task.draws.resamples, task.seed, "concepts")
    means = np.vecdot(drawn, replicates.T) / count
    parts = [
        Influence(((values - estimate) / count)[None], one_stratum),
        Influence(seeds.mean(axis=0)[None], task.draws.groups.seed_strata),
    ]
    ends = interval_ends(means[None], np.array([estimate]), parts, task.level, "percentile")
    if ends.reasons[0]:
        return Mean(estimate, p_value=p_value, reason=ends.reasons[0])
    larger = max(p_value, by_prompt if by_prompt is not None else 1.0)
    return Mean(estimate, float(ends.low[0]), float(ends.high[0]), larger)
