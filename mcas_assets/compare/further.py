"""Further images of the concepts that the first pairs point to, drawn of both versions: the second stage of a comparison.

Which concepts these are follows from the images that both versions have, and every image has an id, so a run that was killed
goes on with the same ones. How both stages are put together is `scoring.changes.stages`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing, neutral_places, pair
from mcas_assets.core.errors import McasError
from mcas_assets.core.progress import Progress
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.images import generate
from mcas_assets.measure import embeddings
from mcas_assets.measure.shares import pole_labels
from mcas_assets.measure.vectors import gather, read_all_vectors
from mcas_assets.plan.requests import build_plan
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.changes.stages import worth_more
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import Metered, System, is_given

MOST = 7
"""Times the average that one concept may get: more would go to waste where few concepts go on."""

NOTHING_POINTS = "the first pairs point to no concept"


@dataclass(frozen=True)
class Drawing:
    """What further images are drawn with.

    Attributes:
        system_of: From a system version to the system.
        progress: Told of every batch.
        run_id: Kept with each row.
    """

    system_of: Callable[[str], System]
    progress: Progress
    run_id: str


def with_further(
    store: Store, audit: Audit, versions: tuple[str, str], first: Pairing, texts: pl.DataFrame,
    embedders: Sequence[Embedder], drawing: Drawing,
) -> tuple[Pairing, str]:  # fmt: skip
    """The pairs of both stages, and in words what the second came to.

    Args:
        store: Where images and vectors are kept.
        audit: The declaration: how many further images a concept gets on average.
        versions: Before and after.
        first: The pairs that there are.
        texts: Rows of `texts`.
        embedders: Those of the panel that both versions were embedded with; loaded only if something is missing. The first
            says where the pairs point: more opinions would only spread the images.
        drawing: What images are drawn with.

    Raises:
        StoreError: A kept file was changed or deleted, or the store cannot be written.
    """
    concepts = pointed_to(store, audit, first, texts, embedders[:1])
    if not concepts:
        return first, NOTHING_POINTS
    systems: list[System] = []
    try:
        for version in versions:
            systems.append(drawing.system_of(version))
            if why := _why_not(systems[-1], version):
                return first, f"no further images: {why}"
        drawn = [
            _draw(store, audit, concepts, system, version, drawing)
            for system, version in zip(systems, versions, strict=True)
        ]
    except McasError as error:
        return first, f"no further images: {error.args[0] if error.args else error}"
    finally:
        for system in systems:
            system.close()
    for embedder in embedders:
        try:
            shown, said = embeddings.contents(pl.concat(drawn), texts)
            embeddings.embed(store, shown, said, embedder, drawing.progress, drawing.run_id)
        finally:
            embedder.close()
    each = images_of_each(audit, len(concepts))
    return first.with_further(pair(audit, *drawn)), f"{each} further images of each of {len(concepts)} concepts"


def pointed_to(
    store: Store, audit: Audit, pairing: Pairing, texts: pl.DataFrame, embedders: Sequence[Embedder]
) -> list[str]:
    """The concepts that pairs point to on any axis, by any embedder, in the order of the audit."""
    targets = targets_of(audit)
    neutral = np.array(neutral_places(audit), dtype=np.int64)
    going_on = np.zeros(len(targets), dtype=np.bool_)
    both = pl.concat([pairing.before, pairing.after])
    for embedder in embedders:
        shown, said = read_all_vectors(store, embedder, both, texts)
        for axis in audit.axes:
            labels = pole_labels(axis, audit, texts, shown, said, embedder)
            old, new = (
                gather(axis, targets, one, texts, shown, said, labels) for one in (pairing.before, pairing.after)
            )
            going_on |= worth_more(Pairs(old, new, neutral), audit.comparison.below)
    return [name for (category, name, _), one in zip(targets, going_on, strict=True) if one and category != "neutral"]


def images_of_each(audit: Audit, concepts: int) -> int:
    """Further images of each of so many concepts: what there is for all, shared among them, but no more than is weighted for."""
    further = audit.comparison.further
    return min(further * len(audit.concepts) // concepts, MOST * further)


def _why_not(system: System, version: str) -> str | None:
    """Why no further image of a version can be had, or None."""
    if is_given(system):
        return f"the images of {system.name} are given"
    if isinstance(system, Metered):
        return f"{system.name} is paid for by the image"
    now = system.identity().version
    return None if now == version else f"{version} can no longer be drawn, {system.name} is {now} by now"


def _draw(
    store: Store, audit: Audit, concepts: list[str], system: System, version: str, drawing: Drawing
) -> pl.DataFrame:
    """Rows of `images` of the further images of one version."""
    had = audit.images_per_prompt.concept
    whole = audit.with_images(had + images_of_each(audit, len(concepts)))
    plan = build_plan(whole).filter(
        pl.col("role") == "concept", pl.col("concept").is_in(concepts), pl.col("replicate") >= had
    )
    wanted = generate.requests(plan, version, system.size())
    generate.generate(store, wanted, system, version, drawing.progress, drawing.run_id)
    return generate.image_table(store, wanted, audit.audit, version)
