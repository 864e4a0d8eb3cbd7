"""The harder phantom: prompts that are not always obeyed, figures between the two, a third group, labels that err by group.

What its pictures show is told by `phantom.harder` from prompt and seed, so nothing has to be read from them.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import polars as pl

from mcas_assets.calibrate.gather import gather_pool
from mcas_assets.calibrate.known_limits import reason_of
from mcas_assets.calibrate.pool import NEITHER, Pool, spread_over_shares
from mcas_assets.calibrate.rows import COVERAGE, Row, mean_of_trials, rate_row, row
from mcas_assets.calibrate.simulations import Numbers, Settings, generator_of
from mcas_assets.calibrate.trials import SIZES, coverage_rows, run_simulation, zero_rows
from mcas_assets.core.progress import Progress
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.phantom.harder import GROUPS, shown
from mcas_assets.scoring.shares.label_error import corrected_shares
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.arrays import Floats, Ints
from mcas_assets.store.database import Store

Rates = tuple[tuple[float, ...], ...]

ERRS: dict[str, Rates] = {
    "gender": ((0.85, 0.05, 0.10), (0.10, 0.65, 0.25)),
    "skin_tone": ((0.85, 0.02, 0.05, 0.08), (0.00, 0.60, 0.15, 0.25), (0.10, 0.08, 0.70, 0.12)),
}
"""By axis, of a labeller that errs and abstains by group: row = group (of pole a, of pole b, the third), column = answer,
the last none."""

BETWEEN = (0.3, 0.3, 0.4)
"""What it answers of a figure between the two."""


def truths_of(images: pl.DataFrame, axis: str) -> dict[str, int]:
    """By sha256: 0 and 1 for the groups of poles a and b, 2 for the third, `NEITHER` for a figure between two."""
    order = {"light": 0, "dark": 1, "medium": 2}
    truths = {}
    for sha256, prompt, seed in images.filter(outcome="ok").select("sha256", "prompt", "seed").iter_rows():
        what = shown(prompt, seed)
        of_figure = NEITHER if what.is_ambiguous else int(what.woman)
        truths[sha256] = of_figure if axis == "gender" else order[GROUPS[what.group]]
    return truths


def harder_pools(
    store: Store, audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, embedder: Embedder
) -> list[Pool]:
    """One an axis, of an audit of the harder phantom."""
    return [gather_pool(store, audit, axis, images, texts, embedder, truths_of(images, axis)) for axis in ERRS]


def harder_rows(
    pools: list[Pool], settings: Settings, audits: int, shares: tuple[float, ...], progress: Progress,
    executor: ProcessPoolExecutor | None,
) -> list[Row]:  # fmt: skip
    """Coverage of every cell, a true zero, and shares by a labeller that errs by group.

    Args:
        pools: See `harder_pools`.
        settings: All but the concepts that are looked at.
        audits: Simulated for each cell.
        shares: Of group b, to which the chosen concepts are nearest.
        progress: Told of audits that are done.
        executor: Shares the work out; None does it here.
    """
    rows: list[Row] = []
    for pool in pools:
        of_pool = settings.of(spread_over_shares(pool, shares))
        rows += coverage_rows(pool, of_pool, audits, progress, executor, "harder")
        rows += zero_rows(pool, of_pool, audits // 3, progress, executor, "harder")
        rows += labeller_rows(pool, of_pool, audits, progress, executor)
    return rows


def labeller_rows(
    pool: Pool, settings: Settings, audits: int, progress: Progress, executor: ProcessPoolExecutor | None
) -> list[Row]:
    """Shares by the labeller of `ERRS`: corrected by images of known group, which must hold, and as it labelled."""
    rates, rows = ERRS[pool.axis], []
    names = ("pole a", "pole b", "the third")[: len(rates)]
    for images in SIZES:
        size = settings.sized(images)
        found = run_simulation(
            partial(erring_labels, rates=rates), "a labeller that errs", pool, size, audits, progress, executor
        )
        detail = f"{audits} audits, {2 * settings.attribute} images of each group known; rates {rates}"
        for g in range(1 if len(rates) == 2 else 0, len(rates)):
            for k, c in enumerate(settings.chosen):
                share = float((pool.truth[c] == g).sum() / (pool.truth[c] >= 0).sum())
                name = f"labels that err, share of {names[g]}: {images} images, {pool.concepts[c]} ({share:.2f})"
                held = found[:, k : k + 1, g, 0]
                why = reason_of(pool, "labels that err", images, share, held[:, 0])
                rows.append(rate_row("harder", pool.axis, pool.embedder, name, held, COVERAGE, detail, why))
        name = f"labels that err, as labelled: {images} images"
        value, ends = mean_of_trials(found[..., 1].reshape(len(found), -1))
        about = f"Wilson's interval of the share as labelled holds the true share, all cells; {detail}"
        rows.append(row("harder", pool.axis, pool.embedder, name, value, ends, detail=about))
    return rows


def erring_labels(pool: Pool, settings: Settings, numbers: Numbers, *, rates: Rates) -> Floats:
    """Whether intervals hold the true shares: (audits, concepts, groups, 2), of the corrected share and of that as labelled."""
    table, k = np.array(rates), len(rates)
    answers = np.vstack([table, BETWEEN if k == 2 else table[-1:]])  # the last row is that of `NEITHER`
    outcomes = np.full((len(numbers), len(settings.chosen), k, 2), np.nan)
    for at, number in enumerate(numbers):
        generator = generator_of(settings, "labels", number)
        known = _known(pool, answers, k, 2 * settings.attribute, generator)
        for place, c in enumerate(settings.chosen):
            drawn = generator.choice(pool.truth[c], size=settings.images)
            counts = _answered(drawn, answers, generator)[:k]
            truth = np.array([(pool.truth[c] == g).sum() for g in range(k)]) / (pool.truth[c] >= 0).sum()
            found = corrected_shares(counts, known, level=settings.level)
            if found.reason is None:
                outcomes[at, place, :, 0] = (found.low <= truth) & (truth <= found.high)
            if counts.sum():
                ends = [wilson_interval(float(count), float(counts.sum()), level=settings.level) for count in counts]
                outcomes[at, place, :, 1] = [
                    low <= share <= high for (low, high), share in zip(ends, truth, strict=True)
                ]
    return outcomes


def _known(pool: Pool, answers: Floats, k: int, images: int, generator: np.random.Generator) -> Ints:
    """(k, k + 1) counts of answers on images that show a known group, as many of which stand between two as of others."""
    between = float((pool.truth == NEITHER).mean())
    return np.stack([
        _answered(np.where(generator.random(images) < between, NEITHER, g), answers, generator) for g in range(k)
    ])  # fmt: skip


def _answered(groups: Ints, answers: Floats, generator: np.random.Generator) -> Ints:
    """(k + 1) counts of what a labeller answers of images of these groups."""
    rows = np.where(groups == NEITHER, len(answers) - 1, groups)
    drawn = (answers[rows].cumsum(axis=1) < generator.random(len(groups))[:, None]).sum(axis=1)
    return np.bincount(drawn, minlength=answers.shape[1])
