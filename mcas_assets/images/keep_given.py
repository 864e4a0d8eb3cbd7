"""From the records of an image set that count for an audit to stored images: the counterpart of `generate`.

Which records count is `matching`. Nothing here grows with the size of the images: a few are in memory at a time, and ids of
the records that count.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from mcas_assets.core.progress import Progress
from mcas_assets.images import generate
from mcas_assets.images.match_given import Matched
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from mcas_assets.store.image_facts import read_kept
from mcas_assets.store.image_place import settle_images
from mcas_assets.systems.protocol import ImageSet, Outcome

# Images in memory at a time: many, since each folder that a chunk writes to is synced once, but no more bytes than these.
CHUNK = 1024
CHUNK_BYTES = 1 << 25
WRITERS = (
    8  # threads that write files: most of the time is waiting for the disk, which serves several at once no slower
)


def take(store: Store, matched: Matched, system: ImageSet, system_version: str, progress: Progress, run_id: str) -> int:
    """Keep every image that counts and is not kept yet, with its outcome. Returns how many there were.

    Bytes are kept as they are. A record whose bytes are those of an earlier one of the same prompt of the set is
    `rejected`: counted twice, one draw would seem two. What is stored stands, whatever its outcome, since the version
    fixes what the set holds. A killed run goes on where it was.

    Raises:
        StoreError: A kept file was changed or deleted, or the store cannot be written.
        BadInput: An image is no longer what it was when the set was identified, or images cannot be kept where they are to lie.
    """
    settle_images(store.home)
    wanted = matched.wanted.unique("image_id", maintain_order=True).select("image_id", "place", "set_prompt")
    with store.open() as con:
        stored = read_kept(con, system_version)
    stored = stored.join(wanted.select("image_id"), on="image_id", how="semi")
    generate.verify(store, stored)
    missing = wanted.join(stored, on="image_id", how="anti")
    seen = set(stored.filter(pl.col("sha256").is_not_null()).select("prompt", "sha256").iter_rows())
    environment = json.dumps(system.environment(), sort_keys=True)
    with progress.task("images, imported", len(missing)) as advance:
        waiting: list[pl.DataFrame] = []
        committed = time.monotonic()
        for chunk in _chunks(system, missing):
            rows = _rows(store, chunk, list(system.take(chunk)), seen)
            of_run = {"system_version": system_version, "environment": environment, "run_id": run_id}
            waiting.append(rows.with_columns(pl.lit(value).alias(name) for name, value in of_run.items()))
            if time.monotonic() - committed >= generate.COMMIT_EVERY:
                _commit(store, waiting)
                waiting, committed = [], time.monotonic()
            advance(len(chunk))
        _commit(store, waiting)
    return len(missing)


def image_table(store: Store, matched: Matched, audit: str, system_version: str) -> pl.DataFrame:
    """The rows of `images`: every record and use of it with what came of it."""
    with store.open() as con:
        stored = read_kept(con, system_version)
    outcomes = stored.select("image_id", "outcome", "width", "height", "sha256", "path")
    joined = matched.wanted.join(outcomes, on="image_id", how="inner", maintain_order="left")
    return joined.select(
        pl.lit(audit).alias("audit"), "image_id", pl.lit(system_version).alias("system_version"), "prompt_id", "prompt", "role",
        "axis", "pole", "category", "concept", "replicate", "seed", "outcome", "width", "height", "sha256", "path",
    )  # fmt: skip


def _chunks(system: ImageSet, missing: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The records that are missing, in the set's order, a few at a time; all of the set is passed, little of it held."""
    if missing.is_empty():
        return
    for piece in system.records():
        records = piece.join(missing.select("place", "image_id"), on="place", how="inner", maintain_order="left")
        start = n_bytes = 0
        for row, size in enumerate(records["size"].fill_null(0)):
            if row > start and (row - start == CHUNK or n_bytes + size > CHUNK_BYTES):
                yield records[start:row]
                start, n_bytes = row, 0
            n_bytes += size
        yield records[start:]


def _rows(store: Store, chunk: pl.DataFrame, outcomes: list[Outcome], seen: set[tuple[str, str]]) -> pl.DataFrame:
    """Rows of image_facts for some records, their files being on the disk already."""
    outcomes = [_unless_seen(outcome, *known, seen) for outcome, known in zip(
        outcomes, chunk.select("prompt", "sha256").iter_rows(), strict=True)]  # fmt: skip
    written = _write(store, outcomes, chunk["sha256"].to_list())
    rows = []
    for i, outcome in enumerate(outcomes):
        sha256, path = written.get(i, (None, None))
        width, height = outcome.size or (None, None)
        rows.append({
            "outcome": outcome.outcome, "reason": outcome.reason, "sha256": sha256, "path": path, "width": width, "height": height,
            "bytes": len(outcome.image) if outcome.image is not None else None, "provider": json.dumps(outcome.provider),
        })  # fmt: skip
    schema = dict.fromkeys(("outcome", "reason", "sha256", "path", "provider"), pl.String)
    schema = {**schema, "width": pl.Int32, "height": pl.Int32, "bytes": pl.Int64}
    return pl.concat(
        [chunk.select("image_id", "record", "prompt", "seed"), pl.DataFrame(rows, schema=schema)], how="horizontal"
    )


def _write(store: Store, outcomes: list[Outcome], digests: list[str]) -> dict[int, tuple[str, str]]:
    """(sha256, path) of each image by its place, all of them on the disk."""
    # Threads get different folders, so that none is synced by two of them.
    parts: dict[tuple[str, int], dict[int, bytes]] = {}
    for place, outcome in enumerate(outcomes):
        if outcome.image is not None:
            part = parts.setdefault((outcome.suffix, int(digests[place][:2], 16) % WRITERS), {})
            part[place] = outcome.image

    def write(key: tuple[str, int]) -> dict[int, tuple[str, str]]:
        return dict(zip(parts[key], files.write_images(store.home, list(parts[key].values()), key[0]), strict=True))

    with ThreadPoolExecutor(WRITERS) as pool:
        return {place: path for written in pool.map(write, parts) for place, path in written.items()}


def _unless_seen(outcome: Outcome, prompt: str, sha256: str, seen: set[tuple[str, str]]) -> Outcome:
    """The outcome, unless an earlier record of the prompt has the same bytes."""
    if outcome.image is None:
        return outcome
    if (prompt, sha256) in seen:
        reason = "the file is there twice: an earlier record of the same prompt has the same bytes"
        return Outcome("rejected", reason, provider=outcome.provider | {"sha256": sha256}, size=outcome.size)
    seen.add((prompt, sha256))
    return outcome


def _commit(store: Store, rows: list[pl.DataFrame]) -> None:
    if rows:
        with store.open() as con:
            facts.append_images(con, pl.concat(rows))
