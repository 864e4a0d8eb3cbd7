"""Further images of the concepts that the first pairs point to, drawn of both versions in rounds.

Which concepts these are follows from the images that both versions have, and every image has an id, so a run that was killed
goes on with the same ones. Why the test of all pairs holds its level is told in `scoring.changes.stages`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from mcas_assets.compare.pairing import Pairing, neutral_places, pair
from mcas_assets.core.errors import McasError
from mcas_assets.core.progress import Progress
from mcas_assets.declare.audit import Audit, targets_of, wordings_of
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.images import generate
from mcas_assets.measure import embeddings
from mcas_assets.measure.shares import pole_labels
from mcas_assets.measure.vectors import gather, read_all_vectors
from mcas_assets.plan.requests import build_plan
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.changes.stages import first_p_values, worth_more
from mcas_assets.store.database import Store
from mcas_assets.systems.protocol import Metered, System, is_given

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
    """The pairs of all rounds, and in words what came of those after the first.

    Args:
        store: Where images and vectors are kept.
        audit: The declaration: how many rounds of how many further images there are.
        versions: Before and after.
        first: The pairs that there are.
        texts: Rows of `texts`.
        embedders: Those of the panel that both versions were embedded with; loaded only if something is missing. The first
            says where the pairs point: more opinions would only spread the images.
        drawing: What images are drawn with.

    Raises:
        StoreError: A kept file was changed or deleted, or the store cannot be written.
    """
    systems: list[System] = []
    try:
        for version in versions:
            systems.append(drawing.system_of(version))
            if why := _why_not(systems[-1], version):
                return first, f"no further images: {why}"
        return _all_rounds(store, audit, systems, versions, first, texts, embedders, drawing)
    except McasError as error:
        return first, f"no further images: {error.args[0] if error.args else error}"
    finally:
        for held in (*systems, *embedders):
            held.close()


def _all_rounds(
    store: Store, audit: Audit, systems: Sequence[System], versions: tuple[str, str], pairing: Pairing,
    texts: pl.DataFrame, embedders: Sequence[Embedder], drawing: Drawing,
) -> tuple[Pairing, str]:  # fmt: skip
    every = frozenset(concept.concept for concept in audit.concepts)
    names, had, notes = sorted(every), audit.images_per_prompt.concept, []
    for most, each in audit.rounds:
        names = pointed_to(store, audit, pairing, texts, embedders[:1], names, most)
        if not names:
            break
        drawn = [
            _draw(store, audit, names, (had, had + each), system, version, drawing)
            for system, version in zip(systems, versions, strict=True)
        ]
        for embedder in embedders:
            shown, said = embeddings.contents(pl.concat(drawn), texts)
            embeddings.embed(store, shown, said, embedder, drawing.progress, drawing.run_id)
        pairing, had = pairing.with_further(pair(audit, *drawn)), had + each
        notes.append(f"{each} further images of each of {len(names)} concepts")
    return replace(pairing, dropped=every - set(names)), ", then ".join(notes) or NOTHING_POINTS


def pointed_to(
    store: Store, audit: Audit, pairing: Pairing, texts: pl.DataFrame, embedders: Sequence[Embedder],
    among: Sequence[str], most: int,
) -> list[str]:  # fmt: skip
    """So many concepts at most, among those named, that pairs point to on any axis, in the order of the audit."""
    targets = targets_of(audit)
    neutral = np.array(neutral_places(audit), dtype=np.int64)
    p_values = []
    both = pl.concat([pairing.before, pairing.after])
    for embedder in embedders:
        shown, said = read_all_vectors(store, embedder, both, texts)
        for axis in audit.axes:
            labels = pole_labels(axis, audit, texts, shown, said, embedder)
            old, new = (
                gather(axis, targets, one, texts, shown, said, labels, wordings_of(audit))
                for one in (pairing.before, pairing.after)
            )
            p_values.append(first_p_values(Pairs(old, new, neutral)))
    is_asked = np.array([name in among for _, name, _ in targets])
    going_on = worth_more(np.where(is_asked, p_values, 1.0), audit.comparison.below, most)
    return [name for (_, name, _), one in zip(targets, going_on, strict=True) if one]


def _why_not(system: System, version: str) -> str | None:
    """Why no further image of a version can be had, or None."""
    if is_given(system):
        return f"the images of {system.name} are given"
    if isinstance(system, Metered):
        return f"{system.name} is paid for by the image"
    now = system.identity().version
    return None if now == version else f"{version} can no longer be drawn, {system.name} is {now} by now"


def _draw(
    store: Store, audit: Audit, concepts: list[str], replicates: tuple[int, int], system: System, version: str,
    drawing: Drawing,
) -> pl.DataFrame:  # fmt: skip
    """Rows of `images` of some replicates, from the first to before the last, of one version."""
    plan = build_plan(audit.with_images(replicates[1])).filter(
        pl.col("role") == "concept", pl.col("concept").is_in(concepts), pl.col("replicate") >= replicates[0]
    )
    wanted = generate.requests(plan, version, system.size())
    generate.generate(store, wanted, system, version, drawing.progress, drawing.run_id)
    return generate.image_table(store, wanted, audit.audit, version)
