"""Croissant 1.1 (http://mlcommons.org/croissant/1.1) of a set of images: files, columns, and what made them."""

from typing import Any

import polars as pl

from mcas_assets.export.tables import Measured

SPECIFICATION = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"
FILE = "croissant.json"
LICENSE = "not stated: the terms of whoever made the images apply"

_OF_CROISSANT = (
    "arrayShape", "citeAs", "column", "equivalentProperty", "extract", "field", "fileProperty", "fileObject", "fileSet", "format",
    "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex",
    "repeated", "replace", "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip

_CONTEXT: dict[str, Any] = {
    "@language": "en", "@vocab": "https://schema.org/", "sc": "https://schema.org/", "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/", "dct": "http://purl.org/dc/terms/", "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo", "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"}, "examples": {"@id": "cr:examples", "@type": "@json"},
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
}  # fmt: skip

_TYPES = {pl.Int64: "sc:Integer", pl.Int32: "sc:Integer", pl.Float64: "sc:Float", pl.Boolean: "sc:Boolean"}
_KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".bmp": "image/bmp",
          ".tif": "image/tiff", ".avif": "image/avif"}  # fmt: skip


def document(measured: Measured, table: pl.DataFrame, sha256: str, licence: str | None) -> dict[str, Any]:
    """The JSON-LD of a set of images.

    Args:
        measured: What was audited.
        table: The rows of `metadata.parquet`.
        sha256: Of that file.
        licence: Address of the licence of the images, or None.
    """
    release = measured.scored["packages"].get("mcas-assets", "unknown")
    suffixes = sorted({name.rpartition(".")[2] for name in table["file_name"]})
    name = f"mcas-{measured.audit}-{measured.system_version}".replace("@", "-")
    return {
        "@context": _CONTEXT, "@type": "sc:Dataset", "name": name, "conformsTo": [SPECIFICATION, RAI],
        "description": f"Images of {measured.system_version}, audit {measured.audit}, with prompts, seeds, labels and vectors.",
        "url": f"urn:mcas-assets:{measured.audit}:{measured.system_version}", "license": licence or LICENSE, "version": "1.0.0",
        "datePublished": f"{measured.scored['created_at']:%Y-%m-%d}", "inLanguage": "en", "isLiveDataset": False,
        "creator": {"@type": "sc:Organization", "name": "not stated"},
        "citeAs": f"Images of {measured.system_version}, audit {measured.audit}, by MCAS Assets",
        "rai:dataCollection": "Drawn by the system from the prompts and seeds of a declared audit, one image each; "
        "what was refused or failed is in no file, and in the tables of the audit.",
        "rai:dataCollectionType": ["Synthetic data"],
        "rai:dataAnnotationProtocol": "Labels are perceived groups as the named labellers see them, with errors of their own. "
        "Nobody's identity is told.",
        "rai:dataBiases": "The set is made to show the associations of one system. It is no sample of people.",
        "rai:dataUseCases": ["Auditing the system that drew it"],
        "rai:personalSensitiveInformation": "No person is depicted on purpose; perceived groups are labelled.",
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity", "@id": f"urn:mcas-assets:run:{measured.scored['run_id']}",
            "prov:endedAtTime": measured.scored["created_at"].isoformat(),
            "prov:wasAssociatedWith": [
                {"@type": "prov:SoftwareAgent", "@id": f"urn:mcas-assets:system:{measured.system_version}"},
                {"@type": "prov:SoftwareAgent", "@id": f"urn:mcas-assets:version:{release}"},
            ],
        },
        "distribution": [
            {"@type": "cr:FileObject", "@id": "metadata", "name": "metadata.parquet", "contentUrl": "metadata.parquet",
             "encodingFormat": "application/x-parquet", "sha256": sha256},
            {"@type": "cr:FileSet", "@id": "image-files", "name": "image-files",
             "includes": [f"images/*.{one}" for one in suffixes],
             "encodingFormat": [_KINDS.get(f".{one}", "application/octet-stream") for one in suffixes]},
        ],
        "recordSet": [{
            "@type": "cr:RecordSet", "@id": "images", "name": "images", "key": {"@id": "images/file_name"},
            "field": [_field(name, kind) for name, kind in table.schema.items()],
        }],
    }  # fmt: skip


def _field(name: str, kind: pl.DataType) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "cr:Field", "@id": f"images/{name}", "name": name,
        "source": {"fileObject": {"@id": "metadata"}, "extract": {"column": name}},
    }  # fmt: skip
    if isinstance(kind, pl.Array | pl.List):
        shape = kind.size if isinstance(kind, pl.Array) else -1
        inner = "sc:Float" if kind.inner == pl.Float32 else "sc:Text"
        return found | {"dataType": inner, "isArray": True, "arrayShape": str(shape)}
    return found | {"dataType": _TYPES.get(type(kind), "sc:Text")}
