"""From simulated audits to figures: rates with their intervals, and whether they are as they should be."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from mcas_assets.calibrate.pool import Pool
from mcas_assets.calibrate.rows import COVERAGE, Row, alarm_goal, mean_of_trials, row
from mcas_assets.calibrate.simulations import (
    SCORES,
    Settings,
    Simulation,
    change_coverage,
    mapped,
    meaningless_axis,
    same_version,
    score_coverage,
    share_coverage,
)
from mcas_assets.core.progress import Progress
from mcas_assets.scoring.stats.arrays import Floats

SIGNIFICANT = 0.05


def false_alarm_rows(
    pool: Pool, settings: Settings, splits: int, progress: Progress, executor: ProcessPoolExecutor | None
) -> list[Row]:
    """A/A: how often one version, split at random into two, is said to have changed."""
    outcomes = _run(same_version, "A/A", pool, settings, splits, progress, executor)
    figure = partial(row, "false_alarms", pool.axis, pool.embedder)
    changed, p_values = outcomes[..., 0], outcomes[..., 1]
    size = f"{splits} splits into {settings.images} + {settings.images} images of a prompt, {outcomes.shape[1]} concepts each"
    goal = alarm_goal(splits)
    any_changed = np.asarray(changed.any(axis=1), np.float64)[:, None]
    unadjusted = np.where(np.isnan(p_values), np.nan, p_values <= SIGNIFICANT)
    return [
        figure("comparisons of two versions with any `changed`", *mean_of_trials(any_changed), goal, size),
        figure("concepts with p <= 0.05", *mean_of_trials(unadjusted), goal, f"before Benjamini-Hochberg; {size}"),
        figure("concepts `changed`", *mean_of_trials(changed), detail=size),
    ]


def null_rows(
    pool: Pool, settings: Settings, splits: int, progress: Progress, executor: ProcessPoolExecutor | None
) -> list[Row]:
    """How often an axis whose poles are shuffled is found to mean something."""
    outcomes = _run(meaningless_axis, "null axes", pool, settings, splits, progress, executor)
    figure = partial(row, "null_control", pool.axis, pool.embedder)
    p_values, q_values, scores = (outcomes[..., k] for k in range(3))
    significant = np.where(np.isnan(p_values), np.nan, p_values <= SIGNIFICANT)
    with np.errstate(invalid="ignore"):
        any_found = np.asarray((q_values <= SIGNIFICANT).any(axis=1), np.float64)[:, None]
    size = f"{splits} shuffles of attribute images and words between the poles, {outcomes.shape[1]} concepts each"
    real = float(np.nanstd(pool.audit(np.arange(pool.replicates), pool.asked).scores().mcas, ddof=1))
    goal = alarm_goal(splits)
    beside = f"standard deviation; that of concepts on the real axis is {real:.4f}; {size}"
    return [
        figure("concepts with p <= 0.05", *mean_of_trials(significant), goal, size),
        figure("axes with any q <= 0.05", *mean_of_trials(any_found), goal, size),
        figure("mcas: spread", float(np.nanstd(scores)), detail=beside),
    ]  # fmt: skip


def coverage_rows(
    pool: Pool, settings: Settings, audits: int, progress: Progress, executor: ProcessPoolExecutor | None
) -> list[Row]:
    """How often each kind of interval holds the truth of the pool that audits are drawn from."""
    if not settings.chosen:
        return [
            row("coverage", pool.axis, pool.embedder, "all", None, goal=COVERAGE, detail="no concept has a known share")
        ]
    holds = _run(score_coverage, "coverage, scores", pool, settings, audits, progress, executor)
    rows = [
        _coverage(pool, settings, f"{name} {side}", holds[:, :, s, k])
        for s, side in enumerate(("raw", "adjusted"))
        for k, name in enumerate(SCORES)
    ]
    shares = _run(share_coverage, "coverage, shares", pool, settings, audits, progress, executor)
    rows += [
        _coverage(pool, settings, name, shares[..., k]) for k, name in enumerate(("share, wilson", "corrected share"))
    ]
    changes = _run(change_coverage, "coverage, changes", pool, settings, audits, progress, executor)
    names = ("change of mcas, bca", "change of itaas, paired, bca")
    return rows + [_coverage(pool, settings, name, changes[..., k]) for k, name in enumerate(names)]


def _coverage(pool: Pool, settings: Settings, name: str, holds: Floats) -> Row:
    """One row from (audits, concepts) of 1 (holds), 0 (does not), NaN (there is no interval)."""
    value, ends = mean_of_trials(holds)
    shares = pool.shares()
    known = ~np.isnan(holds)
    each = []
    for k, c in enumerate(settings.chosen):
        share = f"{holds[known[:, k], k].mean():.3f}" if known[:, k].any() else "none"
        each.append(f"{pool.concepts[c]} ({shares[c]:.2f}) {share}")
    without = f", {1 - known.mean():.1%} without an interval" if not known.all() else ""
    size = f"{len(holds)} audits of {settings.images} images a prompt{without}"
    detail = f"{size}; by concept (share of pole b): {', '.join(each)}"
    return row("coverage", pool.axis, pool.embedder, name, value, ends, COVERAGE, detail)


def _run(
    simulation: Simulation,
    name: str,
    pool: Pool,
    settings: Settings,
    count: int,
    progress: Progress,
    executor: ProcessPoolExecutor | None,
) -> Floats:
    with progress.task(f"{name}, {pool.axis}", count) as advance:
        return mapped(simulation, pool, settings, count, advance, executor)
