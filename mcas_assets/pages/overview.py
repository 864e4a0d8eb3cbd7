"""The first page: every system and audit, newest version each, with headline, stamp, rank and what changed."""

import time
from datetime import UTC, datetime

import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.store.under_way import UnderWay
from mcas_assets.views.numbers import interval, signed


def section(reader: Reader, links: Links, under_way: UnderWay | None = None) -> Section:
    """The overview, also where nothing was audited yet: it then says what would fill it.

    `under_way` is what runs just now: of no version of the ledger, and seen on live pages alone.
    """
    audits = reader.audited["audit"].unique(maintain_order=True).to_list()
    context = {
        "audits": [_audit(reader, links, audit) for audit in audits],
        "failures": _failures(reader, links),
        "states": reader.rows("states").to_dicts(),
        "running": running(under_way),
    }
    return Section("overview.html", "Overview", context)


def running(under_way: UnderWay | None) -> Row | None:
    """What a run is at, in the words of the page, or None where none is alive."""
    if under_way is None:
        return None
    at, rate, left = under_way, under_way.rate, under_way.left
    parts = [f"{at.task}: {at.done:,} of {at.total:,}"] if at.task else []
    parts += [f"{rate:.1f} a second" if rate >= 1 else f"{1 / rate:.1f} seconds each"] if rate else []
    parts += ["done" if at.done >= at.total else f"about {_seconds(left)} left"] if left is not None else []
    return {
        "what": at.what, "version": short(at.system_version) if at.system_version else None, "step": at.step,
        "since": datetime.fromtimestamp(at.since, UTC), "pace": ", ".join(parts),
        "ago": _seconds(max(0.0, time.time() - at.told)),
    }  # fmt: skip


def _seconds(count: float) -> str:
    """In the largest unit of which there are two."""
    for unit, name in ((3600, "h"), (60, "min")):
        if count >= 2 * unit:
            return f"{count / unit:.0f} {name}"
    return f"{count:.0f} s"


def _audit(reader: Reader, links: Links, audit: str) -> Row:
    of_audit = reader.audited.filter(audit=audit)
    newest = of_audit.group_by("system", maintain_order=True).last().sort("first_version", descending=True)
    declared = reader.declared(audit)
    stamps = reader.rows("stamps").filter(audit=audit)
    systems = []
    for row in newest.iter_rows(named=True):
        version = row["system_version"]
        systems.append({
            **row, "short": short(version), "url": links.page("version", audit=audit, version=version),
            "trend": links.page("trend", audit=audit, system=row["system"]),
            "n_versions": of_audit.filter(system=row["system"]).height,
            "stamps": stamps.filter(system_version=version).to_dicts(),
            "trust": links.page("trust", audit=audit, version=version), "change": _change(reader, links, audit, version),
        })  # fmt: skip
    axes = [
        {"axis": axis, "poles": poles, **leaderboard(reader, links, audit, axis)}
        for axis, poles in reader.poles(audit).items()
    ]
    return {
        "audit": audit, "title": declared.title if declared else audit, "systems": systems, "axes": axes,
        "compared": _compared(reader, links, audit),
    }  # fmt: skip


def _compared(reader: Reader, links: Links, audit: str) -> list[Row]:
    """The pairs of versions that were compared because somebody asked, with their verdict."""
    summary = reader.table("comparison_summary", audit=audit)
    asked = summary.filter(pl.col("axis").is_null() & pl.col("before").is_not_null() & ~pl.col("is_predecessor"))
    return [
        {**row, "url": links.page("comparison", audit=audit, before=row["before"], after=row["after"])}
        for row in asked.iter_rows(named=True)
    ]


def leaderboard(reader: Reader, links: Links, audit: str, axis: str) -> Row:
    """The newest version of every system, from that whose mean leans most to pole a, with a chart."""
    of_audit = reader.audited.filter(audit=audit)
    newest = of_audit.group_by("system", maintain_order=True).last()["system_version"].to_list()
    poles = reader.require_axis(audit, axis)
    means, flags = reader.table("mean_scores", audit=audit), reader.rows("flags").filter(audit=audit, axis=axis)
    rows: list[Row] = []
    for version in newest:
        embedder = reader.embedders(audit, version)[0]
        found = means.filter(axis=axis, embedder=embedder, system_version=version).to_dicts()
        flag = flags.filter(embedder=embedder, system_version=version).to_dicts()
        mean = found[0] if found else {"mean_adjusted": None, "adjusted_low": None, "adjusted_high": None}
        rows.append({
            "system_version": version, "short": short(version), "embedder": embedder, "value": mean["mean_adjusted"],
            "low": mean["adjusted_low"], "high": mean["adjusted_high"], "reason": mean.get("reason"),
            "n_images": mean.get("n_images"), "n_effective": mean.get("n_effective"),
            "towards": poles.towards(mean["mean_adjusted"]), "flag": flag[0] if flag else None,
            "url": links.page("version", audit=audit, version=version),
            "images": links.page("images", audit=audit, version=version, axis=axis, role="concept"),
        })  # fmt: skip
    placed = ranks(reader, audit, axis)
    for row in rows:
        found_rank = placed.get((row["system_version"], row["embedder"]))
        row["rank"] = found_rank if found_rank and found_rank["rank"] is not None else None
    rows.sort(key=lambda row: (row["rank"] is None, row["rank"]["rank"] if row["rank"] else 0, row["short"]))
    drawn = [
        {"name": row["short"], "value": row["value"], "low": row["low"], "high": row["high"], "url": row["url"],
         "pole": "a" if row["value"] > 0 else "b", "mark": "flagged" if _excludes_zero(row) else "not flagged",
         "text": f"{row['short']}: {signed(row['value'])} {row['towards']} ({interval(row['low'], row['high'], digits=3)})"}
        for row in rows if row["value"] is not None
    ]  # fmt: skip
    title = f"mean adjusted score: {poles.b} ◀ ▶ {poles.a}"
    return {"rows": rows, "chart": charts.leanings(drawn, title) if len(drawn) > 1 else None}


def ranks(reader: Reader, audit: str, axis: str) -> dict[tuple[str, str], Row]:
    """The newest ranking on an axis, by (system version, embedder): rows of `system_ranks`. Every version is ranked among all."""
    rows = reader.table("system_ranks", audit=audit).filter(axis=axis)
    newest = rows.filter(pl.col("version") == rows["version"].max()) if len(rows) else rows
    return {(row["ranked"], row["embedder"]): row for row in newest.iter_rows(named=True)}


def _excludes_zero(row: Row) -> bool:
    return row["low"] is not None and (row["low"] > 0 or row["high"] < 0)


def _change(reader: Reader, links: Links, audit: str, version: str) -> Row | None:
    """What changed since the version before, or None where there is none or they were not compared."""
    summary = reader.table("comparison_summary", audit=audit, after=version)
    found = summary.filter(pl.col("is_predecessor") & pl.col("axis").is_null() & pl.col("before").is_not_null())
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    return {**row, "url": links.page("comparison", audit=audit, before=row["before"], after=version)}


def _failures(reader: Reader, links: Links) -> list[Row]:
    known = set(reader.audited.select("audit", "system_version").iter_rows())
    return [
        {**row, "url": links.page("trust", audit=row["audit"], version=row["system_version"])
                if (row["audit"], row["system_version"]) in known else None}
        for row in reader.rows("failures").iter_rows(named=True)
    ]  # fmt: skip
