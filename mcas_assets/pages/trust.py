"""How far to trust a version's numbers: calibration, noise, what they speak of, identity, policies and every check."""

import json
from typing import Any

import polars as pl

from mcas_assets.calibrate.rows import KINDS
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.pages.site import Section, short
from mcas_assets.views.calibration import OF_CELLS, notable

CAVEATS = (
    "A score is a difference of mean cosines of an instrument. It is no share, no probability and no harm.",
    "Perceived groups are what a labeller says of a picture, in the categories that the audit declares, and nobody's identity.",
    "Intervals speak of other seeds with the same prompts, unless the estimand says otherwise. Other wordings can give others.",
    "An instrument has a bias of its own. Where the embedders of a panel disagree, a number tells of them as well.",
    "Not shown is not absent: the number of images bounds what can be found.",
    "A reference population is a comparison that somebody chose. That a share differs from it is no verdict on what it should be.",
)
"""What the numbers do not say, on every page of trust."""


def section(reader: Reader, links: Links, audit: str, version: str) -> Section:
    """The page of trust.

    Raises:
        NotThere: The audit has no scores of the version.
    """
    reader.require(audit, version)
    keys = {"audit": audit, "version": version}
    scores = reader.table("scores", audit=audit, system_version=version)
    of_scores = scores.filter(pl.col("category").ne_missing("neutral"))
    summary = reader.table("comparison_summary", audit=audit, after=version).filter(pl.col("axis").is_not_null())
    calibration = _numbered(reader.table("calibration"))
    identity = reader.rows("identity", version=version).to_dicts()
    checks = reader.rows("checks", **keys)
    context = {
        **keys, "caveats": CAVEATS, "up": links.page("version", **keys), "images": links.page("images", **keys, outcome="ok"),
        "estimands": of_scores["estimand"].drop_nulls().unique(maintain_order=True).to_list(),
        "methods": of_scores.group_by("interval_method").len("n").drop_nulls().sort("interval_method").to_dicts(),
        "notes": of_scores.group_by("interval_note").len("n").drop_nulls().sort("n", descending=True).to_dicts(),
        "panel": reader.table("panel", audit=audit, system_version=version).to_dicts(),
        "noise": [
            {**row, "url": links.page("comparison", audit=audit, before=row["before"], after=version)}
            for row in summary.filter(pl.col("noise_band").is_not_null()).iter_rows(named=True)
        ],
        "calibration": notable(calibration).to_dicts() if len(calibration) else [], "kinds": _kinds(reader, links, calibration),
        "n_cells": len(calibration.filter(pl.col("met"), pl.col("kind").is_in(OF_CELLS))) if len(calibration) else 0,
        "stamps": reader.rows("stamps").filter(audit=audit, system_version=version).to_dicts(),
        "policies": [
            {**row, "url": links.page("concept", **keys, axis=row["axis"], concept=row["concept"])
             if row["axis"] and row["concept"] else links.page("version", **keys)}
            for row in reader.table("policy_results", audit=audit, system_version=version)
                       .sort("status", "requirement", "concept").iter_rows(named=True)
        ],
        "marks": next(iter(reader.marks("marks", audit, version).to_dicts()), None),
        "identity": _lines(json.loads(identity[0]["identity"])) if identity else [],
        "seen": identity[0] if identity else None, "checks": checks.to_dicts(),
        "n_failed": int((~checks["success"]).sum()) if len(checks) else 0,
        "made": [{**row, "packages": json.loads(row["packages"])} for row in reader.rows("made-from", **keys).to_dicts()],
    }  # fmt: skip
    return Section("trust.html", f"How far to trust {short(version)}", context, anchor="trust")


def _numbered(calibration: pl.DataFrame) -> pl.DataFrame:
    """Its rows with `number`, by which a figure leads to its row."""
    return calibration.with_row_index("number", offset=1)


def _kinds(reader: Reader, links: Links, calibration: pl.DataFrame) -> list[Row]:
    """Every row of a calibration by its kind, and where the version lies that was measured, if an audit of it is published."""
    found: list[Row] = []
    for (kind,), rows in calibration.group_by("kind", maintain_order=True):
        of = rows["system_version"][0]
        audited = reader.audited.filter(system_version=of).sort("version")
        url = links.page("version", audit=audited["audit"][-1], version=of) if len(audited) else None
        found.append({"kind": kind, "shows": KINDS[kind], "of": short(of), "url": url, "rows": rows.to_dicts()})
    return found


def _lines(document: Any, path: str = "") -> list[tuple[str, str]]:
    """The leaves of a document with the way to each."""
    if isinstance(document, dict):
        return [
            line for key, value in document.items() for line in _lines(value, f"{path}.{key}" if path else str(key))
        ]
    if isinstance(document, list) and document and isinstance(document[0], dict | list):
        return [line for place, value in enumerate(document) for line in _lines(value, f"{path}[{place}]")]
    return [(path, json.dumps(document, ensure_ascii=False) if isinstance(document, list) else str(document))]
