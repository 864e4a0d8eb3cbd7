"""From simulated audits to figures: rates with their intervals, and whether they are as they should be."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from mcas_assets.calibrate.cells import (
    CHANGES,
    SCORES,
    SIDES,
    change_coverage,
    pair_correlations,
    paired_coverage,
    score_coverage,
    share_coverage,
    true_zero,
)
from mcas_assets.calibrate.known_limits import reason_of
from mcas_assets.calibrate.pool import Pool
from mcas_assets.calibrate.rows import COVERAGE, SIZE, Kind, Row, alarm_goal, mean_of_trials, rate_row, row
from mcas_assets.calibrate.simulations import Settings, Simulation, mapped, meaningless_axis, same_version
from mcas_assets.core.progress import Progress
from mcas_assets.scoring.stats.arrays import Floats
from mcas_assets.scoring.stats.multiplicity import flagged

SIGNIFICANT = 0.05

SIZES = (8, 16, 30, 64)
"""Images of a concept in the simulated audits of each cell."""


def false_alarm_rows(
    pool: Pool, settings: Settings, splits: int, progress: Progress, executor: ProcessPoolExecutor | None
) -> list[Row]:
    """A/A: how often one version, split at random into two, is said to have changed."""
    outcomes = run_simulation(same_version, "A/A", pool, settings, splits, progress, executor)
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
    outcomes = run_simulation(meaningless_axis, "null axes", pool, settings, splits, progress, executor)
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


def zero_rows(
    pool: Pool, settings: Settings, audits: int, progress: Progress, executor: ProcessPoolExecutor | None,
    kind: Kind = "true_zero",
) -> list[Row]:  # fmt: skip
    """How often a score that is 0 is found to be other than 0, for each number of images of a concept."""
    figure, rows, flags = partial(row, kind, pool.axis, pool.embedder), [], {side: [] for side in SIDES}
    for images in SIZES:
        p_values = run_simulation(true_zero, "true zero", pool, settings.sized(images), audits, progress, executor)
        for s, side in enumerate(SIDES):
            p, name = p_values[:, :, s], f"{side}: p <= 0.05 at {images} images"
            able = int((~np.isnan(p).all(axis=0)).sum())
            if not able:
                rows.append(figure(name, None, detail="no mix of the groups makes a score 0"))
                continue
            size = f"{audits} audits of {able} concepts whose {side} score is 0, {images} images each"
            found = np.where(np.isnan(p), np.nan, p <= SIGNIFICANT)
            rows.append(rate_row(kind, pool.axis, pool.embedder, name, found, SIZE, size))
            flags[side] += [flagged(one, 1 - settings.level).any() for one in p]
    for side, of_side in flags.items():
        if of_side:
            found = np.array(of_side, dtype=np.float64)[:, None]
            size = f"{len(found)} audits, all numbers of images together"
            name, goal = f"{side}: audits with a flag", alarm_goal(len(found))
            rows.append(figure(name, *mean_of_trials(found), goal, size))
    return rows


def coverage_rows(
    pool: Pool, settings: Settings, audits: int, progress: Progress, executor: ProcessPoolExecutor | None,
    kind: Kind = "coverage",
) -> list[Row]:  # fmt: skip
    """How often each kind of interval holds the truth of the pool that audits are drawn from, in each cell.

    A cell is a concept, which has a share, and a number of images of it.
    """
    if not settings.chosen:
        return [row(kind, pool.axis, pool.embedder, "all", None, goal=COVERAGE, detail="no concept has a known share")]
    rows = []
    for images in SIZES:
        of_size = settings.sized(images)
        run = partial(run_simulation, pool=pool, settings=of_size, count=audits, progress=progress, executor=executor)
        cells = partial(_cells, kind, pool, of_size)
        scores = run(score_coverage, f"coverage, scores, {images} images")
        for s, side in enumerate(SIDES):
            for k, name in enumerate(SCORES):
                rows += cells(f"{name} {side}", scores[:, :, s, k])
        if pool.groups == 2:
            shares = run(share_coverage, f"coverage, shares, {images} images")
            for k, name in enumerate(("share, wilson", "corrected share")):
                rows += cells(name, shares[..., k])
        changes, alike = run(change_coverage, f"coverage, changes, {images} images"), pair_correlations(pool, of_size)
        for k, name in enumerate(CHANGES):
            rows += cells(f"change of {name}", changes[..., k], alike)
    pairs = run_simulation(paired_coverage, "coverage, pairs", pool, settings, audits, progress, executor)
    return rows + _cells(kind, pool, settings, "change of itaas, paired, bca", pairs)


def _cells(
    kind: Kind, pool: Pool, settings: Settings, name: str, found: Floats, alike: Floats | None = None
) -> list[Row]:
    """A row a concept from (audits, concepts) of 1 (holds), 0 (does not), NaN (there is no interval); `alike` as in `reason_of`."""
    shares, rows = pool.shares(), []
    detail = f"{len(found)} audits, {pool.replicates} images of each prompt to draw from"
    for k, c in enumerate(settings.chosen):
        cell = f"{name}: {settings.images} images, {pool.concepts[c]} ({shares[c]:.2f})"
        pairs = None if alike is None else (float(alike[k]), float(alike.mean()))
        why = reason_of(pool, name, settings.images, float(shares[c]), found[:, k], pairs)
        rows.append(rate_row(kind, pool.axis, pool.embedder, cell, found[:, k : k + 1], COVERAGE, detail, why))
    return rows


def run_simulation(
    simulation: Simulation,
    name: str,
    pool: Pool,
    settings: Settings,
    count: int,
    progress: Progress,
    executor: ProcessPoolExecutor | None,
) -> Floats:
    """The outcomes of `count` simulated audits, along the first axis; see `simulations.mapped`."""
    with progress.task(f"{name}, {pool.axis}", count) as advance:
        return mapped(simulation, pool, settings, count, advance, executor)
