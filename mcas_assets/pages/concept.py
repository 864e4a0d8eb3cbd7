"""One concept of a version: its numbers, and the images and rows that they were made from."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from mcas_assets.pages.links import Links
from mcas_assets.pages.pictures import MOST_AVERAGED, kept_of
from mcas_assets.pages.reader import NotThere, Reader, Row
from mcas_assets.pages.site import Section
from mcas_assets.pages.texts import against_words

SEED = 0
"""Of the samples that a page shows where a cell has more images than fit."""


@dataclass(frozen=True)
class Detail:
    """How much a page of a concept shows.

    Attributes:
        most: Images of a cell; further ones are left out by a seeded sample, which the page says.
        with_rows: Whether the row of every image shown is given in a table.
        with_poles: Whether the attribute and neutral images are shown too.
    """

    most: int = 48
    with_rows: bool = True
    with_poles: bool = True


def section(
    reader: Reader, links: Links, audit: str, version: str, axis: str, concept: str, detail: Detail | None = None
) -> Section:
    """The page of a concept on an axis.

    Raises:
        NotThere: The audit has no such version, axis or concept.
    """
    detail = detail or Detail()
    reader.require(audit, version)
    poles = reader.require_axis(audit, axis)
    scores = reader.table("scores", audit=audit, system_version=version).filter(axis=axis, concept=concept)
    if scores.is_empty():
        raise NotThere(concept, f"is no concept of audit {audit!r}", "The page of the version lists them")
    keys = {"audit": audit, "version": version, "axis": axis}
    images = reader.images(audit, version, axis, concept=concept).filter(pl.col("role") != "attribute")
    order = reader.embedders(audit, version)
    prompts = (
        reader.table("texts", audit=audit).filter(kind="prompt", concept=concept).unique("text_id", maintain_order=True)
    )
    components = reader.table("components", audit=audit, system_version=version).filter(axis=axis, concept=concept)
    panel: list[Row] = [
        {**row, "towards": poles.towards(row["adjusted"] if row["adjusted"] is not None else row["mcas"]),
         "components": {one["component"]: one for one in components.filter(embedder=row["embedder"]).iter_rows(named=True)}}
        for row in sorted(scores.iter_rows(named=True), key=lambda row: order.index(row["embedder"]))
    ]  # fmt: skip
    labellers = reader.labellers(audit, version, axis)
    cells = _cells(reader, links, images, detail, {**keys, "concept": concept})
    others = _others(reader, links, audit, version, axis, detail) if detail.with_poles else []
    context = {
        "audit": audit, "version": version, "axis": axis, "concept": concept, "poles": poles, "panel": panel,
        "words": _words_anchor(axis, concept),
        "labeller": labellers[0] if labellers else None, "cells": cells, "detail": detail, "seed": SEED,
        "shares": _shares(reader, links, audit, version, axis, concept), "agreement": reader.agreement(audit, version, axis),
        "others": others,
        "not_given": _not_given(links, images, {**keys, "concept": concept}),
        "rows": [image for cell in [*cells, *others] for image in cell["images"]] if detail.with_rows else [],
        "behind": _behind(links, keys, concept),
        "prompts": prompts["text"].to_list(),
        "texts": against_words(reader, audit, version, [axis], "text", prompts["text_id"].to_list()),
        "all_images": links.page("images", **keys, concept=concept),
        "up": links.page("version", audit=audit, version=version),
        "other_axes": [
            (name, links.page("concept", audit=audit, version=version, axis=name, concept=concept))
            for name in reader.poles(audit) if name != axis
        ],
        "trend": links.page("trend", audit=audit, system=version.rpartition("@")[0], axis=axis, concept=concept),
    }  # fmt: skip
    return Section("concept.html", f"{concept}, {axis.replace('_', ' ')}", context, anchor=f"{axis}-{concept}")


def poles_section(reader: Reader, links: Links, audit: str, version: str, axis: str, detail: Detail) -> Section:
    """What all concepts of an axis are held against, for a report whose pages of concepts leave it out."""
    cells = _others(reader, links, audit, version, axis, detail)
    title = f"What concepts are held against, {axis.replace('_', ' ')}"
    return Section("poles.html", title, {"cells": cells, "seed": SEED}, anchor=f"poles-{axis}")


def sample(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows, drawn by `SEED`, in the order that they had."""
    if len(rows) <= most:
        return list(rows)
    return [rows[place] for place in sorted(random.Random(SEED).sample(range(len(rows)), most))]


def with_pictures(links: Links, rows: Sequence[Row], keys: Row, side: int = 160) -> list[Row]:
    """Rows of images with the addresses of thumbnail and page."""
    about = {"audit": keys["audit"], "version": keys["version"]}
    return [
        {**row, "src": links.picture(row["sha256"], row["path"], side) if row["sha256"] else None,
         "url": links.page("image", **about, image=row["image_id"])}
        for row in rows
    ]  # fmt: skip


def _cells(reader: Reader, links: Links, images: pl.DataFrame, detail: Detail, keys: Row) -> list[Row]:
    """Delivered images by label, in the order of the groups; what counts for none comes last."""
    groups = reader.groups(keys["audit"], keys["version"], keys["axis"])
    given = images.filter(outcome="ok")
    labels = sorted(
        given["label"].unique().to_list(), key=lambda name: (groups.index(name) if name in groups else 99, str(name))
    )
    cells: list[Row] = []
    for label in labels:
        rows = given.filter(pl.col("label").eq_missing(pl.lit(label, pl.String))).to_dicts()
        cells.append(_cell(links, rows, detail, keys, label, group=label) | {"is_group": label in groups})
    return cells


def _cell(links: Links, rows: list[Row], detail: Detail, keys: Row, name: str | None, **narrowed: str | None) -> Row:
    kept = tuple(dict.fromkeys(kept_of(row["sha256"], row["path"]) for row in rows))
    of_cell = keys | narrowed
    return {
        "name": name or "not labelled", "n": len(rows), "images": with_pictures(links, sample(rows, detail.most), keys),
        "url": links.page("images", **of_cell),
        "mean": links.average(kept, "mean", **of_cell) if len(kept) > 1 else None,
        "spread": links.average(kept, "spread", **of_cell) if len(kept) > 1 else None,
        "n_averaged": min(len(kept), MOST_AVERAGED),
    }  # fmt: skip


def _others(reader: Reader, links: Links, audit: str, version: str, axis: str, detail: Detail) -> list[Row]:
    """What the score holds the concept against: the attribute images of both poles, and the neutral ones."""
    keys, poles = {"audit": audit, "version": version, "axis": axis}, reader.poles(audit)[axis]
    found: list[Row] = []
    for pole, name in (("a", poles.a), ("b", poles.b)):
        rows = reader.images(audit, version, axis, role="attribute", pole=pole, outcome="ok").to_dicts()
        found.append(
            _cell(links, rows, detail, keys, f"attribute images of {name}", role="attribute", pole=pole, outcome="ok")
        )
    rows = reader.images(audit, version, axis, role="neutral", outcome="ok").to_dicts()
    return [*found, _cell(links, rows, detail, keys, "neutral images", role="neutral", outcome="ok")]


def _not_given(links: Links, images: pl.DataFrame, keys: Row) -> list[Row]:
    counts = images.filter(pl.col("outcome") != "ok").group_by("outcome").len("n").sort("n", descending=True)
    return [
        {**row, "url": links.page("images", **keys, outcome=row["outcome"])} for row in counts.iter_rows(named=True)
    ]


def _behind(links: Links, keys: Row, concept: str) -> dict[str, str | None]:
    """For each component, where what it is made of lies: images, or further down the page the words."""
    of_concept, of_poles = links.page("images", **keys, concept=concept), links.page("images", **keys, role="attribute")
    words = f"#{_words_anchor(str(keys['axis']), concept)}"
    return {"iias": of_concept, "itpas": of_poles, "itaas": of_concept, "ttas": words}


def _words_anchor(axis: str, concept: str) -> str:
    """The name of the place on a page, or in a file of many, where the words behind TTAS are."""
    return f"words-{axis}-{concept}"


def _shares(reader: Reader, links: Links, audit: str, version: str, axis: str, concept: str) -> list[Row]:
    rows = reader.table("representation", audit=audit, system_version=version).filter(axis=axis, concept=concept)
    against = reader.table("amplification", audit=audit, system_version=version).filter(axis=axis, concept=concept)
    people = reader.people(audit, version, axis)
    return [
        {**row, "people": people.get((row["labels"], row["embedder"], concept, row["group_name"])),
         "url": links.page("images", audit=audit, version=version, axis=axis, concept=concept, group=row["group_name"]),
         "against": against.filter(
             pl.col("labels") == row["labels"], pl.col("embedder").eq_missing(pl.lit(row["embedder"], pl.String)),
             pl.col("group_name") == row["group_name"]).to_dicts()}
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
