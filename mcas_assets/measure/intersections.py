"""Who is shown, on two axes at once: shares of pairs of groups, concept by concept and over all concepts."""

from collections.abc import Iterator, Mapping
from itertools import combinations, product

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.labellers.protocol import Label
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.labels import Key
from mcas_assets.measure.vectors import seed_units
from mcas_assets.scoring.shares.intersections import Cells, cell_shares
from mcas_assets.store.schema import frame_schema

ALL_CONCEPTS = "all concepts"


def measure(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labels]]) -> pl.DataFrame:
    """Rows of `intersections` of one system version; none where the audit has one axis.

    Labels are as the labellers give them, without a correction for their errors.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.
        labellers: By axis, as `labels.label_images` gives them.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    delivered = images.filter(pl.col("role") != "attribute", outcome="ok")
    parts: list[tuple[str, str, str | None, pl.DataFrame]] = [
        ("concept", category, concept, delivered.filter(concept=concept)) for category, concept, _ in targets_of(audit)
    ]
    parts.append((ALL_CONCEPTS, "", None, delivered.filter(role="concept")))
    rows = []
    for (one, first), (two, second) in _pairs(labellers):
        names = [[group.name for group in audit.axes[axis].groups] for axis in (one, two)]
        about = key | {
            "axis_1": one, "labels_1": first.labels, "axis_2": two, "labels_2": second.labels,
            "embedder": first.embedder or second.embedder,
        }  # fmt: skip
        for scope, category, concept, part in parts:
            found, n = _cells(part, first, second, (len(names[0]), len(names[1])), audit.inference.level)
            where = about | {"scope": scope, "category": category or None, "concept": concept, "n_counted": n}
            rows += [where | row for row in _rows(found, names)]
    return pl.DataFrame(rows, schema=frame_schema("intersections"))


def n_rows(audit: Audit, keys: Mapping[str, list[Key]]) -> int:
    """How many rows there are with labellers, by axis."""
    targets = len(audit.concepts) + len(audit.neutral) + 1
    none: Mapping[str, Label] = {}
    by_axis = {axis: [Labels(labels, embedder, none) for labels, embedder in of_axis] for axis, of_axis in keys.items()}
    sizes = {name: len(axis.groups) for name, axis in audit.axes.items()}
    return sum(sizes[one] * sizes[two] * targets for (one, _), (two, _) in _pairs(by_axis))


def _pairs(labellers: Mapping[str, list[Labels]]) -> Iterator[tuple[tuple[str, Labels], tuple[str, Labels]]]:
    """Each two axes, by one embedder, or by labellers of which one needs none."""
    for one, two in combinations(labellers, 2):
        for first, second in product(labellers[one], labellers[two]):
            if first.embedder == second.embedder or None in (first.embedder, second.embedder):
                yield (one, first), (two, second)


def _cells(
    part: pl.DataFrame, first: Labels, second: Labels, sizes: tuple[int, int], level: float
) -> tuple[Cells, int]:
    """The cells of images, in the order of groups of the first axis, then of the second; and how many images count."""
    labels = [(first.of[sha], second.of[sha]) for sha in part["sha256"]]
    labelled = [i for i, (a, b) in enumerate(labels) if isinstance(a, int) and isinstance(b, int)]
    cells = np.array([int(labels[i][0]) * sizes[1] + int(labels[i][1]) for i in labelled], dtype=np.int64)
    return cell_shares(cells, sizes[0] * sizes[1], seed_units(part)[labelled], level=level), len(labelled)


def _rows(found: Cells, names: list[list[str]]) -> Iterator[dict]:
    counts = found.counts.reshape(len(names[0]), len(names[1]))
    n = max(int(counts.sum()), 1)
    alone = (counts.sum(axis=1)[:, None] * counts.sum(axis=0)[None, :] / n**2).ravel()
    numbers = {
        "share": found.share, "share_low": found.low, "share_high": found.high, "impact_ratio": found.ratio,
        "ratio_low": found.ratio_low, "ratio_high": found.ratio_high, "n_effective": found.n_effective,
    }  # fmt: skip
    for place, (group_1, group_2) in enumerate(product(*names)):
        known = {name: None if np.isnan(column[place]) else float(column[place]) for name, column in numbers.items()}
        yield known | {
            "group_1": group_1, "group_2": group_2, "n_cell": int(found.counts[place]),
            "independent_share": float(alone[place]) if counts.sum() else None,
            "reason": found.reasons[place], "ratio_reason": found.ratio_reasons[place],
        }  # fmt: skip
