"""What pages say of the pictures themselves: do they show what was asked for, are they all alike, what did a change do to them."""

import polars as pl

from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.views.fidelity import WORDS, WORSE


def pictures_of(reader: Reader, links: Links, audit: str, version: str) -> Row:
    """Alignment and diversity of a version by the first embedder: over all, by group, by concept with the worst first."""
    keys = {"audit": audit, "version": version}
    embedders = reader.embedders(audit, version)
    first = {
        name: reader.table(name, audit=audit, system_version=version).filter(embedder=embedders[0])
        for name in ("alignment", "diversity")
    }
    varied = {row["concept"]: row for row in first["diversity"].iter_rows(named=True)}
    by_scope = {scope: first["alignment"].filter(scope=scope) for scope in ("all", "group", "concept")}
    order = by_scope["concept"].sort("first_share", "alignment", nulls_last=True)
    return {
        "embedder": embedders[0], "all": links.page("images", **keys, role="concept"),
        "whole": by_scope["all"].row(0, named=True) if len(by_scope["all"]) else None,
        "groups": [
            {**row, "url": links.page("images", **keys, axis=row["axis"], group=row["group_name"])}
            for row in by_scope["group"].iter_rows(named=True)
        ],
        "rows": [
            {**row, "varied": varied.get(row["concept"]), "url": links.page("images", **keys, concept=row["concept"])}
            for row in order.iter_rows(named=True)
        ],
    }  # fmt: skip


def changed_pictures(reader: Reader, links: Links, keys: Row) -> list[Row]:
    """What became of the pictures: the rows over all concepts by the first embedder, then the concepts that changed."""
    embedders = reader.embedders(keys["audit"], keys["after"])
    rows = reader.table("fidelity_comparisons", **keys).filter(embedder=embedders[0]).drop_nulls("difference")
    told = rows.filter(pl.col("concept").is_null() | (pl.col("verdict") == "changed"))
    found: list[Row] = []
    for row in told.sort(pl.col("concept").is_not_null(), "measure", "concept").iter_rows(named=True):
        asked = {"concept": row["concept"]} if row["concept"] else {"role": "concept"}
        urls = {
            f"{when}_url": links.page("images", audit=keys["audit"], version=keys[when], **asked)
            for when in ("before", "after")
        }
        is_worse = row["verdict"] == "changed" and row["difference"] * WORSE[row["measure"]] > 0
        said = "worse" if is_worse else "better" if row["verdict"] == "changed" else row["verdict"]
        found.append({**row, **urls, "words": WORDS[row["measure"]], "is_worse": is_worse, "said": said})
    return found
