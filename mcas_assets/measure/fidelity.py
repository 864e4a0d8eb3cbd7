"""Whether pictures are any good beside being fair: alignment with what was asked for, by group, and diversity within a concept.

A fix that shows everybody, and breaks the pictures or gives one picture over and over, is none. The arithmetic is
`scoring.fidelity`; the same of two versions, paired, is in `compare.fidelity`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.measure.vectors import Vectors, images_of_targets, read_all_vectors
from mcas_assets.scoring.fidelity.alignment import align
from mcas_assets.scoring.fidelity.diversity import similarity, vendi
from mcas_assets.scoring.fidelity.means import Mean, mean
from mcas_assets.scoring.shares.refusals import FEWEST_PROMPTS
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

FEW_CONCEPTS = f"fewer than {FEWEST_PROMPTS} concepts"
"""The unit of what is said over several concepts is the concept: images of one prompt are not independent of each other."""


class Tables(NamedTuple):
    """Rows of the tables `alignment` and `diversity`."""

    alignment: pl.DataFrame
    diversity: pl.DataFrame


def measure(
    store: Store,
    audit: Audit,
    images: pl.DataFrame,
    texts: pl.DataFrame,
    labels: pl.DataFrame,
    embedders: list[Embedder],
) -> Tables:
    """The rows of one system version.

    Args:
        store: Where vectors are.
        audit: The declaration.
        images: Rows of `images` of this version.
        texts: Rows of `texts`.
        labels: Rows of `image_labels`: whom each image shows.
        embedders: The panel; none is loaded.

    Raises:
        StoreError: A vector is not stored.
    """
    version = images["system_version"][0]
    about = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    aligned: list[dict] = []
    diverse: list[dict] = []
    for embedder in embedders:
        shown, said = read_all_vectors(store, embedder, images, texts)
        found = align_images(audit, images, texts, shown, said)
        key = about | {"embedder": embedder.name}
        aligned += _alignment(audit, key, found)
        aligned += _by_group(audit, key, found, labels)
        diverse += _diversity(audit, key, found, shown)
    return Tables(
        pl.DataFrame(aligned, schema=frame_schema("alignment")), pl.DataFrame(diverse, schema=frame_schema("diversity"))
    )


def align_images(
    audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, shown: Vectors, said: Vectors
) -> pl.DataFrame:
    """The delivered images of concepts with `cosine`, that with their own prompt, and `is_first`, whether no other is nearer.

    Rows of `images_of_targets`, in its order. Vectors are of one embedder, by sha256 and by text_id.
    """
    targets = targets_of(audit)
    about = images_of_targets(targets, images)
    prompts = texts.filter(kind="prompt")
    places = {name: i if category != "neutral" else -1 for i, (category, name, _) in enumerate(targets)}
    row_of = {(concept, raw): i for i, (concept, raw) in enumerate(prompts.select("concept", "raw").iter_rows())}
    if not len(about):
        return about.with_columns(cosine=pl.lit(None, pl.Float64), is_first=pl.lit(None, pl.Boolean))
    own = np.array([row_of[key] for key in about.select("concept", "prompt").iter_rows()], dtype=np.int64)
    found = align(
        np.stack([shown[sha] for sha in about["sha256"]]),
        own,
        np.stack([said[text] for text in prompts["text_id"]]),
        np.array([places[name] for name in prompts["concept"]], dtype=np.int64),
        np.array([places[name] for name in about["concept"]], dtype=np.int64),
    )
    return about.with_columns(cosine=pl.Series(found.cosine), is_first=pl.Series(found.is_first))


def _alignment(audit: Audit, key: Mapping, found: pl.DataFrame) -> Iterator[dict]:
    """A row for each concept and neutral prompt, and one over the concepts."""
    level = audit.inference.level
    for category, concept, _ in targets_of(audit):
        of = found.filter(concept=concept)
        first: dict[str, Any] = {}
        if category != "neutral" and len(of):
            n_first = int(of["is_first"].sum())
            low, high = wilson_interval(n_first, len(of), level=level)
            first = {"first_share": n_first / len(of), "first_low": low, "first_high": high}
        yield {
            **key, "scope": "concept", "category": category, "concept": concept, "n_images": len(of),
            **_named("alignment", mean(of["cosine"].to_numpy(), level=level)), **first,
        }  # fmt: skip
    asked = found.filter(pl.col("category") != "neutral")
    yield {**key, "scope": "all", "n_images": len(asked), **_over_concepts(asked, level)}


def _over_concepts(images: pl.DataFrame, level: float) -> dict:
    """Means over concepts of the means of their images."""
    by_concept = images.group_by("concept", maintain_order=True).agg(pl.col("cosine", "is_first").mean())
    options: dict[str, Any] = {"level": level, "fewest": FEWEST_PROMPTS, "few": FEW_CONCEPTS}
    first = mean(by_concept["is_first"].to_numpy(), **options)
    low, high = (None if end is None else min(max(end, 0.0), 1.0) for end in (first.low, first.high))
    return {
        **_named("alignment", mean(by_concept["cosine"].to_numpy(), **options)),
        "first_share": first.value, "first_low": low, "first_high": high,
    }  # fmt: skip


def _by_group(audit: Audit, key: Mapping, found: pl.DataFrame, labels: pl.DataFrame) -> Iterator[dict]:
    """A row for each axis, labeller and group: its images, and what they are better or worse than others of the same concepts."""
    asked = found.filter(pl.col("category") != "neutral")
    told = labels.filter(pl.col("embedder").is_null() | (pl.col("embedder") == key["embedder"]))
    for (axis, by), of in told.group_by("axis", "labels", maintain_order=True):
        labelled = asked.join(of.select("sha256", "label"), on="sha256", how="left", maintain_order="left")
        for group in audit.axes[str(axis)].groups:
            is_of = labelled.filter(label=group.name)
            parts = labelled.group_by("concept", maintain_order=True).agg(
                own=pl.col("cosine").filter(pl.col("label") == group.name).mean(),
                others=pl.col("cosine").filter(pl.col("label").ne_missing(group.name)).mean(),
            )
            apart = parts.drop_nulls(["own", "others"]).select(pl.col("own") - pl.col("others")).to_series().to_numpy()
            level = audit.inference.level
            yield {
                **key, "scope": "group", "axis": axis, "labels": by, "group_name": group.name, "n_images": len(is_of),
                **_over_concepts(is_of, level),
                **_named("difference", mean(apart, level=level, fewest=FEWEST_PROMPTS, few=FEW_CONCEPTS), "difference_reason"),
            }  # fmt: skip


def _diversity(audit: Audit, key: Mapping, found: pl.DataFrame, shown: Vectors) -> Iterator[dict]:
    for category, concept, _ in targets_of(audit):
        of = found.filter(concept=concept)
        vectors = stacked(shown, of["sha256"])
        row = {**key, "category": category, "concept": concept, "n_images": len(of)}
        if len(of) < 2:
            yield row | {"reason": "fewer than two images"}
            continue
        alike, effective = (one(vectors).with_interval(audit.inference.level) for one in (similarity, vendi))
        ends = (None if end is None else min(max(end, 1.0), len(of)) for end in (effective.low, effective.high))
        yield (
            row
            | {"vendi": effective.value}
            | dict(zip(("vendi_low", "vendi_high"), ends, strict=True))
            | _named("similarity", alike)
        )


def stacked(vectors: Vectors, contents: Iterable[str]) -> np.ndarray:
    """(n, d) the vectors of contents, in their order; (0, 0) of none."""
    rows = [vectors[content] for content in contents]
    return np.stack(rows).astype(np.float64) if rows else np.empty((0, 0))


def _named(name: str, found: Mean, reason: str = "reason") -> dict[str, Any]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high, reason: found.reason}
