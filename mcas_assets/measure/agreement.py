"""How far labellers agree with each other and with people, image by image; and people's own shares, as one more labeller's."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import polars as pl

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.labellers.people import People
from mcas_assets.labellers.protocol import Labeller
from mcas_assets.measure.confusion import NO_GROUP
from mcas_assets.measure.people import settle
from mcas_assets.scoring.shares.representation import representation
from mcas_assets.scoring.stats.raters import Agreement, krippendorff
from mcas_assets.store.schema import frame_schema

PEOPLE = "people"
"""What people are called among labellers, where the audit does not name them."""

AS_RATED = "as rated"
"""The method of people's own shares: those of the rated images, without any other labeller."""


class _Codes(NamedTuple):
    """What a labeller says of images: the place of a group, k for no group, -1 where it was not asked."""

    labels: str
    embedder: str | None
    codes: np.ndarray


def measure(
    audit: Audit, images: pl.DataFrame, labels: pl.DataFrame, votes: pl.DataFrame, labellers: Sequence[Labeller]
) -> pl.DataFrame:
    """The rows of `labeller_agreement` of one system version: each two labellers of an axis, and all where they are more.

    People count as one labeller, of the images that they agree on or have settled. It is over the delivered images of
    concepts and neutral prompts, each once.

    Args:
        audit: The declaration.
        images: Rows of `images` of this version.
        labels: Its rows of `image_labels`.
        votes: Its rows of `review_votes` that count.
        labellers: Those of the audit.
    """
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    shown = images.filter(pl.col("role") != "attribute", outcome="ok").unique("sha256", maintain_order=True)
    rows = []
    for name, axis in audit.axes.items():
        names = [group.name for group in axis.groups]
        given = _given(shown, labels.filter(axis=name), votes.filter(axis=name), names, people_name(labellers))
        groups = [list(pair) for pair in combinations(given, 2)] + ([given] if len(given) > 2 else [])
        rows += [key | {"axis": name} | _row(some, len(names), audit) for some in groups]
    return pl.DataFrame(rows, schema=frame_schema("labeller_agreement"))


def people_name(labellers: Sequence[Labeller]) -> str:
    """What people are called: as the audit names them, else `PEOPLE`."""
    return next((one.name for one in labellers if isinstance(one, People)), PEOPLE)


def _given(
    shown: pl.DataFrame, labels: pl.DataFrame, votes: pl.DataFrame, names: list[str], people: str
) -> list[_Codes]:
    place = {name: i for i, name in enumerate(names)}
    given = []
    for (by, embedder), rows in labels.group_by("labels", "embedder", maintain_order=True):
        said = dict(rows.select("sha256", "label").iter_rows())
        codes = [place.get(said[sha], len(names)) for sha in shown["sha256"]]
        given.append(_Codes(str(by), None if embedder is None else str(embedder), np.array(codes, dtype=np.int64)))
    answers = dict(settle(votes).drop_nulls("answer").select("image_id", "answer").iter_rows()) if len(votes) else {}
    if answers:
        told = [place.get(answers[one], len(names)) if one in answers else -1 for one in shown["image_id"]]
        given.append(_Codes(people, None, np.array(told, dtype=np.int64)))
    return given


def _row(some: Sequence[_Codes], k: int, audit: Audit) -> dict:
    """The numbers of some labellers: alpha over groups and no group, and with no group taken for a missing answer."""
    every = np.stack([one.codes for one in some], axis=1)
    every = every[(every >= 0).all(axis=1)] if len(some) == 2 else every[(every >= 0).sum(axis=1) >= 2]
    patterns, times = np.unique(every, axis=0, return_counts=True)
    counts = np.stack([(patterns == value).sum(axis=1) for value in range(k + 1)], axis=1)
    options = {"level": audit.inference.level, "seed": audit.inference.seed, "times": times}
    both = counts[:, :k].sum(axis=1) >= 2
    two = len(some) == 2
    return {
        "labels_1": some[0].labels if two else None, "embedder_1": some[0].embedder if two else None,
        "labels_2": some[1].labels if two else None, "embedder_2": some[1].embedder if two else None,
        "n_labellers": len(some), "n_images": len(every), "n_told": int(times[both].sum()),
        "n_same": int(times[both & ((counts[:, :k] > 0).sum(axis=1) == 1)].sum()),
        **_numbers(krippendorff(counts, **options), ("alpha", "alpha_low", "alpha_high", "reason")),
        **_numbers(krippendorff(counts[:, :k], **options), ("told_alpha", "told_low", "told_high", "told_reason")),
    }  # fmt: skip


def _numbers(found: Agreement, names: tuple[str, str, str, str]) -> dict:
    values = (found.alpha, found.low, found.high)
    return {name: None if found.reason else value for name, value in zip(names, values, strict=False)} | {
        names[3]: found.reason
    }


def shares_as_rated(
    audit: Audit, images: pl.DataFrame, votes: pl.DataFrame, labellers: Sequence[Labeller]
) -> pl.DataFrame:
    """People's own rows of `people_shares`, where the audit names people: of the rated images of each concept.

    Images were drawn at random within a concept, so the share of those in which people tell a group speaks for all of them; the
    interval is Wilson's.
    """
    rows: list[Mapping] = []
    name_of_people = next((one.name for one in labellers if isinstance(one, People)), None)
    version = images["system_version"][0]
    key = {"system": version.rpartition("@")[0], "system_version": version, "audit": audit.audit}
    shown = images.filter(pl.col("role") != "attribute", outcome="ok")
    uses = shown.select("image_id", "concept").unique(maintain_order=True)
    for name, axis in audit.axes.items() if name_of_people else ():
        if len(of_axis := votes.filter(axis=name)) == 0:
            continue
        said = uses.join(settle(of_axis), on="image_id", how="left", maintain_order="left")
        names = [group.name for group in axis.groups]
        about = key | {"axis": name, "labels": name_of_people, "embedder": None, "method": AS_RATED}
        for category, concept, _ in targets_of(audit):
            rows += [about | row for row in _of_concept(said.filter(concept=concept), names, audit, category, concept)]
    return pl.DataFrame(rows, schema=frame_schema("people_shares"))


def _of_concept(said: pl.DataFrame, names: list[str], audit: Audit, category: str, concept: str) -> list[dict]:
    answers, n_open = said["answer"].drop_nulls().to_list(), int((said["said"] == "open").sum())
    codes = [names.index(one) if one in names else -1 for one in answers]
    found = representation(codes, len(names), {}, level=audit.inference.level)
    waiting = f"images that raters differ on and nobody has settled: {n_open}" if n_open else None
    untold = sum(one == NO_GROUP for one in answers)
    note = (
        f"in {untold} of {len(answers)} rated images people tell no group; the share is of the others"
        if untold
        else None
    )
    rows = []
    for group, name in zip(found.groups, names, strict=True):
        reason = waiting or group.reason
        numbers = {"share": group.share, "share_low": group.low, "share_high": group.high}
        rows.append({
            "category": category, "concept": concept, "group_name": name, "n_images": len(said), "n_rated": len(answers),
            "n_group": group.count, "n_open": n_open, "reason": reason, "note": note,
            **{column: None if reason else value for column, value in numbers.items()},
        })  # fmt: skip
    return rows
