"""The images and vectors of a calibration: drawn and embedded as an audit's are, so they are facts of the store."""

from typing import NamedTuple

import polars as pl

from mcas_assets.core.progress import Progress
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import ImagesPerPrompt
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.images import generate
from mcas_assets.measure import embeddings as embed
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import System


class Pictures(NamedTuple):
    """What was drawn: rows as of `images`, rows as of `texts`, and the files and texts that are embedded."""

    images: pl.DataFrame
    texts: pl.DataFrame
    files: pl.DataFrame
    sentences: pl.DataFrame


def of_size(audit: Audit, images: int) -> Audit:
    """The audit with so many images of every prompt."""
    each = ImagesPerPrompt(concept=images, attribute=images, neutral=images)
    return audit.model_copy(update={"images_per_prompt": each})


def draw(
    store: Store, audit: Audit, system: System, progress: Progress, run_id: str, further: pl.DataFrame | None = None
) -> Pictures:
    """Draw what is not there yet of an audit's plan, and of `further` rows of a plan."""
    plan, version = build_plan(audit), system.identity().version
    wanted = generate.requests(plan if further is None else pl.concat([plan, further]), version, system.size())
    try:
        generate.generate(store, wanted, system, version, progress, run_id)
    finally:
        system.close()
    images, texts = generate.image_table(store, wanted, "calibration", version), build_texts(audit)
    return Pictures(images, texts, *embed.contents(images, texts))


def embed_all(store: Store, drawn: Pictures, embedder: Embedder, progress: Progress, run_id: str) -> None:
    """Embed what this embedder has not seen yet."""
    try:
        embed.embed(store, drawn.files, drawn.sentences, embedder, progress, run_id)
    finally:
        embedder.close()
