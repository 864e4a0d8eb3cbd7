"""The images behind a number, and the row of one image."""

import shlex

import polars as pl

from mcas_assets.core.outcomes import MEANINGS
from mcas_assets.labellers.protocol import name_for_people
from mcas_assets.pages.concept import with_pictures
from mcas_assets.pages.further import uses_of
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import NotThere, Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.pages.texts import against_words

MOST = 1000
"""Images of a page."""

FILTERS = ("axis", "concept", "group", "outcome", "role", "pole")


def section(
    reader: Reader, links: Links, audit: str, version: str, page: int = 1, size: int = 200, **filters: str | None
) -> Section:
    """The images of a version that are so and so: one tile an image.

    Args:
        reader: The published copy.
        links: Where things lie.
        audit: Its name.
        version: The system version.
        page: From 1.
        size: Images of a page, up to `MOST`.
        filters: Of `FILTERS`: only these. `group` is a label on `axis` by its first labeller.

    Raises:
        NotThere: The audit has no such version or axis.
    """
    reader.require(audit, version)
    axis = filters.get("axis")
    if axis is not None:
        reader.require_axis(audit, axis)
    elif filters.get("group"):
        raise NotThere("group", "says nothing without an axis", "Add axis= to the address")
    named = {name: filters.get(name) for name in ("role", "pole", "concept", "outcome")}
    uses = reader.images(audit, version, axis, group_name=filters.get("group"), **named)
    if filters.get("group") and not named["role"]:
        uses = uses.filter(pl.col("role") != "attribute")
    found = uses.unique("image_id", keep="first", maintain_order=True)
    size = max(1, min(size, MOST))
    last = max(1, -(-len(found) // size))
    page = max(1, min(page, last))
    keys = {"audit": audit, "version": version} | {name: filters.get(name) for name in FILTERS}
    labellers = reader.labellers(audit, version, axis) if axis else []
    context = {
        "audit": audit, "version": version, "short": short(version), "filters": {k: v for k, v in filters.items() if v},
        "n": len(found), "page": page, "last": last, "size": size, "labeller": labellers[0] if labellers else None,
        "images": with_pictures(links, found.slice((page - 1) * size, size).to_dicts(), keys),
        "pages": [(n, links.page("images", **keys, page=n, size=size)) for n in range(1, last + 1)],
        "up": links.page("version", audit=audit, version=version), "meanings": MEANINGS,
        "map": links.page("map", audit=audit, version=version),
        "narrower": _narrower(reader, links, keys, found),
    }  # fmt: skip
    return Section("images.html", "Images", context)


def _narrower(
    reader: Reader, links: Links, keys: Row, found: pl.DataFrame
) -> list[tuple[str, list[tuple[str, int, str | None]]]]:
    """Filters that would leave fewer images, with how many."""
    ways = []
    for name, column in (("outcome", "outcome"), ("group", "label"), ("concept", "concept")):
        if keys[name] is None and (name != "group" or keys["axis"]):
            counts = found.drop_nulls(column).group_by(column).len("n").sort("n", column, descending=[True, False])
            entries = [(value, n, links.page("images", **(keys | {name: value}))) for value, n in counts.iter_rows()]
            if len(entries) > 1:
                ways.append((name, entries))
    return ways


def image(reader: Reader, links: Links, audit: str, version: str, image_id: str) -> Section:
    """The row of one image: how it came to be, what each labeller says of it, its cosines, and how to draw it again.

    Raises:
        NotThere: The audit has no such image.
    """
    reader.require(audit, version)
    keys = {"audit": audit, "version": version}
    uses = _uses(reader, links, keys, image_id)
    labels = reader.rows("labels-of-image", **keys, sha256=uses["sha256"][0]) if len(uses) else pl.DataFrame()
    is_further = uses.is_empty()
    if is_further:
        uses, labels = uses_of(reader, links, audit, version, image_id)
    if uses.is_empty():
        raise NotThere(image_id, f"is no image of {short(version)} in audit {audit!r}", "The page of images lists them")
    row, axes = uses.row(0, named=True), list(reader.poles(audit))
    there = row["sha256"] is not None
    context = {
        "audit": audit, "version": version, "short": short(version), "row": row, "meaning": MEANINGS.get(row["outcome"], ""),
        "uses": uses.to_dicts(), "is_further": is_further,
        "src": links.picture(row["sha256"], row["path"], 1024) if there else None,
        "original": links.original(row["sha256"], row["path"]) if there else None,
        "labels": _with_evidence(reader, labels, row["sha256"]),
        "cosines": against_words(reader, audit, version, axes, "image", [row["sha256"]]) if there else [],
        "again": f"mcas redraw {shlex.quote(image_id[:12])}", "up": links.page("version", **keys),
    }  # fmt: skip
    return Section("image.html", "Image", context)


def _with_evidence(reader: Reader, labels: pl.DataFrame, sha256: str | None) -> list[Row]:
    """The labels of an image, each with who gives it and what was said to be seen; older copies have none."""
    found = reader.rows("evidence-of-image", sha256=sha256) if reader.published.has("label_facts") else pl.DataFrame()
    said = {(row["axis"], row["labels"], row["label"]): row["evidence"] for row in found.iter_rows(named=True)}
    return [
        {
            **row, "by": name_for_people(row["labels"], row["embedder"]),
            "evidence": said.get((row["axis"], row["labels"], row["label"])),
        }
        for row in labels.iter_rows(named=True)
    ]  # fmt: skip


def _uses(reader: Reader, links: Links, keys: Row, image_id: str) -> pl.DataFrame:
    """The rows of an image in an audit of a version, each with the address of its concept."""
    found = reader.rows("image", **keys, image=image_id)
    axis = next(iter(reader.poles(keys["audit"])))
    urls = [links.page("concept", **keys, axis=axis, concept=name) if name else None for name in found["concept"]]
    return found.with_columns(url=pl.Series(urls, dtype=pl.String))
