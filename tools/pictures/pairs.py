"""The pairs of a comparison as one picture: same prompt, same seed, before above after, those that changed framed and first."""

import io

import polars as pl
from PIL import Image, ImageDraw, ImageFont

from mcas_assets.pages.comparison import JUDGED, pairs_of_concept
from mcas_assets.pages.links import LiveLinks
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import Poles, Reader, Row
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published
from mcas_assets.views.numbers import interval, signed

TILE, GAP, LEFT, HEAD = 64, 8, 12, 26  # pixels
INK, SOFT, MARK, PAPER = (29, 36, 48), (93, 102, 117), (200, 100, 43), (255, 255, 255)
MOST_CONCEPTS, MOST_PAIRS = 3, 12


def draw(store: Store, audit: str, before: str, after: str, axis: str) -> Image.Image:
    """The pairs of the concepts whose score changed most on an axis, or would have, of two compared versions.

    Args:
        store: Whose published copy is drawn.
        audit: Its name.
        before: A system version, its beginning or a system's name.
        after: The same, the later one.
        axis: Of the audit.

    Raises:
        NotThere: The two were not compared, or one of them was not audited.
    """
    reader = Reader(Published(store))
    keys = {"audit": audit, "before": reader.resolve(audit, before), "after": reader.resolve(audit, after)}
    poles, labellers = reader.require_axis(audit, axis), reader.labellers(audit, keys["after"], axis)
    embedder = reader.embedders(audit, keys["after"])[0]
    rows = reader.table("comparisons", **keys).filter(axis=axis, component=JUDGED, embedder=embedder)
    order = rows.sort(pl.col("verdict") == "changed", pl.col("difference").abs(), descending=True, nulls_last=True)
    shown = order.filter(order["category"] != "neutral").head(MOST_CONCEPTS).to_dicts()
    strips = []
    for row in shown:
        pairs = pairs_of_concept(reader, LiveLinks(reader.at), keys, axis, row["concept"], labellers[0])
        strips.append(_strip(Pictures(store.home), row, pairs, poles))
    picture = Image.new("RGB", (max(one.width for one in strips), sum(one.height for one in strips)), PAPER)
    top = 0
    for one in strips:
        picture.paste(one, (0, top))
        top += one.height
    return picture.quantize(255, dither=Image.Dither.NONE)


def _strip(pictures: Pictures, row: Row, pairs: list[Row], poles: Poles) -> Image.Image:
    strip = Image.new("RGB", (LEFT * 2 + MOST_PAIRS * (TILE + GAP), HEAD + 2 * TILE + 3 + 16), PAPER)
    pen = ImageDraw.Draw(strip)
    n_differ = sum(pair["has_changed"] for pair in pairs)
    pen.text((LEFT, 4), row["concept"], INK, ImageFont.load_default(15))
    ends = interval(row["low"], row["high"], "no interval")
    told = f"MCAS {signed(row['difference'], 2)} towards {poles.towards(row['difference'])} ({ends}), {row['verdict']}"
    pen.text((LEFT + 84, 6), f"{told}; {n_differ} of {len(pairs)} pairs differ", SOFT, ImageFont.load_default(12))
    for place, pair in enumerate(pairs[:MOST_PAIRS]):
        left = LEFT + place * (TILE + GAP)
        for side, top in (("before", HEAD), ("after", HEAD + TILE + 3)):
            if pair[f"sha256_{side}"]:
                data = pictures.small(kept_of(pair[f"sha256_{side}"], pair[f"path_{side}"]), 160)
                tile = Image.open(io.BytesIO(data)).convert("RGB").resize((TILE, TILE))
                strip.paste(tile, (left, top))
        if pair["has_changed"]:
            frame = (left - 3, HEAD - 3, left + TILE + 2, HEAD + 2 * TILE + 5)
            pen.rounded_rectangle(frame, radius=4, outline=MARK, width=2)
    return strip
