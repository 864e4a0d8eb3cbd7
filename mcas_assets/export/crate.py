"""RO-Crate metadata of a folder of evidence (https://w3id.org/ro/crate): what each file is, and what made them from what.

The library writes crates by copying files; here they lie where they belong already, so that its entities alone are taken.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from mcas_assets.export.manifest import MANIFEST, STATEMENT, entries

METADATA = "ro-crate-metadata.json"

_FORMATS = {
    ".parquet": "application/vnd.apache.parquet", ".json": "application/json",
    ".jsonl": "application/jsonl", ".md": "text/markdown",
    ".yaml": "application/yaml", ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".webp": "image/webp",
    ".png": "image/png", ".jpg": "image/jpeg", ".sha256": "text/plain",
}  # fmt: skip


def write_crate(folder: Path, about: Mapping[str, Any], named: Mapping[str, str]) -> None:
    """Write `METADATA` of the files of a folder.

    Args:
        folder: With every file in it but the manifest and the statement, which list this one.
        about: The document of the evidence.
        named: By name of a file, or the beginning of names that ends in a slash, what it is.
    """
    crate = ROCrate()
    crate.name = f"Evidence of audit {about['audit']} of {about['system_version']}"
    crate.description = (
        "What MCAS Assets measured of a version of a text-to-image system: report, tables, identity, policies, versions. "
        "Perceived groups in pictures are what was measured, and nobody's identity."
    )
    crate.root_dataset["datePublished"] = about["made_at"]
    # The content is that of whoever audits, and its licence theirs to give.
    crate.root_dataset["license"] = "No licence is stated by the tool that made this folder."
    made_by = crate.add(
        ContextEntity(crate, "#mcas-assets", {
            "@type": "SoftwareApplication", "name": "mcas-assets", "softwareVersion": about["made_by"]["mcas-assets"],
        })
    )  # fmt: skip
    system = crate.add(
        ContextEntity(crate, f"#{about['system_version']}", {
            "@type": "SoftwareApplication", "name": about["system"], "softwareVersion": about["system_version"],
            "description": "The system under audit; identity in evidence.json.",
        })
    )  # fmt: skip
    files = [
        crate.add_file(folder / entry.name, entry.name, properties=_properties(folder, entry.name, named))
        for entry in entries(folder) if entry.name not in (MANIFEST, STATEMENT, METADATA)
    ]  # fmt: skip
    crate.add(
        ContextEntity(crate, "#audit", {
            "@type": "CreateAction", "name": f"Audit {about['audit']}", "instrument": {"@id": made_by.id},
            "object": {"@id": system.id}, "result": [{"@id": file.id} for file in files], "endTime": about["measured_at"],
        })
    )  # fmt: skip
    crate.root_dataset["mentions"] = {"@id": "#audit"}
    graph = [entity.properties() for entity in crate.get_entities()]
    document = {"@context": crate.metadata.generate()["@context"], "@graph": graph}
    (folder / METADATA).write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _properties(folder: Path, name: str, named: Mapping[str, str]) -> dict[str, object]:
    said = named.get(name) or next(
        (text for start, text in named.items() if start.endswith("/") and name.startswith(start)), None
    )
    found: dict[str, object] = {"contentSize": str((folder / name).stat().st_size)}
    if said:
        found["description"] = said
    if (kind := _FORMATS.get(Path(name).suffix)) is not None:
        found["encodingFormat"] = kind
    return found
