"""From images and texts to vectors: embed what is not embedded yet, chunk by chunk, as facts.

Files are read and decoded by threads ahead of the model, and vectors written by one behind it.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from mcas_assets.core.overlap import Behind, ahead
from mcas_assets.core.progress import Advance, Progress
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store

# What is committed together: a multiple of every embedder's batch, so that what an image is embedded together with does not
# depend on where a former run was killed.
CHUNK = 128

# Chunks of vectors that wait for the store or are being written.
IN_HAND = 2


def contents(images: pl.DataFrame, texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What an audit embeds: (sha256 and path of each distinct image, text_id and text of each distinct text), in plan order."""
    distinct_images = (
        images.filter(pl.col("outcome") == "ok").select("sha256", "path").unique("sha256", maintain_order=True)
    )
    distinct_texts = texts.select("text_id", "text").unique("text_id", maintain_order=True)
    return distinct_images, distinct_texts


def register(store: Store, embedder: Embedder) -> None:
    """Make the embedder known to the store.

    Raises:
        StoreError: Vectors of another length are stored under its id.
    """
    with store.open() as con:
        facts.register_embedder(con, embedder.id, embedder.name, embedder.dim, embedder.identity())


def embed(
    store: Store, images: pl.DataFrame, texts: pl.DataFrame, embedder: Embedder, progress: Progress, run_id: str
) -> int:
    """Embed every image and text that has no vector by this embedder.

    Args:
        store: Where vectors go.
        images: sha256 and path of distinct images.
        texts: text_id and text of distinct texts.
        embedder: The instrument. It is loaded only if something is missing.
        progress: Told of every batch.
        run_id: Kept with each row.

    Returns:
        How many vectors were made.

    Raises:
        StoreError: An image file was changed or deleted, or the store cannot be written.
    """
    register(store, embedder)
    image_ids, text_ids = images["sha256"].to_list(), texts["text_id"].to_list()
    with store.open() as con:
        seen = facts.have_vectors(con, embedder.id, embedder.dim, "image", image_ids)
        read = facts.have_vectors(con, embedder.id, embedder.dim, "text", text_ids)
    missing = len(image_ids) - len(seen) + len(text_ids) - len(read)
    texts = texts.filter(~pl.col("text_id").is_in(list(read)))
    images = images.filter(~pl.col("sha256").is_in(list(seen)))
    append = partial(_append, store, embedder.id, run_id)
    with progress.task(f"embeddings, {embedder.name}", missing) as advance, Behind(append, IN_HAND) as behind:
        for chunk in texts.iter_slices(CHUNK):
            words = chunk["text"].to_list()
            behind.put(_Chunk("text", chunk["text_id"].to_list(), words, embedder.embed_texts(words)))
            advance(len(chunk))
        threads = files.readers(store.home)
        read_ahead = ahead(partial(_read, store), images.iter_rows(), 2 * threads, threads)
        with closing(read_ahead), closing(embedder.stream_images(read_ahead)) as vectors:
            for chunk in images.iter_slices(CHUNK):
                behind.put(_Chunk("image", chunk["sha256"].to_list(), None, _take(vectors, len(chunk), advance)))
    return missing


class _Chunk(NamedTuple):
    """Vectors to be committed together."""

    kind: facts.Content
    ids: list[str]
    texts: list[str] | None
    vectors: np.ndarray


def _read(store: Store, row: tuple[str, str]) -> bytes:
    sha256, path = row
    return files.read_image(store.home, path, sha256)


def _take(vectors: Iterator[np.ndarray], count: int, advance: Advance) -> np.ndarray:
    """The next `count` rows of what comes a batch at a time."""
    parts: list[np.ndarray] = []
    while (got := sum(map(len, parts))) < count:
        parts.append(next(vectors))
        advance(len(parts[-1]))
    if got > count:
        raise ValueError(f"batches of {len(parts[0])} do not make chunks of {count}")
    return np.concatenate(parts)


def expected(images: pl.DataFrame, texts: pl.DataFrame, embedders: list[Embedder]) -> pl.DataFrame:
    """embedder, kind, content of every vector that an audit needs."""
    each = pl.concat(
        [
            images.select(pl.lit("image").alias("kind"), pl.col("sha256").alias("content")),
            texts.select(pl.lit("text").alias("kind"), pl.col("text_id").alias("content")),
        ]
    )
    parts = [each.select(pl.lit(embedder.id).alias("embedder"), "kind", "content") for embedder in embedders]
    return pl.concat(parts)


def embeddings_digest(table: pl.DataFrame) -> str:
    """64 hex digits of which vectors a materialisation points to; a vector is told by what it is of and by whom."""
    rows = table.select("embedder", "kind", "content").sort(pl.all()).rows()
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def _append(store: Store, embedder: str, run_id: str, chunk: _Chunk) -> None:
    with store.open() as con:
        facts.append_vectors(con, embedder, chunk.kind, chunk.ids, chunk.texts, chunk.vectors, run_id)
