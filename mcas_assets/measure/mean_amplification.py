"""Directional amplification over all concepts, on shares as labelled and corrected, with intervals over images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.declare.parts import Axis
from mcas_assets.declare.populations import Population
from mcas_assets.measure.confusion import Labels, confusion
from mcas_assets.measure.directions import whole
from mcas_assets.measure.labels import Key
from mcas_assets.measure.vectors import seed_units
from mcas_assets.scoring.shares.amplification import NO_ASSOCIATION, associations
from mcas_assets.scoring.shares.mean_amplification import Answers, MeanAmplification, mean_amplification
from mcas_assets.store.schema import frame_schema

MEASURES = ("share", "corrected_share")
MOST_OF_LABELS = 0.5
OF_LABELS = (
    "most of the variance is that of the measured label errors: the interval covers somewhat less than it says (.90 to .97 "
    "in simulation at 95 %); more attribute images make it surer"
)
"""Beside an interval whose measured coverage lies outside .93 to .97 in some cells: benchmarks/coverage_direction.py."""
FEWEST = 2  # images of a concept: one has no spread


@dataclass(frozen=True)
class _Asked:
    """What is known of the concepts of an axis that a population speaks of and that images were counted of.

    Attributes:
        names: The concepts.
        references: (t, k) shares in the population, each row made whole.
        weights: (t,) their sizes in the population, or ones where it does not tell.
        is_weighted: Whether it does.
        answers: What the labeller answered.
    """

    names: list[str]
    references: np.ndarray
    weights: np.ndarray
    is_weighted: bool
    answers: Answers


def measure(
    audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labels]], populations: Sequence[Population]
) -> pl.DataFrame:
    """Rows of `mean_amplification` of one system version: two for each axis, labeller and population.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.
        labellers: By axis, as `labels.label_images` gives them.
        populations: Those that the audit names.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    rows = [
        key | {"axis": name, "labels": labeller.labels, "embedder": labeller.embedder} | row
        for name, axis in audit.axes.items()
        for labeller in labellers[name]
        for known in (confusion(axis, name, images, labeller),)
        for population in populations
        for row in _rows(audit, _asked(audit, name, axis, images, labeller, population), known, population)
    ]
    return pl.DataFrame(rows, schema=frame_schema("mean_amplification"))


def n_rows(audit: Audit, keys: Mapping[str, Sequence[Key]]) -> int:
    """How many rows there are with labellers, by axis."""
    return sum(map(len, keys.values())) * len(audit.populations) * len(MEASURES)


def _rows(audit: Audit, asked: _Asked, known: np.ndarray, population: Population) -> Iterator[dict]:
    for measured in MEASURES:
        row = {
            "population": population.name, "year": population.year, "locale": population.locale, "measure": measured,
            "n_concepts": len(asked.names), "is_weighted": asked.is_weighted, "estimand": "these prompts",
        }  # fmt: skip
        found = _mean(asked, known if measured == "corrected_share" else None, audit.inference.level)
        if isinstance(found, str):
            yield row | {"reason": found}
            continue
        yield row | {
            "mean": found.value, "low": found.low, "high": found.high, "n_images": found.n_images,
            "n_effective": found.n_effective, "note": OF_LABELS if found.of_labels > MOST_OF_LABELS else None,
        }  # fmt: skip


def _mean(asked: _Asked, known: np.ndarray | None, level: float) -> MeanAmplification | str:
    if not asked.names:
        return f"no concept that the population has a value for has {FEWEST} counted images"
    associated = associations(asked.references, asked.weights)
    if not associated.any():
        return NO_ASSOCIATION
    if known is not None and not known.sum(axis=1).all():
        return "no attribute image of a group"
    return mean_amplification(
        asked.answers, associated, asked.references, asked.weights, confusion=known, level=level
    )  # fmt: skip


def _asked(
    audit: Audit, name: str, axis: Axis, images: pl.DataFrame, labeller: Labels, population: Population
) -> _Asked:
    groups = [group.name for group in axis.groups]
    delivered = images.filter(pl.col("role") == "concept", outcome="ok")
    units, shas, of_concept = seed_units(delivered), delivered["sha256"].to_list(), delivered["concept"].to_numpy()
    names, references, weights, parts = [], [], [], []
    for category, concept, _ in targets_of(audit):
        fair = [population.share(name, concept, group, groups) for group in groups]
        labelled = [i for i in np.flatnonzero(of_concept == concept) if isinstance(labeller.of[shas[i]], int)]
        if category == "neutral" or None in fair or len(labelled) < FEWEST:
            continue
        references.append(whole(fair))
        weights.append(population.weight(name, concept))
        codes = np.array([int(labeller.of[shas[i]]) for i in labelled])
        parts.append((codes, np.full(len(labelled), len(names)), units[labelled]))
        names.append(concept)
    is_weighted = bool(names) and None not in weights
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.empty(0, np.int64)] * 3
    return _Asked(
        names,
        np.array(references).reshape(-1, len(groups)),
        np.array(weights, dtype=np.float64) if is_weighted else np.ones(len(names)),
        is_weighted,
        Answers(*columns),
    )
