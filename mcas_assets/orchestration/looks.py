"""What the page of an asset shows in Dagster's UI beside numbers: thumbnails, the terminal's table, and the way to the pages.

All of it is text of ours or escaped: a prompt or a name could close the block that it stands in, or bring a link of its own.
"""

import io
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import urlencode

import dagster as dg
import polars as pl
from PIL import Image

from mcas_assets.compare.summary import JUDGED
from mcas_assets.core.errors import StoreError
from mcas_assets.core.paths import pages_address
from mcas_assets.core.pictures import NotAPicture, decode
from mcas_assets.core.terminal import console
from mcas_assets.stages.contract import Work
from mcas_assets.store import ledger
from mcas_assets.store.checked import image_rows
from mcas_assets.store.files import read_image
from mcas_assets.store.schema import frame_schema
from mcas_assets.views.audit import print_summary
from mcas_assets.views.comparison import print_comparison
from mcas_assets.views.fit import captured
from mcas_assets.views.shares import axis_shares

SIDE = 56  # pixels of a thumbnail
A_ROW = 8  # thumbnails
MOST_ROWS = 10
_WIDTH = 106  # characters of a table: with all its columns, and what a page shows without scrolling

Look = Mapping[str, Any]
Tables = Mapping[str, pl.DataFrame]


def look(work: Work, stage: str, tables: Tables, version: int) -> Look:
    """Metadata for the page of an asset; none for a stage that has nothing to look at.

    Args:
        work: What the stage was made for.
        stage: Its name.
        tables: What it made.
        version: Of the ledger, under which it is recorded.
    """
    make = {"images": _images, "scores": _scores, "representation": _shares, "comparison": _comparison}.get(stage)
    return make(work, tables, version) if make else {}


def _images(work: Work, tables: Tables, version: int) -> Look:
    images = tables["images"]
    counts = images.group_by("role", "concept", "outcome", maintain_order=True).agg(pl.len().alias("images"))
    table = captured(counts, console(width=_WIDTH, file=io.StringIO()), rows=0, whole=False)
    return {
        "thumbnails": _sheet(work, images.filter(outcome="ok", role="concept"), ["concept"]), "table": _verbatim(table),
        "pages": _pages(work, version, "images"),
    }  # fmt: skip


def _scores(work: Work, tables: Tables, version: int) -> Look:
    plain, scores = console(width=_WIDTH, file=io.StringIO()), tables["scores"]
    with plain.capture() as printed:
        of_shares = pl.DataFrame(schema=frame_schema("representation"))  # a stage of its own, which shows them
        print_summary(plain, work.audit, scores, tables["mean_scores"], of_shares, None)
    widest = scores.filter(pl.col("category").ne_missing("neutral")).sort(
        pl.coalesce("adjusted", "mcas").abs(), descending=True, nulls_last=True, maintain_order=True
    )
    return {
        "thumbnails": _of_concepts(work, widest["concept"].unique(maintain_order=True).to_list(), ["concept"]),
        "table": _verbatim(printed.get()), "pages": _pages(work, version, "version"),
    }  # fmt: skip


def _shares(work: Work, tables: Tables, version: int) -> Look:
    """With the images of each concept by what the first labeller of the first axis says of them."""
    plain, rows = console(width=_WIDTH, file=io.StringIO()), tables["representation"]
    with plain.capture() as printed:
        for name in work.audit.axes:
            plain.print(axis_shares(name, None, rows.filter(axis=name), work.audit, _WIDTH))
    labels = tables["image_labels"].filter(axis=next(iter(work.audit.axes)))
    first = ("labels", "embedder")
    labels = labels.join(labels.head(1).select(first), on=first, how="semi", nulls_equal=True)
    concepts = [one.concept for one in work.audit.concepts]
    return {
        "thumbnails": _of_concepts(work, concepts, ["concept", "label"], labels.select("sha256", "label")),
        "table": _verbatim(printed.get()), "pages": _pages(work, version, "version"),
    }  # fmt: skip


def _of_concepts(work: Work, concepts: Sequence[str], heading: list[str], labels: pl.DataFrame | None = None) -> Any:
    """The images of concepts, in the order of these."""
    (images,) = work.read("images")
    given = images.filter(outcome="ok", role="concept")
    if labels is not None:
        given = given.join(labels, on="sha256", maintain_order="left")
    place = {concept: number for number, concept in enumerate(concepts)}
    known = given.filter(pl.col("concept").is_in(concepts))
    order = [pl.col("concept").replace_strict(place, default=None), *heading[1:]]
    return _sheet(work, known.sort(order, maintain_order=True), heading)


def _comparison(work: Work, tables: Tables, version: int) -> Look:
    pairs = tables["comparison_summary"].drop_nulls("before")["before"].unique(maintain_order=True).to_list()
    if not pairs:
        return {}
    before = pairs[0]
    of_pair = {name: table.filter(before=before) for name, table in tables.items()}
    plain = console(width=_WIDTH, file=io.StringIO())
    with plain.capture() as printed:
        print_comparison(plain, work.audit, of_pair, (None, None))
    changes = of_pair["comparisons"].filter(pl.col("component") == JUDGED, pl.col("category") != "neutral")
    order = changes.sort(pl.col("verdict") == "changed", pl.col("difference").abs(), descending=True, nulls_last=True)
    moved = order["concept"].unique(maintain_order=True).head(MOST_ROWS // 2).to_list()
    link = _pages(work, version, "comparison", before=before)
    return {"pairs": _pairs(work, before, moved), "table": _verbatim(printed.get()), "pages": link}


def _pairs(work: Work, before: str, concepts: Sequence[str]) -> Any:
    """The same prompts and seeds before and after, above each other, the concepts that moved most first."""
    key = ["prompt", "replicate"]
    with work.workplace.store.open() as con:
        rows = []
        for version in (before, work.system_version):
            row = ledger.latest(con, "images", version, work.audit.audit)
            rows.append(image_rows(con, row.version) if row else pl.DataFrame(schema={"prompt": pl.String}))
    if any(one.is_empty() for one in rows):
        return dg.MetadataValue.md("none")
    old, new = (one.filter(outcome="ok", role="concept").unique(key, keep="first", maintain_order=True) for one in rows)
    both = [
        one.join(other.select(key), on=key, how="semi").with_columns(of=pl.lit(name))
        for one, other, name in ((old, new, "before"), (new, old, "after"))
    ]
    place = {concept: number for number, concept in enumerate(concepts)}
    paired = pl.concat(both).filter(pl.col("concept").is_in(concepts))
    order = paired.sort(
        pl.col("concept").replace_strict(place, default=None), "of", descending=[False, True], maintain_order=True
    )
    return _sheet(work, order, ["concept", "of"])


def _sheet(work: Work, rows: pl.DataFrame, heading: list[str]) -> Any:
    """Rows of thumbnails, one for each value of the columns that head them."""
    lines = ["| | |", "|---|---|"]
    parts = rows.partition_by(heading, maintain_order=True)
    for part in parts[:MOST_ROWS]:
        name = " ".join(_escaped(value) for value in part.select(heading).row(0))
        lines.append(f"| {name} | {_strip(work, part.head(A_ROW))} |")
    if len(parts) > MOST_ROWS:
        lines.append(f"\nThe first {MOST_ROWS} of {len(parts)}, up to {A_ROW} images of each.")
    return dg.MetadataValue.md("\n".join(lines))


def _strip(work: Work, rows: pl.DataFrame) -> str:
    """Up to `A_ROW` images beside each other, as one picture that stands in the text itself; a gap for one that is not readable."""
    strip = Image.new("RGB", (A_ROW * SIDE, SIDE), (255, 255, 255))
    for place, row in enumerate(rows.iter_rows(named=True)):
        try:
            image = decode(read_image(work.workplace.home, row["path"], row["sha256"])).image
        except (StoreError, NotAPicture):
            continue  # its check says so
        image.thumbnail((SIDE - 2, SIDE - 2))
        strip.paste(image, (place * SIDE, 0))
    data = io.BytesIO()
    strip.save(data, "WEBP", quality=60)
    return f"![images](data:image/webp;base64,{b64encode(data.getvalue()).decode()})"


def _verbatim(text: str) -> Any:
    """A block of text as it stands. Four tildes close no block that our tables could hold: concepts are words without them."""
    return dg.MetadataValue.md(f"~~~~\n{text.strip().replace('~~~', '- - -')}\n~~~~")


def _escaped(value: str) -> str:
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|<>~" else sign for sign in escape(value))


def _pages(work: Work, at: int, page: str, before: str | None = None) -> Any:
    """The address of a page of `mcas view`, as of the version `at` of the ledger."""
    of = {"before": before, "after": work.system_version} if before else {"version": work.system_version}
    return dg.MetadataValue.url(f"{pages_address()}/{page}?{urlencode({'audit': work.audit.audit, **of, 'at': at})}")
