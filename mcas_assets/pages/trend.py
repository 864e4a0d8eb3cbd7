"""A system over its versions: the mean, or one concept, with intervals and with what moved; and its canary."""

import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import NotThere, Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.views.numbers import interval, signed


def section(
    reader: Reader, links: Links, audit: str, system: str, axis: str | None = None, concept: str | None = None
) -> Section:
    """The page of a system: every version that the audit has scores of, oldest first.

    Raises:
        NotThere: The audit has no scores of the system, or no such axis.
    """
    versions = reader.audited.filter(audit=audit, system=system)
    if versions.is_empty():
        raise NotThere(system, f"audit {audit!r} has no scores of it", "The overview lists what there is")
    poles = reader.poles(audit)
    if axis is not None:
        reader.require_axis(audit, axis)
    events = reader.rows("events", audit=audit, system=system)
    canary = reader.table("canary", system=system).sort("canary", "window_number")
    context = {
        "audit": audit, "system": system, "concept": concept, "n_versions": len(versions),
        "axes": [
            _axis(reader, links, audit, system, versions, name, concept, events)
            for name in ([axis] if axis else poles)
        ],
        "versions": [
            {**row, "short": short(row["system_version"]), "url": links.page("version", audit=audit, version=row["system_version"]),
             "events": events.filter(system_version=row["system_version"]).to_dicts()}
            for row in versions.iter_rows(named=True)
        ],
        "canary": [
            {**row, "url": links.page("canary", system=system, canary=row["canary"], window=row["window_name"])}
            for row in canary.iter_rows(named=True)
        ],
        "whole": links.page("trend", audit=audit, system=system) if concept else None,
    }  # fmt: skip
    return Section("trend.html", f"{system} over its versions", context)


def _digits(version: str) -> str:
    """What tells a version from others of its system."""
    return short(version).rpartition("@")[2]


def _axis(
    reader: Reader, links: Links, audit: str, system: str, versions: pl.DataFrame, axis: str, concept: str | None,
    events: pl.DataFrame,
) -> Row:  # fmt: skip
    poles = reader.poles(audit)[axis]
    order = {version: place for place, version in enumerate(versions["system_version"])}
    found = reader.rows("trend", audit=audit, system=system, axis=axis, concept=concept).to_dicts()
    rows: list[Row] = []
    for row in sorted(found, key=lambda row: (order.get(row["system_version"], 0), row["embedder"])):
        keys = {"audit": audit, "version": row["system_version"]}
        url = links.page("concept", **keys, axis=axis, concept=concept) if concept else links.page("version", **keys)
        rows.append(
            {
                **row,
                "short": short(row["system_version"]),
                "towards": poles.towards(row["adjusted"]),
                "url": url,
                "images": links.page("images", **keys, axis=axis, role="concept", concept=concept),
            }
        )
    drawn = [
        {"name": _digits(row["system_version"]), "series": row["embedder"], "value": row["adjusted"], "low": row["adjusted_low"],
         "high": row["adjusted_high"], "url": row["url"],
         "text": f"{row['short']}, {row['embedder']}: {signed(row['adjusted'])} {row['towards']} "
                 f"({interval(row['adjusted_low'], row['adjusted_high'], 'no interval', 3)})"}
        for row in rows if row["adjusted"] is not None
    ]  # fmt: skip
    marks = [
        {"name": _digits(version), "text": f"{kind}: {factors}"}
        for version, kind, factors in events.select("system_version", "kind", "factors").iter_rows()
    ]
    title = f"{concept or 'mean'}, adjusted:  {poles.b} below 0, {poles.a} above"
    chart = charts.course(drawn, marks, title) if drawn else None
    return {"axis": axis, "poles": poles, "rows": rows, "chart": chart, "has_events": bool(marks)}
