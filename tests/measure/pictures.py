"""Pictures of the phantom's world, drawn and embedded by its own CLIP; and the same broken by noise."""

import io
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image

from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.embedders.find import find_embedder
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.phantom.draw import POSES, draw
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.store import facts
from mcas_assets.store.database import Store

CONCEPTS = ("nurse", "engineer", "boxer", "golfer", "guitar", "kitchen")
EACH = 8


def small() -> Audit:
    """The phantom's audit over six concepts and one axis, eight images each, by one embedder."""
    audit = load_audit("phantom")
    images = audit.images_per_prompt.model_copy(update={"concept": EACH, "attribute": 2, "neutral": EACH})
    chosen = tuple(one for one in audit.concepts if one.concept in CONCEPTS)
    return audit.model_copy(update={
        "concepts": chosen, "axes": {"gender": audit.axes["gender"]}, "embedders": ("phantom-balanced",),
        "neutral": audit.neutral[:1], "images_per_prompt": images,
    })  # fmt: skip


@cache
def embedder() -> Embedder:
    return find_embedder("phantom-balanced")


@cache
def drawn(concept: str, place: int, noise: float, only_women: bool) -> bytes:
    """A picture of a concept as PNG: men and women in turn, or women alone; `noise` is the part of it that is noise."""
    figure = "woman" if only_women or place % 2 else "man"
    picture = draw(concept, figure, (3 * place) % 10, POSES[place % len(POSES)]).astype(np.float64)
    random = np.random.default_rng(place).uniform(0, 255, picture.shape)
    file = io.BytesIO()
    Image.fromarray(np.uint8((1 - noise) * picture + noise * random)).save(file, "PNG")
    return file.getvalue()


def stored(home: Path, version: str, noise: float = 0.0, *, alike: bool = False, only_women: str = "") -> pl.DataFrame:
    """Rows of `images` of a version whose vectors are in the store of a home. `alike` draws one picture over and over."""
    import hashlib

    audit = small()
    asked = build_plan(audit).filter(pl.col("role") != "attribute")
    files = [
        drawn(row["concept"] if row["role"] == "concept" else "person", 0 if alike else row["replicate"], noise,
              row["concept"] == only_women)
        for row in asked.iter_rows(named=True)
    ]  # fmt: skip
    shas = [hashlib.sha256(file).hexdigest() for file in files]
    images = asked.with_columns(system_version=pl.lit(version), outcome=pl.lit("ok"), sha256=pl.Series(shas))
    texts = build_texts(audit).unique("text_id", maintain_order=True)
    one, distinct = embedder(), dict(zip(shas, files, strict=True))
    with Store(home).open() as con:
        facts.register_embedder(con, one.id, one.name, one.dim, {})
        known = facts.have_vectors(con, one.id, one.dim, "image", list(distinct))
        new = {sha: file for sha, file in distinct.items() if sha not in known}
        if new:
            facts.append_vectors(con, one.id, "image", list(new), None, one.embed_images(list(new.values())), "r")
        wanted = texts["text_id"].to_list()
        if len(facts.have_vectors(con, one.id, one.dim, "text", wanted)) < len(wanted):
            facts.append_vectors(con, one.id, "text", wanted, None, one.embed_texts(texts["text"].to_list()), "r")
    return images
