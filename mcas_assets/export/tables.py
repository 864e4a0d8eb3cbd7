"""What the published copy holds of one audit of one system version: every table, and what its numbers were made by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.export.impact_ratios import impact_ratios
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.stages.beside import BESIDE
from mcas_assets.stages.registry import STAGES
from mcas_assets.store.schema import frame_schema


@dataclass(frozen=True)
class Measured:
    """One audit of one system version, as the published copy has it.

    Attributes:
        audit: Its name.
        system_version: What was audited.
        declaration: The audit as it was declared when images were last drawn for it; None in homes from before that was kept.
        identity: The identity document of the version.
        tables: Its rows by the name of the table, without tables that have none.
        embedders: The panel: id, name, dim and identity of each.
        stages: The ledger's row of each stage: version, code version, content, packages, commit, when.
        at: The version of the ledger.
    """

    audit: str
    system_version: str
    declaration: Audit | None
    identity: Row
    tables: Mapping[str, pl.DataFrame]
    embedders: tuple[Row, ...]
    stages: tuple[Row, ...]
    at: int

    @property
    def system(self) -> str:
        """The name of the system."""
        return self.system_version.rpartition("@")[0]

    @property
    def scored(self) -> Row:
        """The ledger's row of the scores."""
        return next(row for row in self.stages if row["asset"] == "scores")

    @property
    def level(self) -> float:
        """The nominal coverage of intervals."""
        return self.declaration.inference.level if self.declaration else 0.95

    @property
    def images(self) -> pl.DataFrame:
        """The delivered image files, each once: `sha256, path`."""
        there = self.table("images").filter(pl.col("path").is_not_null())
        return there.unique("sha256", maintain_order=True).select("sha256", "path")

    def table(self, name: str) -> pl.DataFrame:
        """The rows of a table, none where it has none."""
        return self.tables[name] if name in self.tables else frame_schema(name).to_frame()


def read(reader: Reader, audit: str, version: str) -> Measured:
    """Everything that is kept of one audit of one system version.

    Raises:
        NotThere: The audit has no scores of it.
    """
    reader.require(audit, version)
    keys = {"audit": audit, "version": version}
    found = {name: _rows(reader, name, audit, version) for name in _names()}
    found |= {name: reader.rows(name.replace("_", "-"), **keys) for name in ("image_facts", "checks")}
    found["mark_facts"] = reader.marks("mark-facts", audit, version)
    found["impact_ratios"] = impact_ratios(
        found["representation"], found["refusals"], found["intersections"], _level(reader, audit, version)
    )
    declaration = _declaration(reader, audit, version)
    return Measured(
        audit=audit, system_version=version, declaration=declaration,
        identity=json.loads(reader.rows("identity", version=version)["identity"][0]),
        tables={name: rows for name, rows in found.items() if len(rows)},
        embedders=tuple(_plain(row, "identity") for row in reader.rows("embedders", **keys).iter_rows(named=True)),
        stages=tuple(_plain(row, "packages") for row in reader.rows("made-from", **keys).iter_rows(named=True)),
        at=reader.at,
    )  # fmt: skip


def vectors(reader: Reader, measured: Measured, embedder: Row) -> pl.DataFrame:
    """The vectors of one embedder that the scores rest on: `kind, content, vector`, of images by sha256, of texts by text_id."""
    contents = {
        "image": measured.images["sha256"],
        "text": measured.table("texts")["text_id"].unique(maintain_order=True),
    }
    parts = [
        reader.published.vectors(
            int(embedder["dim"]), embedder=embedder["embedder"], kind=kind, contents=some.to_list()
        ).select(pl.lit(kind).alias("kind"), "content", pl.col("vector").cast(pl.Array(pl.Float32, int(embedder["dim"]))))
        for kind, some in contents.items()
    ]  # fmt: skip
    return pl.concat(parts).sort("kind", "content")


def _names() -> list[str]:
    return [table.name for stage in STAGES.values() for table in stage.tables] + [
        *(table.name for table in BESIDE), "policy_results", "calibration",
    ]  # fmt: skip


def _rows(reader: Reader, name: str, audit: str, version: str) -> pl.DataFrame:
    """The rows of a table that speak of the audit and the version; calibration speaks of the instrument."""
    columns = frame_schema(name)
    equal = {"audit": audit} if "audit" in columns else {}
    if "system_version" in columns and name != "calibration":
        equal["system_version"] = version
    rows = reader.table(name, **equal)
    return rows.drop("version", strict=False)


def _declaration(reader: Reader, audit: str, version: str) -> Audit | None:
    rows = reader.rows("declared", audit=audit, version=version)
    return Audit.of_document(rows["document"][0]) if len(rows) else None


def _level(reader: Reader, audit: str, version: str) -> float:
    declared = _declaration(reader, audit, version)
    return declared.inference.level if declared else 0.95


def _plain(row: Row, document: str) -> dict[str, Any]:
    return {**row, document: json.loads(row[document])}
