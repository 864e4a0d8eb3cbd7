"""Two versions beside each other: the pairs of one prompt and seed, who changed first, and what the numbers say of it."""

from collections.abc import Callable
from functools import partial

import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.fidelity import changed_pictures
from mcas_assets.pages.further import further_pairs
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Labeller, NotThere, Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.views.numbers import interval, signed

JUDGED = "mcas"
MOST_PAIRS = 24
"""Pairs of a concept that the page of a comparison shows; the page of that concept shows all."""

MOST_CONCEPTS = 8
"""Concepts whose pairs the page of a comparison shows, besides all that changed."""


def section(
    reader: Reader,
    links: Links,
    audit: str,
    before: str,
    after: str,
    concept: str | None = None,
    axis: str | None = None,
) -> Section:
    """The page of a comparison, or of one concept in it.

    Raises:
        NotThere: The two were not compared.
    """
    keys = {"audit": audit, "before": before, "after": after}
    summary = reader.table("comparison_summary", **keys)
    if summary.is_empty():
        command = f"mcas compare {before} {after} --audit {audit}"
        raise NotThere(f"{before} and {after}", "were not compared", f"Compare them: {command}")
    whole = summary.filter(pl.col("axis").is_null()).row(0, named=True)
    poles = reader.poles(audit)
    wanted = [axis] if axis in poles else list(poles)
    axes = [_axis(reader, links, keys, name, summary, concept) for name in wanted]
    context = {
        **keys, "whole": whole, "axes": axes, "concept": concept,
        "factors": reader.table("comparison_factors", **keys).to_dicts(),
        "before_url": links.page("version", audit=audit, version=before),
        "after_url": links.page("version", audit=audit, version=after),
        "refusals": _refusals(reader, links, keys),
        "pictures": [] if concept else changed_pictures(reader, links, keys),
        "up": links.page("comparison", **keys) if concept else None,
    }  # fmt: skip
    title = f"{short(before)} ▶ {short(after)}"
    return Section("comparison.html", f"{concept}: {title}" if concept else title, context)


def _own(url_of: Callable[[str], str | None], keys: Row) -> Row:
    """The addresses of what both versions have."""
    return {"before_url": url_of(keys["before"]), "after_url": url_of(keys["after"])}


def _refusals(reader: Reader, links: Links, keys: Row) -> list[Row]:
    """Refusals that changed, each with the images that were asked for."""
    changed = reader.table("refusal_comparisons", **keys).filter(verdict="changed")
    rows: list[Row] = []
    for row in changed.iter_rows(named=True):
        axis, _, name = row["subject"].partition(":")
        pole = "a" if name and name == reader.poles(keys["audit"])[axis].a else "b"
        asked = (
            {"axis": axis, "role": "attribute", "pole": pole}
            if row["role"] == "attribute"
            else {"concept": row["subject"]}
        )
        of = partial(links.page, "images", audit=keys["audit"], **asked)
        rows.append({**row, **_own(lambda version, of=of: of(version=version), keys)})
    return rows


def _axis(reader: Reader, links: Links, keys: Row, axis: str, summary: pl.DataFrame, concept: str | None) -> Row:
    poles, embedder = reader.poles(keys["audit"])[axis], reader.embedders(keys["audit"], keys["after"])[0]
    of_axis = reader.table("comparisons", **keys).filter(pl.col("axis") == axis, pl.col("component") == JUDGED)
    first = of_axis.filter(pl.col("embedder") == embedder, pl.col("category").ne_missing("neutral"))
    if concept is not None:
        first = first.filter(concept=concept)
    first = first.sort(pl.col("verdict") == "changed", pl.col("difference").abs(), descending=True, nulls_last=True)
    rows: list[Row] = [
        {**row, "towards": poles.towards(row["difference"]), "n_same": _n_same(of_axis, row),
         "n_panel": of_axis.filter(concept=row["concept"]).height,
         "url": links.page("comparison", **keys, axis=axis, concept=row["concept"]),
         **_own(lambda version, row=row: links.page("concept", audit=keys["audit"], version=version, axis=axis,
                                                    concept=row["concept"]), keys)}
        for row in first.iter_rows(named=True)
    ]  # fmt: skip
    head = summary.filter(pl.col("axis") == axis, pl.col("embedder") == embedder)
    labeller = next(iter(reader.labellers(keys["audit"], keys["after"], axis)), None)
    return {
        "axis": axis, "poles": poles, "embedder": embedder, "rows": rows, "chart": _chart(rows, poles.a, poles.b),
        "head": head.row(0, named=True) if len(head) else None, "labeller": labeller,
        "pairs": _pairs_of(reader, links, keys, axis, rows, labeller, whole=concept is not None),
    }  # fmt: skip


def _n_same(of_axis: pl.DataFrame, row: Row) -> int:
    """How many embedders give the same verdict of a concept, and where it changed the same direction."""
    others = of_axis.filter(concept=row["concept"], verdict=row["verdict"])
    if row["verdict"] != "changed":
        return others.height
    return others.filter(pl.col("difference").sign() == (1 if row["difference"] > 0 else -1)).height


def _chart(rows: list[Row], a: str, b: str) -> str | None:
    drawn = [
        {"name": row["concept"], "before": row["value_before"], "after": row["value_after"], "verdict": row["verdict"],
         "pole": "a" if row["difference"] > 0 else "b", "url": row["url"],
         "text": f"{row['concept']}: {signed(row['value_before'])} ▶ {signed(row['value_after'])}, {row['verdict']}, "
                 f"change {signed(row['difference'])} ({interval(row['low'], row['high'], 'no interval', 3)})"}
        for row in rows if row["difference"] is not None
    ]  # fmt: skip
    return charts.changes(drawn, f"MCAS, from ring to point: {b} ◀ ▶ {a}") if len(drawn) > 1 else None


def _pairs_of(
    reader: Reader, links: Links, keys: Row, axis: str, rows: list[Row], labeller: Labeller | None, *, whole: bool
) -> list[Row]:
    """The pairs of the concepts that changed, and of the next ones by size of the change, with those of later rounds apart."""
    n_changed = sum(row["verdict"] == "changed" for row in rows)
    found: list[Row] = []
    for row in rows[: max(n_changed, MOST_CONCEPTS)]:
        pairs = pairs_of_concept(reader, links, keys, axis, row["concept"], labeller)
        further = further_pairs(reader, links, keys, axis, row["concept"], labeller)
        found.append({
            **row, "n": len(pairs), "n_changed": sum(pair["has_changed"] for pair in pairs),
            "n_further_changed": sum(pair["has_changed"] for pair in further),
            "pairs": pairs if whole else pairs[:MOST_PAIRS], "further": further if whole else further[:MOST_PAIRS],
        })  # fmt: skip
    return found


def pairs_of_concept(
    reader: Reader, links: Links, keys: Row, axis: str, concept: str, labeller: Labeller | None
) -> list[Row]:
    """The first pairs of a concept, those whose label differs first, each with thumbnails and addresses."""
    labels, embedder = (labeller.labels, labeller.embedder) if labeller else ("", None)
    rows = reader.rows("pairs", **keys, axis=axis, labels=labels, embedder=embedder, concept=concept)
    return [
        {**row, **{
            f"{what}_{side}": value
            for side, version in (("before", keys["before"]), ("after", keys["after"]))
            for what, value in (
                ("src", links.picture(row[f"sha256_{side}"], row[f"path_{side}"]) if row[f"sha256_{side}"] else None),
                ("url", links.page("image", audit=keys["audit"], version=version, image=row[f"image_{side}"])),
            )
        }}
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
