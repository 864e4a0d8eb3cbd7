"""Which images people are asked about: drawn by a seed within each concept, without a look at any label.

So the votes hold for every labeller alike, and a rater who stops half way has rated a random half. The order that a seed gives the
images of a concept is fixed: who asks for more images gets the same ones and further ones.
"""

import polars as pl

from mcas_assets.core.digests import rows_digest, text_digest
from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import Audit
from mcas_assets.store import ledger, votes
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

IMAGES = 200
"""Images that are drawn where nothing else is asked for: an hour's work of one rater."""


def draw_images(store: Store, audit: Audit, system_version: str, images: int | None, seed: int | None) -> pl.DataFrame:
    """The images that people are asked about, drawn now where there are fewer than asked for.

    Args:
        store: The store.
        audit: The declaration.
        system_version: Whose images.
        images: How many in all, spread evenly over the concepts; None for those that were drawn, or `IMAGES`.
        seed: Of the draw; None for that by which others were drawn, or the audit's `run_seed`.

    Returns:
        Rows of `review_draws`.

    Raises:
        BadInput: Nothing was audited, or others were drawn by another seed.
    """
    with store.open() as con:
        former, rows = (
            votes.read_draw(con, audit.audit, system_version),
            ledger.rows_of(con, "images", audit.audit, system_version),
        )
    known = former["seed"][0] if len(former) else None
    if seed is not None and known is not None and seed != known:
        problem = f"is {seed}, and the images of {system_version} that are rated already were drawn by {known}"
        raise BadInput("--seed", problem, "Leave it out: a second draw by another seed would not be one sample")
    if images is None and len(former):
        return former
    chosen = next(one for one in (known, seed, audit.run_seed) if one is not None)
    wanted = _chosen(rows, audit, system_version, images or IMAGES, chosen)
    if wanted.is_empty():
        raise BadInput(system_version, f"has no images of a concept in {audit.audit}", "Audit it first: mcas audit")
    with store.open() as con:
        votes.append_draw(con, wanted)
        return votes.read_draw(con, audit.audit, system_version)


def _chosen(rows: pl.DataFrame, audit: Audit, system_version: str, images: int, seed: int) -> pl.DataFrame:
    shown = rows.filter(pl.col("role") != "attribute", outcome="ok").unique(
        "image_id", keep="first", maintain_order=True
    )
    ordered = shown.with_columns(
        by=pl.col("image_id").map_elements(lambda image: shuffled(seed, image), return_dtype=pl.String)
    ).sort("concept", "by")
    placed = ordered.with_columns(
        place=pl.int_range(1, pl.len() + 1).over("concept"), n_concept=pl.len().over("concept")
    )
    n_each = -(-images // max(1, placed["concept"].n_unique()))
    about = {
        "draw": rows_digest([audit.audit, system_version, seed])[:12], "audit": audit.audit, "system_version": system_version,
        "seed": seed, "scheme": f"{n_each} of each concept and neutral prompt, simple random, blind to labels",
    }  # fmt: skip
    columns = [name for name in frame_schema("review_draws") if name != "drawn_at"]
    taken = placed.filter(pl.col("place") <= n_each)
    return taken.with_columns(**{name: pl.lit(value) for name, value in about.items()}).select(columns)


def shuffled(*words: object) -> str:
    """By what images are put in an order that looks like none: a digest of a seed, who is asked, and the image."""
    return text_digest("/".join(map(str, words)))
