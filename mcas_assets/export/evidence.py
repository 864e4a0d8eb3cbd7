"""One folder that holds what was measured of a version, and can be checked by somebody who has nothing else.

Belongs here: what lies in the folder, under which name. Not here: how it is checked (`verify`), and the field's formats, each of
which has a module.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from mcas_assets.core.digests import bytes_digest, plain
from mcas_assets.core.drafts import whole_folder
from mcas_assets.core.overlap import ahead
from mcas_assets.export import every_eval_ever, hub
from mcas_assets.export.crate import write_crate
from mcas_assets.export.crosswalk import write_crosswalk
from mcas_assets.export.impact_ratios import NOTE
from mcas_assets.export.manifest import MANIFEST, STATEMENT, write_manifest
from mcas_assets.export.origin import Origin
from mcas_assets.export.tables import Measured, vectors
from mcas_assets.export.verify import ABOUT, FORMAT, TABLES, VECTORS
from mcas_assets.pages import freeze
from mcas_assets.pages.concept import Detail
from mcas_assets.pages.reader import Reader
from mcas_assets.store.files import read_image, readers
from mcas_assets.store.ledger import environment

PREDICATE = "urn:mcas-assets:evidence:1"
"""What the statement says of the manifest: the document `ABOUT`."""

NAMED = {
    "README.md": "What lies here, and how it is checked", ABOUT: "What was audited, by what, declared how",
    "report/index.html": "The report, which opens from disk", "report/": "A part of the report",
    TABLES: "A table of what was measured, as sql/schema.sql of MCAS Assets describes it",
    VECTORS: "The vectors of images and texts that the scores rest on, by one embedder",
    "images/": "An image as it was delivered, named by the sha256 of its bytes",
    "records/": "The same numbers in a format of the field", "crosswalk/": "Which clause of a framework a table speaks to",
    "impact-ratios.md": "What the table of impact ratios says, and does not",
}  # fmt: skip


@dataclass(frozen=True)
class Filed:
    """What was written.

    Attributes:
        folder: Where.
        manifest: The sha256 of the manifest, 64 hex digits.
        files: How many files the manifest lists.
    """

    folder: Path
    manifest: str
    files: int


def write_evidence(
    reader: Reader, measured: Measured, out: Path, *, with_images: bool, with_vectors: bool, records: Origin
) -> Filed:
    """Write the folder, whole or not at all.

    Args:
        reader: The published copy that `measured` is of.
        measured: What was measured.
        out: The folder to make.
        with_images: Copy the image files, too; else the table `images` has their digests.
        with_vectors: Write the vectors, from which the scores can be computed again.
        records: Who gives the records that other places show.

    Raises:
        BadInput: The folder is there already, or cannot be written.
        StoreError: An image file was changed or deleted.
    """
    with whole_folder(out) as draft:
        about = _about(reader, measured, with_images)
        for name, rows in measured.tables.items():
            _parquet(rows, draft / f"{TABLES}{name}.parquet")
        if with_vectors:
            for embedder in measured.embedders:
                _parquet(vectors(reader, measured, embedder), draft / f"{VECTORS}{embedder['name']}.parquet")
        if with_images:
            copy_images(reader, measured, draft, lambda sha256, path: path)
        pages = freeze.version_pages(reader, measured.audit, measured.system_version, Detail(freeze.MOST_IN_A_FOLDER))
        freeze.write_folder(reader, pages, draft / "report")
        every_eval_ever.write(measured, draft / "records", records)
        hub.write(measured, draft / "records", records)
        write_crosswalk(measured, draft / "crosswalk")
        _text(draft / "impact-ratios.md", _ratios(measured))
        _text(draft / ABOUT, json.dumps(about, indent=1, ensure_ascii=False))
        _text(draft / "README.md", _readme(about))
        write_crate(draft, about, NAMED)
        manifest = write_manifest(draft)
        _text(draft / STATEMENT, json.dumps(_statement(manifest, about), indent=1, ensure_ascii=False))
        files = len((draft / MANIFEST).read_text(encoding="utf-8").splitlines())
    return Filed(out, manifest, files)


def copy_images(
    reader: Reader, measured: Measured, folder: Path, name: Callable[[str, str], str], most: int | None = None
) -> int:
    """Copy the delivered image files as they came, each held against its digest. Returns how many.

    Args:
        reader: Of the home that has them.
        measured: Whose images.
        folder: Where to.
        name: From sha256 and path in the home to the name in the folder.
        most: Only the first so many.

    Raises:
        StoreError: A file was changed or deleted.
    """
    home = reader.published.store.home
    some = measured.images.head(most) if most is not None else measured.images
    threads = readers(home)
    images = ahead(lambda row: read_image(home, row[1], row[0]), some.iter_rows(), 2 * threads, threads)
    for (sha256, path), data in zip(some.iter_rows(), images, strict=True):
        target = folder / name(sha256, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return len(some)


def _about(reader: Reader, measured: Measured, with_images: bool) -> dict[str, Any]:
    keys = {"audit": measured.audit, "version": measured.system_version}
    made_with = environment()
    shares = measured.table("representation").select("axis", "labels", "embedder").unique(maintain_order=True)
    stamps = reader.rows("stamps").filter(audit=measured.audit, system_version=measured.system_version)
    return plain({
        "format": FORMAT, "audit": measured.audit, "system": measured.system, "system_version": measured.system_version,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "measured_at": str(measured.scored["created_at"]),
        "made_by": {**made_with.packages, "git_commit": made_with.git_commit, "git_dirty": made_with.git_dirty},
        "ledger_version": measured.at, "has_images": with_images,
        "declaration": measured.declaration.document() if measured.declaration else None,
        "identity": measured.identity, "embedders": list(measured.embedders), "labellers": shares.to_dicts(),
        "labeller_identities": _identities(reader, keys),
        "tone_readers": reader.rows("tone-readers", **keys)["reader"].to_list(),
        "stages": list(measured.stages), "policies": stamps.drop("audit", "system_version").to_dicts(),
        "tables": {name: len(rows) for name, rows in sorted(measured.tables.items())},
    })  # fmt: skip


def _identities(reader: Reader, keys: dict[str, str]) -> list[dict[str, Any]]:
    """Weights, question and settings of the labellers that looked at images; none in a copy from before there were such."""
    if not reader.published.has("labellers"):
        return []
    rows = reader.rows("labellers", **keys).select("labeller", "name", "axis", "identity")
    return [{**row, "identity": json.loads(row["identity"])} for row in rows.iter_rows(named=True)]


def _statement(manifest: str, about: dict[str, Any]) -> dict[str, Any]:
    """An in-toto statement (https://in-toto.io/Statement/v1) of the manifest: what is signed, where somebody signs."""
    said = ("audit", "system_version", "made_at", "measured_at", "made_by", "ledger_version", "policies")
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": MANIFEST, "digest": {"sha256": manifest}}],
        "predicateType": PREDICATE,
        "predicate": {"format": FORMAT} | {name: about[name] for name in said}
        | {"identity": {"sha256": bytes_digest(json.dumps(about["identity"], sort_keys=True).encode())}},
    }  # fmt: skip


def _ratios(measured: Measured) -> str:
    """The rows of the table that are below four fifths, and how many are not; the whole table is parquet."""
    rows = measured.table("impact_ratios") if "impact_ratios" in measured.tables else pl.DataFrame()
    counts = dict(rows["four_fifths"].value_counts().iter_rows()) if len(rows) else {}
    told = ", ".join(
        f"{counts[word]} {word}" for word in ("below", "not below", "not shown", "not judged") if word in counts
    )
    lines = ["# Impact ratios", "", NOTE, "", f"Rows of `tables/impact_ratios.parquet`: {told or 'none'}."]
    below = rows.filter(four_fifths="below").sort("impact_ratio") if len(rows) else rows
    if len(below):
        lines += [
            "",
            "| measure | axis | labelled by | concept | group | rate | ratio | interval |",
            "|---|---|---|---|---|---|---|---|",
        ]
    for row in below.iter_rows(named=True):
        ends = "" if row["ratio_low"] is None else f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"
        lines.append(
            f"| {row['measure']} | {row['axis']} | {row['labelled_by']} | {row['concept'] or 'all'} | {row['group_name']} "
            f"| {row['n']} of {row['n_of']} | {row['impact_ratio']:.2f} | {ends} |"
        )
    return "\n".join(lines) + "\n"


def _readme(about: dict[str, Any]) -> str:
    images = "the image files" if about["has_images"] else "no image files; the table images has their sha256"
    return f"""# Evidence of audit {about["audit"]} of {about["system_version"]}

Measured {about["measured_at"]}, filed {about["made_at"]} by mcas-assets {about["made_by"]["mcas-assets"]}.

* `report/index.html`: the report
* `{ABOUT}`: the audit as declared, the identity of the version, embedders, labellers, packages, code versions, policies
* `{TABLES}`: every table, as parquet; `{VECTORS}`: what the scores are computed from, where it was asked for
* `images/`: {images}
* `records/`, `crosswalk/`, `impact-ratios.md`: the same numbers in forms of the field. None of them is a claim of compliance
* `{MANIFEST}`: the sha256 of every file; `{STATEMENT}`: an in-toto statement of the manifest; `ro-crate-metadata.json`

Check it, offline: `mcas verify FOLDER`, or `sha256sum --check {MANIFEST}` for the files alone. That the folder agrees with
itself says that it is whole. Who made it is said by a signature of `{STATEMENT}`, or by the sha256 of `{MANIFEST}` where it was
noted elsewhere: `mcas verify FOLDER --manifest SHA256`. It is unsigned unless somebody has signed it.
"""


def _parquet(rows: pl.DataFrame, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(file)


def _text(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")
