"""The pairs of the later rounds of a comparison: images that were drawn of a concept because its first pairs pointed to it."""

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader, Row
from mcas_assets.plan.requests import build_plan


def further_pairs(reader: Reader, links: Links, keys: Row, embedder: str, concept: str, count: int) -> list[Row]:
    """The further pairs of a concept with thumbnails, those first that an embedder finds most different.

    Nothing labelled these images, and an audit has no rows of them: which they are follows from the audit as it is on record.
    Where it is not (given images, a home from before declarations were kept), none is found.

    Args:
        reader: The published copy.
        links: Where things lie.
        keys: audit, before and after.
        embedder: The name of the embedder.
        concept: Its name.
        count: How many there are by the comparison.
    """
    declared = reader.rows("declared", audit=keys["audit"], version=keys["after"]) if count else pl.DataFrame()
    audit = None if declared.is_empty() else Audit.of_document(declared["document"][0])
    if audit is None:
        return []
    wanted = _asked(audit, concept, count)
    asked = {
        "prompts": wanted["prompt"].to_list(), "seeds": wanted["seed"].to_list(), "places": list(range(len(wanted)))
    }  # fmt: skip
    pairs = reader.published.rows("further-pairs", at=reader.at, **keys, **asked).head(count)
    rows = [
        {**row, "src_before": links.picture(row["sha256_before"], row["path_before"]),
         "src_after": links.picture(row["sha256_after"], row["path_after"])}
        for row in pairs.iter_rows(named=True)
    ]  # fmt: skip
    alike = _cosines(reader, keys, embedder, pairs)
    return [rows[i] for i in np.argsort(alike, kind="stable")]


def _asked(audit: Audit, concept: str, count: int) -> pl.DataFrame:
    """The rows of the plan of a concept with all rounds, in the order in which a comparison draws them."""
    most = audit.images_per_prompt.concept + max(count, sum(each for _, each in audit.rounds))
    only = audit.model_copy(update={"concepts": tuple(one for one in audit.concepts if one.concept == concept)})
    return build_plan(only.with_images(most)).filter(role="concept").sort("replicate", maintain_order=True)


def _cosines(reader: Reader, keys: Row, embedder: str, pairs: pl.DataFrame) -> np.ndarray:
    """How alike the two images of each pair are; 0 where a vector is not kept."""
    panel = reader.rows("panel", audit=keys["audit"], version=keys["after"]).filter(name=embedder)
    alike = np.zeros(len(pairs))
    if panel.is_empty() or pairs.is_empty():
        return alike
    shown = pl.concat([pairs["sha256_before"], pairs["sha256_after"]]).unique().to_list()
    found = reader.published.vectors(panel["dim"][0], embedder=panel["embedder"][0], kind="image", contents=shown)
    vectors = dict(zip(found["content"], found["vector"].to_numpy(), strict=True))
    for i, (old, new) in enumerate(pairs.select("sha256_before", "sha256_after").iter_rows()):
        if old in vectors and new in vectors:
            alike[i] = vectors[old] @ vectors[new]
    return alike
