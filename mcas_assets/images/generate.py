"""From a plan to images: ask a system for what is not there yet, batch by batch, and keep whatever came of it.

A batch is committed whole and redone whole, since its composition can change low bits of an image. What is stored is never
asked for again, so a killed run loses about a second's work, or the batches in flight. Drawing never waits for the disk: a
thread behind it encodes, writes and commits the batches that are drawn, in their order.
"""

import json
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import polars as pl

from mcas_assets.core.digests import rows_digest
from mcas_assets.core.errors import ImageLost, McasError, SystemMoved
from mcas_assets.core.outcomes import FATAL, SAFETY
from mcas_assets.core.overlap import HELPERS, Behind, ahead
from mcas_assets.core.progress import Progress
from mcas_assets.plan.requests import image_id
from mcas_assets.store import facts, file_facts, files
from mcas_assets.store.database import Store
from mcas_assets.store.image_facts import image_files
from mcas_assets.store.image_place import settle_images
from mcas_assets.systems.hosted.budget import Past
from mcas_assets.systems.protocol import Metered, Outcome, Request, System
from mcas_assets.systems.streams import drawn

# Opening the store costs a tenth of a second, which is a batch of a small model: batches that take less than this are
# committed together. A killed run loses this much work, or the batch in flight if that takes longer.
COMMIT_EVERY = 1.0  # seconds

# Batches that are drawn and not yet committed: one being written and one waiting for it. More would only hold more memory,
# since what draws faster than the disk takes must wait for it in the end.
IN_HAND = 2


def requests(plan: pl.DataFrame, system_version: str, size: tuple[int, int]) -> pl.DataFrame:
    """The plan's rows with `image_id`, `width` and `height` (pixels) of the image that this version is asked for."""
    width, height = size
    ids = [image_id(system_version, row["prompt"], row["seed"], width, height) for row in plan.iter_rows(named=True)]
    return plan.with_columns(
        pl.Series("image_id", ids, pl.String),
        pl.lit(width, pl.Int32).alias("width"),
        pl.lit(height, pl.Int32).alias("height"),
    )


def generate(
    store: Store, wanted: pl.DataFrame, system: System, system_version: str, progress: Progress, run_id: str
) -> int:
    """Generate every image of `wanted` that is not stored.

    Args:
        store: Where images and their rows go.
        wanted: What `requests` returned.
        system: What draws. It is loaded only if something is missing.
        system_version: The version that `wanted` asks; the system must still be it.
        progress: Told of every batch.
        run_id: Kept with each row.

    Returns:
        How many images were asked for.

    Raises:
        SystemMoved: The system's identity is another by now.
        BadInput: The system cannot be asked: its package or its key is missing. Or images cannot be kept where they are to lie.
        StoreError: A kept file was changed or deleted, or the store cannot be written.
        McasError: The system can serve no further request (quota, retired).
    """
    settle_images(store.home)
    wanted = wanted.unique("image_id", maintain_order=True)
    with store.open() as con:
        have = facts.have_images(con, wanted["image_id"])
        stored = facts.read_images(con, have)
    verify(store, stored)
    missing = wanted.filter(~pl.col("image_id").is_in(list(have)))
    with progress.task("images", len(missing)) as advance:
        if missing.is_empty():
            return 0
        _require(system, system_version)
        _recall(store, system, system_version)
        stop = None
        with (
            ThreadPoolExecutor(HELPERS, thread_name_prefix="encode") as encoders,
            _Keeper(store, system_version, run_id, encoders).behind() as behind,
        ):
            batches = _batches(missing)
            for outcomes, batch in zip(drawn(system, map(_asked, batches)), batches, strict=False):
                behind.put(_Drawn(batch, outcomes, system.environment()))
                advance(len(batch))
                stop = stop or _fatal(system, outcomes)
        if stop:
            raise McasError(stop)
    return len(missing)


class _Drawn(NamedTuple):
    """A batch with what came of it and under what conditions."""

    batch: pl.DataFrame
    outcomes: list[Outcome]
    environment: dict[str, Any]


class _Keeper:
    """Writes the files and commits the rows of batches. Works in one thread, which alone opens the store meanwhile."""

    def __init__(self, store: Store, system_version: str, run_id: str, encoders: Executor) -> None:
        self._store, self._system_version, self._run_id, self._encoders = store, system_version, run_id, encoders
        self._waiting: list[pl.DataFrame] = []
        self._committed = time.monotonic()

    def behind(self) -> Behind[_Drawn]:
        """The queue that this keeper works off; what is whole by its end is committed."""
        return Behind(self._keep, IN_HAND, self._commit)

    def _keep(self, drawn: _Drawn) -> None:
        self._waiting.append(_rows(self._store, drawn, self._system_version, self._run_id, self._encoders))
        if time.monotonic() - self._committed >= COMMIT_EVERY:
            self._commit()

    def _commit(self) -> None:
        """The batches whose files are on the disk, in one transaction, each whole."""
        batches, self._waiting = self._waiting, []
        if batches:
            with self._store.open() as con:
                facts.append_images(con, pl.concat(batches))
        self._committed = time.monotonic()


def verify(store: Store, images: pl.DataFrame) -> None:
    """Hold every kept file against its digest: by reading it, unless it was read and is as it was then (`file_facts`).

    Raises:
        StoreError: A file is missing or is not what was kept.
    """
    rows = images.filter(pl.col("path").is_not_null()).select("path", "sha256").unique()
    with store.open() as con:
        known = file_facts.unchanged(con, files.stamps(store.home, rows["path"]))
    unread = [(path, sha256) for path, sha256 in rows.iter_rows() if path not in known or known[path].sha256 != sha256]
    threads = files.readers(store.home)
    for _ in ahead(lambda row: len(files.read_image(store.home, *row)), unread, 2 * threads, threads):
        pass


def forget_lost(store: Store) -> int:
    """Forget every stored image whose file is missing or is not what was kept. Returns how many there were.

    Raises:
        StoreError: Where the files lie cannot be read, so that nothing can be said of them.
    """
    with store.open() as con:
        rows = image_files(con)
    threads = files.readers(store.home)
    lost = [image for image in ahead(partial(_if_lost, store), rows, 2 * threads, threads) if image is not None]
    with store.open() as con:
        return facts.forget_images(con, lost)


def _if_lost(store: Store, row: tuple[str, str, str]) -> str | None:
    image, path, sha256 = row
    try:
        files.read_image(store.home, path, sha256)
    except ImageLost:
        return image
    return None


def image_table(store: Store, wanted: pl.DataFrame, audit: str, system_version: str) -> pl.DataFrame:
    """The rows of `images`: every planned request with what came of it, in the plan's order."""
    with store.open() as con:
        stored = facts.read_images(con, wanted["image_id"].unique(maintain_order=True))
    flag = pl.col("provider").cast(pl.String).str.json_path_match("$.safety")
    safety = pl.when(flag.is_in(SAFETY)).then(flag).alias("safety")
    stored = stored.select("image_id", "outcome", "sha256", "path", safety)
    joined = wanted.join(stored, on="image_id", how="inner", maintain_order="left")
    return joined.select(
        pl.lit(audit).alias("audit"), "image_id", pl.lit(system_version).alias("system_version"), "prompt_id", "prompt", "role",
        "axis", "pole", "category", "concept", "replicate", "seed", "outcome", "width", "height", "sha256", "path", "safety",
    )  # fmt: skip


def images_digest(table: pl.DataFrame) -> str:
    """64 hex digits of what a materialisation of images holds, whatever the order of its rows."""
    rows = table.select(pl.exclude("audit", "path")).sort(pl.all()).rows()
    return rows_digest(rows)


def _require(system: System, system_version: str) -> None:
    now = system.identity().version
    if now != system_version:
        raise SystemMoved(
            system_version,
            f"images of it are missing, but {system.name} is {now} by now",
            f"Audit what it is now (mcas audit --system {system.name}), or put the former weights and settings back",
        )


def _recall(store: Store, system: System, system_version: str) -> None:
    """A system that is paid for is told what its earlier runs spent and were answered."""
    if isinstance(system, Metered):
        with store.open() as con:
            past = Past(*facts.spent(con, system_version))
        system.recall(past)


def _batches(missing: pl.DataFrame) -> list[pl.DataFrame]:
    return missing.partition_by("batch_id", maintain_order=True)


def _asked(batch: pl.DataFrame) -> list[Request]:
    return [Request(*row) for row in batch.select("prompt", "seed", "width", "height").iter_rows()]


def _rows(store: Store, drawn: _Drawn, system_version: str, run_id: str, encoders: Executor) -> pl.DataFrame:
    """Rows of image_facts for one batch, its files being on the disk already."""
    batch, outcomes, environment = drawn
    files_made = list(encoders.map(lambda outcome: outcome.image, outcomes))
    written: dict[int, tuple[str, str]] = {}
    for suffix in dict.fromkeys(outcome.suffix for outcome in outcomes):
        some = [
            (place, data)
            for place, data in enumerate(files_made)
            if data is not None and outcomes[place].suffix == suffix
        ]
        paths = files.write_images(store.home, [data for _, data in some], suffix)
        written.update(zip((place for place, _ in some), paths, strict=True))
    rows = []
    for place, outcome in enumerate(outcomes):
        sha256, path = written.get(place, (None, None))
        rows.append({
            "outcome": outcome.outcome, "reason": outcome.reason, "sha256": sha256, "path": path,
            "bytes": None if (data := files_made[place]) is None else len(data), "provider": json.dumps(outcome.provider),
            "latency_ms": outcome.latency_ms, "attempt": outcome.attempt,
        })  # fmt: skip
    schema = {"outcome": pl.String, "reason": pl.String, "sha256": pl.String, "path": pl.String, "bytes": pl.Int64,
              "provider": pl.String, "latency_ms": pl.Float64, "attempt": pl.Int32}  # fmt: skip
    return pl.concat(
        [
            batch.select("image_id", "prompt", "seed", "width", "height", "batch_id", "position"),
            pl.DataFrame(rows, schema=schema),
        ],
        how="horizontal",
    ).with_columns(
        pl.lit(system_version).alias("system_version"),
        pl.lit(len(batch), pl.Int32).alias("batch_size"),
        pl.lit(environment.get("device"), pl.String).alias("device"),
        pl.lit(environment.get("dtype"), pl.String).alias("dtype"),
        pl.lit(json.dumps(environment, sort_keys=True)).alias("environment"),
        pl.lit(run_id).alias("run_id"),
    )


def _fatal(system: System, outcomes: list[Outcome]) -> str | None:
    """Why no further request can succeed, if so."""
    fatal = [outcome for outcome in outcomes if outcome.outcome in FATAL]
    return (
        f"{system.name}: {fatal[0].outcome}: {fatal[0].reason}. What came before is kept; run again to go on"
        if fatal
        else None
    )
