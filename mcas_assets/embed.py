"""From images and texts to vectors: embed what is not embedded yet, chunk by chunk, as facts."""

import hashlib
import json

import numpy as np
import polars as pl

from mcas_assets.embedders import Embedder
from mcas_assets.progress import Progress
from mcas_assets.store import Store, facts, files

# A chunk is cut from the whole list of contents, so that what an image is embedded together with does not depend on where
# a former run was killed.
CHUNK = 128


def contents(images: pl.DataFrame, texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What an audit embeds: (sha256 and path of each distinct image, text_id and text of each distinct text), in plan order."""
    shown = images.filter(pl.col("outcome") == "ok").select("sha256", "path").unique("sha256", maintain_order=True)
    said = texts.select("text_id", "text").unique("text_id", maintain_order=True)
    return shown, said


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
        progress: Told of every chunk.
        run_id: Kept with each row.

    Returns:
        How many vectors were made.

    Raises:
        StoreError: An image file was changed or deleted, or the store cannot be written.
    """
    register(store, embedder)
    shown, said = images["sha256"].to_list(), texts["text_id"].to_list()
    with store.open() as con:
        seen = facts.have_vectors(con, embedder.id, embedder.dim, "image", shown)
        read = facts.have_vectors(con, embedder.id, embedder.dim, "text", said)
    missing = len(shown) - len(seen) + len(said) - len(read)
    with progress.task(f"embeddings, {embedder.name}", missing) as advance:
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK].filter(~pl.col("text_id").is_in(list(read)))
            if chunk.is_empty():
                continue
            vectors = embedder.embed_texts(chunk["text"].to_list())
            _append(store, embedder, "text", chunk["text_id"].to_list(), chunk["text"].to_list(), vectors, run_id)
            advance(len(chunk))
        for start in range(0, len(images), CHUNK):
            chunk = images[start : start + CHUNK].filter(~pl.col("sha256").is_in(list(seen)))
            if chunk.is_empty():
                continue
            data = [
                files.read_image(store.home, path, sha256)
                for sha256, path in chunk.select("sha256", "path").iter_rows()
            ]
            _append(store, embedder, "image", chunk["sha256"].to_list(), None, embedder.embed_images(data), run_id)
            advance(len(chunk))
    return missing


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


def _append(
    store: Store,
    embedder: Embedder,
    kind: str,
    ids: list[str],
    texts: list[str] | None,
    vectors: np.ndarray,
    run_id: str,
) -> None:
    with store.open() as con:
        facts.append_vectors(con, embedder.id, kind, ids, texts, vectors, run_id)
