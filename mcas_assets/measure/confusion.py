"""How labels err: what a labeller answers on attribute images, whose prompt says the group, and shares without that error."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import bdtr

from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.protocol import Label
from mcas_assets.scoring.shares.label_error import CorrectedShares, corrected_shares
from mcas_assets.store.schema import frame_schema

NO_GROUP = "no group"
"""The answer, in table `confusion`, of a labeller that counts an image for none."""

RARELY = 0.025
"""Chance of so few uncounted images of a concept below which attribute images are taken to be harder to read than it is."""

PEOPLE = "what people say of its images tells: mcas review"


@dataclass(frozen=True)
class Labels:
    """What one labeller says of the images of one version on one axis.

    Attributes:
        labels: Its name.
        embedder: By which embedder a zero-shot labeller tells; None for others.
        of: For each delivered image, by sha256, its label.
    """

    labels: str
    embedder: str | None
    of: Mapping[str, Label]


def confusion(axis: Axis, name: str, images: pl.DataFrame, labeller: Labels) -> np.ndarray:
    """(k, k + 1) counts of this version's own attribute images: row = the group that was asked for, column = the label.

    The last column counts images that the labeller told no group of. A pole's images are taken to show the group of the
    pole's name; other groups have no known images. Where the system does not draw what it is asked for, its fault counts
    as the labeller's, and the correction overdoes it.
    """
    k = len(axis.groups)
    table = np.zeros((k, k + 1), dtype=np.int64)
    for pole, prompted in (("a", axis.a.name), ("b", axis.b.name)):
        drawn = images.filter(role="attribute", axis=name, pole=pole, outcome="ok")["sha256"]
        for g, group in enumerate(axis.groups):
            if group.name == prompted:
                labels = [label if isinstance(label := labeller.of[sha], int) else k for sha in drawn]
                table[g] = np.bincount(np.array(labels, dtype=np.int64), minlength=k + 1)
    return table


def confusion_table(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labels]]) -> pl.DataFrame:
    """The rows of table `confusion` of one system version: one for each axis, labeller, group and answer.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.
        labellers: By axis.
    """
    version = images["system_version"][0]
    about = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    rows = [
        row
        for name, axis in audit.axes.items()
        for labeller in labellers[name]
        for row in confusion_rows(about | {"axis": name}, axis, images, labeller)
    ]
    return pl.DataFrame(rows, schema=frame_schema("confusion"))


def confusion_rows(about: Mapping[str, str], axis: Axis, images: pl.DataFrame, labeller: Labels) -> list[dict]:
    """The cells of `confusion`, as rows of that table."""
    table, names = confusion(axis, about["axis"], images, labeller), [group.name for group in axis.groups]
    return [
        {
            **about, "labels": labeller.labels, "embedder": labeller.embedder, "group_name": name, "answer": answer,
            "n_images": int(count), "n_known": int(row.sum()), "rate": count / row.sum() if row.sum() else None,
            "reason": None if row.sum() else "no attribute image of this group",
        }
        for name, row in zip(names, table, strict=True)
        for answer, count in zip([*names, NO_GROUP], row, strict=True)
    ]  # fmt: skip


def correction_note(known: np.ndarray, corrected: np.ndarray, n_counted: int, n_abstained: int) -> str | None:
    """What the intervals of corrected shares do not hold, and what would show it.

    An attribute image that does not show what was asked for counts as an error of the labels, so the share is corrected by too
    much; benchmarks/coverage_shares.py says how often intervals then hold it.

    Args:
        known: (k, k + 1) counts that a concept's shares were corrected by.
        corrected: (k,) the shares, NaN where there are none.
        n_counted: Images of the concept that were counted for some group.
        n_abstained: Images that were delivered, and counted for none.
    """
    if np.isnan(corrected).any():
        return None
    told, n = known[:, :-1], n_counted + n_abstained
    unread = float(corrected @ (known[:, -1] / np.maximum(known.sum(axis=1), 1)))
    if bdtr(n_abstained, n, unread) < RARELY:
        return (
            f"{unread:.0%} of attribute images of such groups are counted for none, and {n_abstained} of {n} here: the group that "
            f"is unread there gets too large a share; {PEOPLE}"
        )
    other, read = int(told.sum() - np.trace(told)), int(told.sum())
    if other:
        return (
            f"{other} of {read} attribute images were read as another group: if a prompt was not obeyed, and no label erred, the "
            f"share is corrected by too much, and of 64 images held in 87 % near 0 and 1 (prompts obeyed in 95 %); {PEOPLE}"
        )
    return f"a concept may be harder to read than the {read} attribute images, none of which was read as another group; {PEOPLE}"


def correct(counts: list[int], known: np.ndarray, axis: Axis, level: float) -> CorrectedShares:
    """Shares of the groups of an axis without the labeller's error, from counts (k,) and `confusion`."""
    found = corrected_shares(counts, known, level=level)
    unknown = [group.name for group, row in zip(axis.groups, known, strict=True) if not row.sum()]
    if not unknown or not sum(counts):
        return found
    reason = f"no attribute image shows what {' or '.join(unknown)} looks like to this labeller"
    return CorrectedShares(found.shares, found.low, found.high, found.standard_error, reason)
