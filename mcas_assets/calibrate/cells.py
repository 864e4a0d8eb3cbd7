"""How often intervals hold the truth of a pool, in simulated audits of so many images: one outcome for each concept.

Audit k draws with seed k alone, as in `simulations`. Sizes other than the number of images of a concept are the audit's own.
"""

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from mcas_assets.calibrate.pool import UNREAD, Drawn, Pool
from mcas_assets.calibrate.simulations import Numbers, Settings, generator_of
from mcas_assets.scoring.changes.comparison import compare_changes, paired_difference
from mcas_assets.scoring.changes.pairs import Change
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, columns_of
from mcas_assets.scoring.mcas.score_intervals import score_intervals
from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.arrays import Floats, Ints

SCORES = ("iias", "itpas", "itaas", "mcas")  # TTAS holds no image, so it has no interval
AT = [COLUMNS.index(name) for name in SCORES]
Side = Literal["raw", "adjusted"]
SIDES: tuple[Side, ...] = get_args(Side)
CHANGES: tuple[Change, ...] = ("mcas", "adjusted")
MCAS = COLUMNS.index("mcas")
KEPT, MOVED = 0.5, 0.3
"""Of an update: share of the seeds that show what they showed, and by how much a share moves."""

LEAST, RARE = 3, 0.02
"""A concept of fewer images of a group, or that is 0 only at a rarer share than this, is not made 0."""


def draw_of(pool: Pool, settings: Settings, generator: np.random.Generator) -> Drawn:
    """The replicates of one audit; concepts and attribute prompts share their seeds."""
    most = max(settings.images, settings.attribute)
    common = generator.integers(pool.replicates, size=most)
    neutral = generator.integers(pool.replicates, size=(len(pool.neutral), settings.neutral))
    return Drawn(common[: settings.images], common[: settings.attribute], neutral)


def true_scores(pool: Pool, chosen: Ints) -> tuple[Floats, Floats]:
    """(k, 6) raw and adjusted scores of some concepts in the whole pool."""
    which = np.array([*chosen, *pool.neutral], dtype=np.int64)
    raw = columns_of(pool.audit(np.arange(pool.replicates), which).scores().components)
    return raw[: len(chosen)], raw[: len(chosen)] - raw[len(chosen) :].mean(axis=0)


def score_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether intervals hold the scores of the whole pool: (audits, concepts, raw and adjusted, SCORES)."""
    chosen = np.array(settings.chosen, dtype=np.int64)
    truths, outcomes = true_scores(pool, chosen), []
    for number in numbers:
        drawn = pool.drawn(draw_of(pool, settings, generator_of(settings, "scores", number)), chosen)
        neutral = range(len(chosen), len(chosen) + len(pool.neutral))
        options = {"level": settings.level, "resamples": settings.resamples, "seed": number}
        found = score_intervals(drawn, neutral, **options, is_tested=False)
        sides = zip((found.raw, found.adjusted), truths, strict=True)
        kept = slice(len(chosen))
        outcomes.append(np.stack([holds(one.low[kept], one.high[kept], true)[:, AT] for one, true in sides], axis=1))
    return np.array(outcomes)


def share_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether share intervals hold: (audits, concepts, 2), Wilson's the labelled share, the corrected one the true share.

    Images that show no group are in the audits, and in no true share. Those that cannot be read are in neither.
    """
    outcomes, truth = np.full((len(numbers), len(settings.chosen), 2), np.nan), pool.shares()
    for at, number in enumerate(numbers):
        generator = generator_of(settings, "shares", number)
        known = pool.confusion(generator.integers(pool.replicates, size=settings.attribute))
        for k, c in enumerate(settings.chosen):
            labels = pool.labels[c, pool.truth[c] != UNREAD]
            if not len(labels):
                continue
            seen = labels[generator.integers(len(labels), size=settings.images)]
            counts = np.array([(seen == 0).sum(), (seen == 1).sum()])
            if counts.sum():
                low, high = wilson_interval(float(counts[1]), float(counts.sum()), level=settings.level)
                outcomes[at, k, 0] = low <= (labels == 1).sum() / (labels >= 0).sum() <= high
            corrected = corrected_shares(counts, known, level=settings.level)
            if corrected.reason is None:
                outcomes[at, k, 1] = corrected.low[1] <= truth[c] <= corrected.high[1]
    return outcomes


def change_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether intervals of a change hold: (audits, concepts, CHANGES), of MCAS and of the adjusted score.

    The version after is an update: see `updated`.
    """
    chosen = np.array(settings.chosen, dtype=np.int64)
    other, k = updated(pool, chosen, settings.seed), len(settings.chosen)
    old, new = true_scores(pool, chosen), true_scores(other, chosen)
    change = np.stack([after[:, MCAS] - before[:, MCAS] for before, after in zip(old, new, strict=True)])
    neutral, outcomes = range(k, k + len(pool.neutral)), []
    for number in numbers:
        draw = draw_of(pool, settings, generator_of(settings, "changes", number))
        found = compare_changes(
            pool.drawn(draw, chosen), other.drawn(draw, chosen), neutral, seed=number, level=settings.level,
            resamples=settings.resamples,
        )  # fmt: skip
        ends = np.array([[(one.low, one.high) for one in found[name][:k]] for name in CHANGES], dtype=np.float64)
        outcomes.append(holds(ends[..., 0], ends[..., 1], change).T)
    return np.array(outcomes)


def paired_coverage(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """Whether the bootstrap of `paired_difference` holds the change of ITAAS to the next concept: (audits, concepts)."""
    chosen = np.array(settings.chosen, dtype=np.int64)
    everything = np.arange(pool.replicates)
    values = pool.audit(everything, chosen).scores().s_word.reshape(len(chosen), -1)
    after = np.roll(values, -1, axis=0)
    change, outcomes = (after - values).mean(axis=1), []
    for number in numbers:
        draw = draw_of(pool, settings, generator_of(settings, "pairs", number)).concept
        found = [
            paired_difference(old[draw], new[draw], seed=number, level=settings.level, resamples=settings.resamples)
            for old, new in zip(values, after, strict=True)
        ]
        ends = np.array([(one.low, one.high) for one in found], dtype=np.float64)
        outcomes.append(holds(ends[:, 0], ends[:, 1], change))
    return np.array(outcomes)


def true_zero(pool: Pool, settings: Settings, numbers: Numbers) -> Floats:
    """p-values where the score is 0: (audits, concepts, raw and adjusted), NaN where no mix of the groups makes it 0.

    Each concept is drawn with such a share of the groups that its score in the pool is 0, from seeds of its own: first the
    raw score, then the adjusted one.
    """
    chosen, outcomes = np.array(settings.chosen, dtype=np.int64), []
    sides = [_tilted(pool, chosen, name) for name in SIDES]
    for number in numbers:
        generator = generator_of(settings, "zero", number)
        found = np.full((len(chosen), len(SIDES)), np.nan)
        for s, weights in enumerate(sides):
            able = np.flatnonzero(~np.isnan(weights).any(axis=1))
            if not len(able):
                continue
            draw = draw_of(pool, settings, generator)
            own = [generator.choice(pool.replicates, size=settings.images, p=weights[c]) for c in able]
            neutral = range(len(able), len(able) + len(pool.neutral))
            drawn = pool.drawn(replace(draw, concept=np.array(own)), chosen[able])
            intervals = score_intervals(drawn, neutral, level=settings.level, resamples=settings.resamples, seed=number)
            found[able, s] = getattr(intervals, SIDES[s]).p_values[: len(able), MCAS]
        outcomes.append(found)
    return np.array(outcomes)


def _tilted(pool: Pool, chosen: Ints, side: Side) -> Floats:
    """(k, r) chances of the replicates of each concept at which its score is 0; NaN where groups cannot make it so."""
    which = np.array([*chosen, *pool.neutral], dtype=np.int64)
    scores = pool.audit(np.arange(pool.replicates), which).scores()
    values = (scores.s_img + scores.s_word).reshape(len(which), -1)
    fixed = scores.components[:, 1] + scores.components[:, 3]
    whole = values.mean(axis=1) + fixed
    target = 0.0 if side == "raw" else float(whole[len(chosen) :].mean())
    weights = np.full((len(chosen), pool.replicates), np.nan)
    for c, place in enumerate(chosen):
        groups = [pool.truth[place] == 0, pool.truth[place] == 1]
        if min(group.sum() for group in groups) < LEAST:
            continue
        first, second = (values[c, group].mean() + fixed[c] for group in groups)
        share = (target - second) / (first - second)
        if RARE < share < 1 - RARE:
            weights[c] = share * groups[0] / groups[0].sum() + (1 - share) * groups[1] / groups[1].sum()
    return weights


def updated(pool: Pool, chosen: Ints, seed: int) -> Pool:
    """A version after an update: half of the seeds show what they showed, the others another image of the same prompt.

    Every other one of the chosen concepts moves by `MOVED` towards the middle, as the phantom's update moves some and holds
    the others; what was drawn anew of it has so many more, or fewer, of group b.
    """
    generator = np.random.default_rng([seed, *b"update"])
    r = pool.replicates

    def anew(weights: Floats | None = None) -> Ints:
        kept = generator.random(r) < KEPT
        return np.where(kept, np.arange(r), generator.choice(r, size=r, p=weights))

    images, labels = pool.images.copy(), pool.labels.copy()
    for place, c in enumerate([*chosen, *pool.neutral]):
        rows = anew(_moved(pool, c) if place < len(chosen) and place % 2 == 0 else None)
        images[c], labels[c] = pool.images[c, rows], pool.labels[c, rows]
    poles = [np.stack([prompt[anew()] for prompt in pole]) for pole in (pool.a_images, pool.b_images)]
    return replace(pool, images=images, labels=labels, a_images=poles[0], b_images=poles[1])


def _moved(pool: Pool, c: int) -> Floats | None:
    """(r,) chances of the replicates drawn anew at which the concept's share moves; None where it shows one group."""
    of_b, of_a = pool.truth[c] == 1, pool.truth[c] == 0
    if not (of_b.any() and of_a.any()):
        return None
    share = of_b.sum() / (of_a.sum() + of_b.sum())
    wanted = share + (MOVED if share < 0.5 else -MOVED) / (1 - KEPT)
    wanted = min(max(wanted, RARE), 1 - RARE)
    return wanted * of_b / of_b.sum() + (1 - wanted) * of_a / of_a.sum()


def holds(low: Floats, high: Floats, truth: Floats) -> Floats:
    """1 where the interval holds the truth, 0 where not, NaN where there is none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(low) | np.isnan(high), np.nan, (low <= truth) & (truth <= high))
