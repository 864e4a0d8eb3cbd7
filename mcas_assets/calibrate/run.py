"""The calibration: the whole measurement on the phantom, whose truth is known, and how far it is from that truth.

The images are drawn and embedded as an audit's are, so they are facts of the store, and a calibration that was killed
goes on where it was. This is the one place outside `phantom` that reads the truth: from the pixels, by `phantom.reader`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mcas_assets.calibrate.drawing import Pictures, draw, embed_all, of_size
from mcas_assets.calibrate.gather import TRUTHS, gather_pool, known_axes, mixtures_of
from mcas_assets.calibrate.harder import harder_pools, harder_rows
from mcas_assets.calibrate.pool import UNREAD, Pool, spread_over_shares
from mcas_assets.calibrate.recovery import dose_response, positive_control, recovery, with_reasons
from mcas_assets.calibrate.rows import Row, frame
from mcas_assets.calibrate.simulations import Settings, processes
from mcas_assets.calibrate.trials import coverage_rows, false_alarm_rows, null_rows, zero_rows
from mcas_assets.core.errors import BadInput
from mcas_assets.core.pictures import decode
from mcas_assets.core.progress import Progress
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.pixels import by_tone, has_tones
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.labels import read_tones
from mcas_assets.measure.tone import ToneReader
from mcas_assets.plan.requests import build_plan
from mcas_assets.store import files
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import System

BIASED = "phantom-biased"
PLANTED_IN = "stereotyped"
"""The embedder that learned from captions with planted shares, and the world that they are from."""

SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.95)
"""Intervals are looked at for the concepts nearest to these realised shares."""

Truths = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Scale:
    """How much is drawn and simulated.

    Attributes:
        images: Of every prompt of the audit: the population that audits are simulated from.
        mixed: Of every prompt that says the group.
        dose: Of each mixed set and concept.
        splits: Of the pool into two, for false alarms and null axes.
        audits: Simulated for each cell of coverage; a third of them for a true zero, which all concepts tell of.
        harder: Images of every prompt of the harder phantom; 0 leaves it out.
        resamples: Of each bootstrap in them.
        workers: Processes.
    """

    images: int = 64
    mixed: int = 120
    dose: int = 20
    splits: int = 200
    audits: int = 480
    harder: int = 96
    resamples: int = 500
    workers: int = min(2, os.cpu_count() or 1)


FULL = Scale()


def calibrate(
    store: Store,
    audit: Audit,
    system: System,
    embedders: Sequence[Embedder],
    progress: Progress,
    run_id: str,
    scale: Scale = FULL,
    tone_reader: ToneReader | None = None,
    harder: tuple[Audit, System] | None = None,
) -> pl.DataFrame:
    """Draw, embed, read the truth, and measure.

    Args:
        store: Where images and vectors are kept.
        audit: What is asked: of its axes, those of `TRUTHS`; simulated audits are of its size.
        system: A phantom.
        embedders: The audit's panel. The goals hold for the first; the others are shown beside it.
        progress: Told of every part.
        run_id: Kept with images and vectors.
        scale: How much.
        tone_reader: Its shares are held against the truth too, on axes whose groups name Monk tones; None leaves it out.
        harder: The harder phantom and what is asked of it; None leaves it out.

    Returns:
        Rows of table `calibration`.

    Raises:
        BadInput: The audit asks nothing of which the truth is known, or the pictures are not of the phantom's size.
    """
    axes = known_axes(audit)
    version = system.identity().version
    drawn = _draw(store, audit, axes, system, progress, run_id, scale)
    images, texts = drawn.images, drawn.texts
    truths = _read_truth(store, drawn.files, axes, progress)
    rows: list[Row] = []
    for place, embedder in enumerate(embedders):
        embed_all(store, drawn, embedder, progress, run_id)
        pools = [gather_pool(store, audit, axis, images, texts, embedder, truths[axis]) for axis in axes]
        for pool in pools:
            rows += _figures(pool, scale, audit.inference.seed, is_first=place == 0)
        controls = [positive_control(pool, _planted(pool), is_biased=pool.embedder == BIASED) for pool in pools]
        rows += with_reasons([one for found in controls for one in found], min(len(pool.asked) for pool in pools))
        if place == 0:
            if tone_reader is not None:
                rows += _by_tone(store, audit, images, texts, embedder, truths, tone_reader)
            rows += _simulate(pools, audit, scale, progress)
    order = {kind: i for i, kind in enumerate(dict.fromkeys(row.kind for row in rows))}
    table = frame(sorted(rows, key=lambda row: order[row.kind]), version)
    if harder is None:
        return table
    of_harder = _harder(store, *harder, embedders[0], progress, run_id, scale)
    return pl.concat([table, frame(of_harder, harder[1].identity().version)])


def _harder(
    store: Store, audit: Audit, system: System, embedder: Embedder, progress: Progress, run_id: str, scale: Scale
) -> list[Row]:
    drawn = draw(store, of_size(audit, scale.harder), system, progress, run_id)
    embed_all(store, drawn, embedder, progress, run_id)
    pools = harder_pools(store, audit, drawn.images, drawn.texts, embedder)
    with processes(scale.workers) as executor:
        return harder_rows(pools, _settings(audit, scale), scale.audits, SHARES, progress, executor)


def _draw(
    store: Store, audit: Audit, axes: list[str], system: System, progress: Progress, run_id: str, scale: Scale
) -> Pictures:
    """The images of the calibration; mixtures have the category `mixture`."""
    # Seeds of their own: two sets of a mixture must not share noise.
    mixed = of_size(audit, scale.mixed).model_copy(update={
        "seeds": "per_prompt", "concepts": tuple(concept for _, _, concept in mixtures_of(audit, axes)),
    })  # fmt: skip
    further = build_plan(mixed).filter(role="concept")
    return draw(store, of_size(audit, scale.images), system, progress, run_id, further)


def _read_truth(store: Store, contents: pl.DataFrame, axes: list[str], progress: Progress) -> Truths:
    """By axis and sha256: 0 or 1 as read from the pixels, or `UNREAD`.

    Raises:
        BadInput: The pictures are not of the phantom's size.
    """
    from mcas_assets.phantom import reader

    truths: Truths = {axis: {} for axis in axes}
    with progress.task("truth reader", len(contents)) as advance:
        for chunk in contents.iter_slices(reader.CHUNK):
            pictures = []
            for sha256, path in chunk.select("sha256", "path").iter_rows():
                pictures.append(decode(files.read_image(store.home, path, sha256)).pixels())
            if len({picture.shape for picture in pictures} | {(reader.SIZE, reader.SIZE, 3)}) > 1:
                raise BadInput(
                    "calibration",
                    "the pictures are not of the phantom's size",
                    "Calibrate with a phantom: --system phantom-stereotyped",
                )
            reading = reader.read(np.stack(pictures))
            for axis in axes:
                truth = np.where(reading.person_read, getattr(reading, TRUTHS[axis]).astype(np.int64), UNREAD)
                truths[axis].update(zip(chunk["sha256"], truth.tolist(), strict=True))
            advance(len(chunk))
    return truths


def _figures(pool: Pool, scale: Scale, seed: int, *, is_first: bool) -> list[Row]:
    """The parts that need no simulation."""
    return [*dose_response(pool, scale.dose, seed, is_first), *recovery(pool, is_first)]


def _planted(pool: Pool) -> dict[str, float]:
    """Share of group b that the biased embedder's captions had, by concept."""
    from mcas_assets.phantom.world import WORLDS

    return {slug: getattr(shares, TRUTHS[pool.axis]) for slug, shares in WORLDS[PLANTED_IN].planted.items()}


def _by_tone(
    store: Store,
    audit: Audit,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    embedder: Embedder,
    truths: Truths,
    reader: ToneReader,
) -> list[Row]:
    """Recovery of the shares that are read from pixels, without an embedder."""
    rows: list[Row] = []
    axes = [axis for axis in truths if has_tones(audit.axes[axis])]
    tones = read_tones(store, images, reader) if axes else {}
    for axis in axes:
        labeller = Labels("pixels", None, by_tone(audit.axes[axis], tones))
        pool = gather_pool(store, audit, axis, images, texts, embedder, truths[axis], labeller)
        rows += [one for one in recovery(pool, is_judged=True) if "share" in one.name]
    return rows


def _simulate(pools: list[Pool], audit: Audit, scale: Scale, progress: Progress) -> list[Row]:
    """The parts that simulate audits, of the audit's own size where the pool allows it."""
    rows: list[Row] = []
    with processes(scale.workers) as executor:
        for pool in pools:
            bare = replace(pool, mixtures=())
            settings = _settings(audit, scale).of(spread_over_shares(pool, SHARES))
            halves = settings.sized(min(settings.images, pool.replicates // 2))
            rows += false_alarm_rows(bare, halves, scale.splits, progress, executor)
            rows += null_rows(bare, halves, scale.splits, progress, executor)
            rows += zero_rows(bare, settings, scale.audits // 3, progress, executor)
            rows += coverage_rows(bare, settings, scale.audits, progress, executor)
    return rows


def _settings(audit: Audit, scale: Scale) -> Settings:
    """Simulated audits are of the audit's own size, but for the number of images in cells."""
    each, declared = audit.images_per_prompt, audit.inference
    return Settings(
        images=each.concept, chosen=(), attribute=each.attribute, neutral=each.neutral, resamples=scale.resamples,
        level=declared.level, seed=declared.seed,
    )  # fmt: skip
