"""One version of a system: where each concept leans, by what, who is shown, and what was declined."""

import json

import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.fidelity import pictures_of
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.views.numbers import interval, percent, percent_interval, signed

COMPONENTS = ("iias", "itpas", "itaas", "ttas")


def section(reader: Reader, links: Links, audit: str, version: str) -> Section:
    """The page of a version.

    Raises:
        NotThere: The audit has no scores of it.
    """
    about = reader.require(audit, version)
    before = reader.predecessor(audit, version)
    declared = reader.declared(audit)
    keys = {"audit": audit, "version": version}
    context = {
        "audit": audit, "audit_title": declared.title if declared else audit, "version": version, "about": about,
        "outcomes": [
            {**row, "url": links.page("images", **keys, outcome=row["outcome"])}
            for row in reader.rows("outcomes", **keys).iter_rows(named=True)
        ],
        "axes": [axis_of(reader, links, audit, version, axis) for axis in reader.poles(audit)],
        "refusals": _refusals(reader, links, audit, version),
        "pictures": pictures_of(reader, links, audit, version),
        "stamps": reader.rows("stamps").filter(audit=audit, system_version=version).to_dicts(),
        "before": before and {"version": before, "url": links.page("comparison", audit=audit, before=before, after=version)},
        "trend": links.page("trend", audit=audit, system=about["system"]), "trust": links.page("trust", **keys),
        "all_images": links.page("images", **keys),
        "map": links.page("map", **keys),
    }  # fmt: skip
    return Section("version.html", short(version), context)


def axis_of(reader: Reader, links: Links, audit: str, version: str, axis: str) -> Row:
    """What is said of one axis: its scores by the first embedder, the panel beside them, components and shares."""
    poles, keys = reader.poles(audit)[axis], {"audit": audit, "version": version, "axis": axis}
    embedders = reader.embedders(audit, version)
    scores = reader.table("scores", audit=audit, system_version=version).filter(axis=axis)
    first = scores.filter(pl.col("embedder") == embedders[0], pl.col("category").ne_missing("neutral"))
    first = first.sort(pl.coalesce("adjusted", "mcas"), descending=True, nulls_last=True)
    rows: list[Row] = [
        {**row, "url": links.page("concept", **keys, concept=row["concept"]),
         "images": links.page("images", **keys, concept=row["concept"]),
         "towards": poles.towards(row["adjusted"] if row["adjusted"] is not None else row["mcas"])}
        for row in first.iter_rows(named=True)
    ]  # fmt: skip
    means = reader.table("mean_scores", audit=audit, system_version=version).filter(axis=axis, embedder=embedders[0])
    judged = first.filter(pl.col("is_flagged").is_not_null())
    return {
        "axis": axis, "poles": poles, "embedders": embedders, "rows": rows, "chart": _score_chart(rows, poles),
        "mean": means.row(0, named=True) if len(means) else None, "has_panel": len(embedders) > 1,
        "images": links.page("images", **keys, role="concept"),
        "n_judged": len(judged), "n_flagged": int(judged["is_flagged"].sum()),
        "components": _components(reader, audit, version, axis, embedders[0], {row["concept"]: row["url"] for row in rows}),
        "shares": _shares(reader, links, audit, version, axis), "agreement": reader.agreement(audit, version, axis),
        "amplified": reader.table("mean_amplification", audit=audit, system_version=version).filter(axis=axis).to_dicts(),
    }  # fmt: skip


def _score_chart(rows: list[Row], poles) -> str | None:  # noqa: ANN001 - Poles, for the words alone
    drawn = [
        {"name": row["concept"], "value": row["adjusted"], "low": row["adjusted_low"], "high": row["adjusted_high"],
         "pole": "a" if row["adjusted"] > 0 else "b", "mark": "flagged" if row["is_flagged"] else "not flagged",
         "url": row["url"],
         "text": f"{row['concept']}: {signed(row['adjusted'])} {row['towards']}, "
                 f"{interval(row['adjusted_low'], row['adjusted_high'], 'no interval', 3)}"}
        for row in rows if row["adjusted"] is not None
    ]  # fmt: skip
    return charts.leanings(drawn, f"adjusted score: {poles.b} ◀ ▶ {poles.a}") if drawn else None


def _components(
    reader: Reader, audit: str, version: str, axis: str, embedder: str, urls: dict[str, str | None]
) -> list[Row]:
    """A row a concept: each component with its interval."""
    found = reader.table("components", audit=audit, system_version=version).filter(axis=axis, embedder=embedder)
    by_key = {(row["concept"], row["component"]): row for row in found.iter_rows(named=True)}
    return [
        {"concept": concept, "url": url, "cells": [by_key.get((concept, name)) for name in COMPONENTS]}
        for concept, url in urls.items()
    ]


def _shares(reader: Reader, links: Links, audit: str, version: str, axis: str) -> list[Row]:
    """Each labeller's shares: a row a concept and group, with the reference populations beside it."""
    shares = reader.table("representation", audit=audit, system_version=version).filter(axis=axis)
    against = reader.table("amplification", audit=audit, system_version=version).filter(axis=axis)
    return [
        _labelled(reader, links, audit, version, axis, labeller, shares, against)
        for labeller in reader.labellers(audit, version, axis)
    ]


def _labelled(reader: Reader, links: Links, audit, version, axis, labeller, shares, against) -> Row:  # noqa: ANN001 - as above
    wanted = (pl.col("labels") == labeller.labels) & pl.col("embedder").eq_missing(pl.lit(labeller.embedder, pl.String))
    groups = reader.groups(audit, version, axis)
    shown = groups if len(groups) > 2 else groups[-1:]  # of two, the other is what is left
    held: dict[tuple[str, str], list[Row]] = {}
    for row in against.filter(wanted).iter_rows(named=True):
        held.setdefault((row["concept"], row["group_name"]), []).append(row)
    people = reader.people(audit, version, axis)
    rows: list[Row] = []
    for row in shares.filter(wanted, pl.col("group_name").is_in(shown)).iter_rows(named=True):
        is_corrected = row["corrected_share"] is not None
        ends = ("corrected_low", "corrected_high") if is_corrected else ("share_low", "share_high")
        rows.append({
            **row, "is_corrected": is_corrected, "value": row["corrected_share"] if is_corrected else row["share"],
            "low": row[ends[0]], "high": row[ends[1]], "against": held.get((row["concept"], row["group_name"]), []),
            "outcomes": json.loads(row["outcomes"]),
            "images": links.page("images", audit=audit, version=version, axis=axis, concept=row["concept"]),
            "people": people.get((row["labels"], row["embedder"], row["concept"], row["group_name"])),
            "url": links.page("images", audit=audit, version=version, axis=axis, concept=row["concept"],
                              group=row["group_name"]),
        })  # fmt: skip
    rows.sort(key=lambda row: (groups.index(row["group_name"]), -(row["value"] if row["value"] is not None else -1)))
    populations = list(dict.fromkeys(one["population"] for row in rows for one in row["against"]))
    drawn = [
        {"name": row["concept"], "value": row["value"], "low": row["low"], "high": row["high"], "url": row["url"],
         "references": [(one["population"], one["reference"]) for one in row["against"] if one["reference"] is not None],
         "text": f"{row['concept']}: {row['group_name']} {percent(row['value'])} ({percent_interval(row['low'], row['high'])})"}
        for row in rows if row["value"] is not None and row["group_name"] == shown[0]
    ]  # fmt: skip
    chart = charts.shares(drawn, f"share of {shown[0]}") if drawn else None
    return {"labeller": labeller, "groups": shown, "rows": rows, "populations": populations, "chart": chart}


def _refusals(reader: Reader, links: Links, audit: str, version: str) -> list[Row]:
    """Rates of every subject that was declined or lost something, and of all together."""
    rates = reader.table("refusals", audit=audit, system_version=version)
    declined = rates.filter((pl.col("scope") == "all") | (pl.col("n_refused") + pl.col("n_lost") > 0))
    poles = reader.poles(audit)
    rows: list[Row] = []
    for row in declined.sort("rate", descending=True, nulls_last=True).iter_rows(named=True):
        side = poles[row["axis"]] if row["pole"] else None
        subject = (
            (side.a if row["pole"] == "a" else side.b)
            if side
            else row["group_name"] or row["concept"] or row["category"]
        )
        keys = {"concept": row["concept"]} if row["concept"] else {"axis": row["axis"], "pole": row["pole"]}
        rows.append({**row, "subject": subject or "everything", "outcomes": json.loads(row["outcomes"]),
                     "url": links.page("images", audit=audit, version=version, **keys)})  # fmt: skip
    return sorted(rows, key=lambda row: row["scope"] != "all")
