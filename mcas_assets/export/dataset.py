"""The delivered images of a version as an ImageFolder: image files, one table of what is known of each, and their vectors.

Other programs explore such a folder: this one hands over, and says how.
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl

from mcas_assets.core.digests import file_digest
from mcas_assets.core.drafts import whole_folder
from mcas_assets.core.errors import BadInput
from mcas_assets.export import croissant
from mcas_assets.export.evidence import copy_images
from mcas_assets.export.tables import Measured, vectors
from mcas_assets.pages.reader import Reader

METADATA = "metadata.parquet"


@dataclass(frozen=True)
class Handed:
    """What was written.

    Attributes:
        folder: Where.
        images: How many.
        vectors: The columns of vectors.
    """

    folder: Path
    images: int
    vectors: tuple[str, ...]


def write_dataset(reader: Reader, measured: Measured, out: Path, *, licence: str | None = None) -> Handed:
    """Write the folder, whole or not at all.

    Raises:
        BadInput: No image was delivered, or the folder is there already or cannot be written.
        StoreError: An image file was changed or deleted.
    """
    if measured.images.is_empty():
        raise BadInput(
            measured.system_version, "delivered no image", "Name a version that did (mcas sql refusals says why)"
        )
    with whole_folder(out) as draft:
        table = metadata(reader, measured)
        copied = copy_images(reader, measured, draft, lambda sha256, path: _name(sha256, path))
        table.write_parquet(draft / METADATA)
        described = croissant.document(measured, table, file_digest(draft / METADATA), licence)
        (draft / croissant.FILE).write_text(json.dumps(described, indent=1, ensure_ascii=False), encoding="utf-8")
        names = tuple(name for name in table.columns if name.startswith("vector_"))
        (draft / "README.md").write_text(_readme(measured, copied, names), encoding="utf-8", newline="\n")
    return Handed(out, copied, names)


def metadata(reader: Reader, measured: Measured) -> pl.DataFrame:
    """A row an image file: `file_name`, the first use in the audit, all uses, labels and vectors by labeller and embedder.

    Returns:
        `label_AXIS_LABELLER` columns of text, `vector_EMBEDDER` of float32 arrays of unit length.
    """
    ok = measured.table("images").filter(pl.col("path").is_not_null())
    use = pl.concat_str(
        "role",
        pl.col("axis").fill_null("-"),
        pl.col("pole").fill_null("-"),
        pl.col("concept").fill_null("-"),
        separator=" ",
    )
    uses = (
        ok.with_columns(use=use)
        .group_by("sha256", maintain_order=True)
        .agg(uses=pl.col("use").unique(maintain_order=True))
    )
    first = ok.unique("sha256", keep="first", maintain_order=True)
    name = pl.struct("sha256", "path").map_elements(
        lambda row: _name(row["sha256"], row["path"]), return_dtype=pl.String
    )
    table = first.select(
        name.alias("file_name"), "sha256", "image_id", "system_version", "prompt", "role", "axis", "pole", "category", "concept",
        "replicate", "seed", "width", "height", "outcome",
    ).join(uses, on="sha256", maintain_order="left")  # fmt: skip
    alone = (pl.col("labels") == "zero-shot") | pl.col("embedder").is_null()
    by = pl.when(alone).then(pl.coalesce("embedder", "labels")).otherwise(pl.format("{}_{}", "labels", "embedder"))
    labels = measured.table("image_labels").with_columns(by=by)
    for (axis, by), part in labels.partition_by("axis", "by", as_dict=True, maintain_order=True).items():
        own = part.select("sha256", pl.col("label").alias(f"label_{axis}_{by}"))
        table = table.join(own, on="sha256", how="left", maintain_order="left")
    for embedder in measured.embedders:
        of = vectors(reader, measured, embedder).filter(kind="image")
        own = of.select(pl.col("content").alias("sha256"), pl.col("vector").alias(f"vector_{embedder['name']}"))
        table = table.join(own, on="sha256", how="left", maintain_order="left")
    return table


def explorers(handed: Handed) -> list[tuple[str, str]]:
    """(program, command) of those that open the folder; each is installed by its own command, and none is needed here."""
    place = handed.folder
    vector = f" --vector {handed.vectors[0]}" if handed.vectors else ""
    images = f"{place / 'images'}"
    studio = (
        f"import lightly_studio as ls; ls.ImageDataset.create().add_images_from_path(path={images!r}); ls.start_gui()"
    )
    one = f"import fiftyone as fo; fo.launch_app(fo.Dataset.from_images_dir({images!r})).wait()"
    return [
        ("datasets", f"python -i -c \"from datasets import load_dataset; images = load_dataset({str(place)!r})\""),
        ("Embedding Atlas", f"uvx embedding-atlas {place / METADATA} --text prompt{vector}"),
        ("LightlyStudio", f'uvx --from lightly-studio python -c "{studio}"'),
        ("FiftyOne", f'uvx --from fiftyone python -c "{one}"'),
    ]  # fmt: skip


def _name(sha256: str, path: str) -> str:
    return f"images/{sha256}{PurePosixPath(path).suffix}"


def _readme(measured: Measured, n: int, names: tuple[str, ...]) -> str:
    """A card of the data set, as hubs of data sets show it."""
    lines = [f"* {program}: `{line}`" for program, line in explorers(Handed(Path(), n, names))]
    return f"""---
pretty_name: Images of {measured.system_version}, audit {measured.audit}
task_categories: [text-to-image]
tags: [synthetic, mcas]
---

# Images of {measured.system_version}, audit {measured.audit}

{n:,} images that were delivered, as they came, named by the sha256 of their bytes. `{METADATA}` has a row each: prompt,
seed, the first use in the audit and all uses, labels by labeller, vectors by embedder. `{croissant.FILE}` describes it in
Croissant 1.1.

Labels are perceived groups as a labeller sees them, and nobody's identity. The set shows what one system draws; it is no sample of
people.

Open it, from within this folder:

{chr(10).join(lines)}
"""
