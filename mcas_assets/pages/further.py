"""The images of the later rounds of a comparison: drawn of a concept because its first pairs pointed to it.

An audit has no rows of them: the comparison says which they are and what labellers say of them, in `further_labels`.
"""

import polars as pl

from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Labeller, Reader, Row
from mcas_assets.pages.site import short


def further_pairs(
    reader: Reader, links: Links, keys: Row, axis: str, concept: str, labeller: Labeller | None
) -> list[Row]:
    """The further pairs of a concept, those whose label differs first, each with thumbnails and addresses.

    Args:
        reader: The published copy.
        links: Where things lie.
        keys: audit, before and after.
        axis: Of the audit.
        concept: Its name.
        labeller: Whose labels say who changed.
    """
    if labeller is None:
        return []
    said = reader.table("further_labels", **keys).filter(
        pl.col("labels") == labeller.labels, pl.col("embedder").eq_missing(pl.lit(labeller.embedder, pl.String)),
        axis=axis, concept=concept,
    ).select("image_id", "label")  # fmt: skip
    facts = said.join(_facts(reader, said["image_id"].to_list()), on="image_id").filter(outcome="ok")
    old, new = (facts.filter(system_version=keys[side]) for side in ("before", "after"))
    pairs = old.join(new, on=["prompt", "seed"], suffix="_after").sort(
        pl.col("label") != pl.col("label_after"), "prompt", "seed", descending=[True, False, False]
    )
    return [
        {"prompt": row["prompt"], "seed": row["seed"], "has_changed": row["label"] != row["label_after"]}
        | {
            f"{what}_{side}": value
            for side, ending in (("before", ""), ("after", "_after"))
            for what, value in (
                ("image", row["image_id" + ending]), ("sha256", row["sha256" + ending]), ("label", row["label" + ending]),
                ("src", links.picture(row["sha256" + ending], row["path" + ending])),
                ("url", links.page("image", audit=keys["audit"], version=keys[side], image=row["image_id" + ending])),
            )
        }
        for row in pairs.iter_rows(named=True)
    ]  # fmt: skip


def uses_of(reader: Reader, links: Links, audit: str, version: str, image: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The row of an image of a later round, once for each comparison that it counts in; and what labellers say of it.

    Both are empty where it is none.
    """
    said = reader.table("further_labels", audit=audit, image_id=image)
    counted = said.unique(["before", "after", "concept"], maintain_order=True)
    rows = [
        {**fact, "role": f"later round of {short(one['before'])} ▶ {short(one['after'])}", "concept": one["concept"],
         "axis": None, "pole": None, "replicate": None,
         "url": links.page("comparison", audit=audit, before=one["before"], after=one["after"], axis=one["axis"],
                           concept=one["concept"])}
        for one in counted.iter_rows(named=True)
        for fact in _facts(reader, [image]).filter(system_version=version).iter_rows(named=True)
    ]  # fmt: skip
    labels = said.unique(["axis", "labels", "embedder"], maintain_order=True)
    return pl.DataFrame(rows), labels.select("axis", "labels", "embedder", "label")


def _facts(reader: Reader, images: list[str]) -> pl.DataFrame:
    return reader.published.rows("facts", images=images)
