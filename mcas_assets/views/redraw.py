"""A stored image that was drawn again, as people read it, and as one row."""

import json
import math
from collections.abc import Iterator

import polars as pl

from mcas_assets.images.distance import COSINE, PSNR
from mcas_assets.images.redraw import Redrawn


def lines(redrawn: Redrawn) -> Iterator[str]:
    """What a terminal shows."""
    row = redrawn.row
    yield f"{row['image_id'][:16]}  {row['system_version']}  {row['prompt']!r}, seed {row['seed']}"
    together = "alone" if redrawn.together == 1 else f"in a batch of {redrawn.together}"
    yield f"drawn again {together}" + (f" ({redrawn.note})" if redrawn.note else "")
    yield _verdict(redrawn)
    if redrawn.differences:
        yield "what is not as it was when it was made:"
        width = max(len(one.key) for one in redrawn.differences)
        for one in redrawn.differences:
            yield f"  {one.key:<{width}}  {_text(one.then)} -> {_text(one.now)}"
    elif redrawn.verdict != "equal":
        yield "of the conditions that were recorded, none has changed"


def table(redrawn: Redrawn) -> pl.DataFrame:
    """One row: image_id, system_version, verdict, outcome, what is apart, and `differences` as JSON."""
    far = redrawn.distance
    return pl.DataFrame(
        {
            "image_id": [redrawn.row["image_id"]],
            "system_version": [redrawn.row["system_version"]],
            "verdict": [redrawn.verdict],
            "outcome": [redrawn.outcome.outcome],
            "is_same_file": [redrawn.is_same_file],
            "drawn_together": [redrawn.together],
            "psnr": [None if far is None or math.isinf(far.psnr) else far.psnr],
            "largest_difference": [far and far.largest],
            "share_differing": [far and far.differing],
            "cosine": [far and far.cosine],
            "embedder": [redrawn.embedder],
            "differences": [json.dumps({one.key: [one.then, one.now] for one in redrawn.differences})],
        },
        schema_overrides={
            "psnr": pl.Float64, "largest_difference": pl.Int64, "share_differing": pl.Float64, "cosine": pl.Float64,
            "embedder": pl.String,
        },
    )  # fmt: skip


def _verdict(redrawn: Redrawn) -> str:
    far = redrawn.distance
    if redrawn.outcome.image is None:
        return f"different: no image came of it ({redrawn.outcome.outcome}: {redrawn.outcome.reason})"
    if far is None:
        return "different: the pictures are not of one size"
    if far.is_none:
        return "equal: the same file" if redrawn.is_same_file else "equal: the same pixels, in a file encoded otherwise"
    cosine = "" if far.cosine is None else f", cosine {far.cosine:.6f} by {redrawn.embedder} (limit {COSINE:g})"
    apart = f"largest difference {far.largest} of 255, {far.differing:.2%} of values differ"
    return f"{redrawn.verdict}: PSNR {far.psnr:.1f} dB (limit {PSNR:g}), {apart}{cosine}"


def _text(value: object) -> str:
    return "not recorded" if value is None else str(value)
