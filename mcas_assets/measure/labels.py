"""What labellers say of images: by vectors and tones that are kept, and by looking at files, which is done once for each image.

Perceived presentation is told, nobody's identity. How labels err is `confusion`; the shares that they give are `shares`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.core.overlap import ahead
from mcas_assets.core.progress import LogProgress, Progress
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.parts import Axis
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.labellers.pixels import Pixels, by_tone
from mcas_assets.labellers.protocol import Label, Labeller, Looker, Metered
from mcas_assets.labellers.zero_shot import ZeroShot
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.tone import ToneReader
from mcas_assets.measure.vectors import read_all_vectors
from mcas_assets.store import files
from mcas_assets.store import labels as label_facts
from mcas_assets.store import tones as tone_facts
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

TONES_AT_ONCE = 4096
"""Tones that are committed together: some seconds' work."""

ANSWERS_AT_ONCE = 16
"""Answers of a labeller that are committed together: what a killed run asks again at most."""

Key = tuple[str, str | None]
"""(name of a labeller, embedder that it tells by): columns `labels` and `embedder`."""


@dataclass(frozen=True)
class Labelling:
    """What tells the groups of images.

    Attributes:
        embedders: The panel; only names, ids, lengths and logit scales are used, none is loaded.
        tone_reader: Reads axes whose groups name Monk tones.
        labellers: Those of the audit, in its order.
        lacking: By the name of an embedder whose vectors are not there, the reason to give.
        progress: Told of images that are looked at.
    """

    embedders: Sequence[Embedder]
    tone_reader: ToneReader
    labellers: Sequence[Labeller]
    lacking: Mapping[str, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=LogProgress)


def keys(audit: Audit, labellers: Sequence[Labeller]) -> dict[str, list[Key]]:
    """By axis: the labellers that tell it by themselves, in the order of their rows."""
    return {axis: [key for key, _ in _telling(audit, axis, labellers)] for axis in audit.axes}


def _telling(audit: Audit, axis: str, labellers: Sequence[Labeller]) -> Iterator[tuple[Key, Labeller]]:
    for one in labellers:
        if not one.tells(axis, audit.axes[axis]):
            continue
        if isinstance(one, ZeroShot):
            yield from (((one.name, embedder), one) for embedder in one.among(audit.embedders))
        elif isinstance(one, Pixels | Looker):
            yield (one.name, None), one


def label_images(
    store: Store, audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, labelling: Labelling
) -> dict[str, list[Labels]]:
    """What every labeller says of the delivered images of one system version, by axis, in the order of `keys`.

    Args:
        store: Where vectors and image files are.
        audit: The declaration.
        images: Rows of `images` of this version.
        texts: Rows of `texts`.
        labelling: What tells the groups.

    Raises:
        BadInput: A labeller cannot be loaded or asked.
        StoreError: A vector is not stored, or an image file was changed or deleted.
    """
    found: dict[str, list[Labels]] = {axis: [] for axis in audit.axes}
    for axis, _, labels in each_labels(store, audit, images, texts, labelling):
        if labels is not None:
            found[axis].append(labels)
    return found


def each_labels(
    store: Store, audit: Audit, images: pl.DataFrame, texts: pl.DataFrame, labelling: Labelling
) -> Iterator[tuple[str, Key, Labels | None]]:
    """(axis, labeller, what it says) of each labeller and axis; None for what vectors are lacking of. See `label_images`."""
    for one in labelling.labellers:
        told = {name: axis for name, axis in audit.axes.items() if one.tells(name, axis)}
        if isinstance(one, ZeroShot):
            for embedder in [each for each in labelling.embedders if each.name in one.among(audit.embedders)]:
                is_lacking = embedder.name in labelling.lacking
                vectors = None if is_lacking else read_all_vectors(store, embedder, images, texts)
                for name, axis in told.items():
                    key = (one.name, embedder.name)
                    yield name, key, None if vectors is None else Labels(
                        *key, one.labels(name, axis, texts, vectors, embedder, audit.inference.confidence)
                    )  # fmt: skip
        elif isinstance(one, Pixels):
            tones = read_tones(store, images, labelling.tone_reader) if told else {}
            for name, axis in told.items():
                yield name, (one.name, None), Labels(one.name, None, by_tone(axis, tones))
        elif isinstance(one, Looker):
            for name, axis in told.items():
                yield name, (one.name, None), looked(store, images, one, (name, axis), labelling.progress)
            one.close()


def looked(
    store: Store, images: pl.DataFrame, labeller: Looker, of: tuple[str, Axis], progress: Progress | None = None
) -> Labels:
    """What a labeller says of every delivered image on an axis: asked where it is not known yet, and kept.

    Args:
        store: Where files and answers are kept.
        images: sha256, path and outcome of images.
        labeller: Looks at the files.
        of: The axis, by name and declaration.
        progress: Told of images that are done.

    Raises:
        BadInput: The labeller cannot be loaded or asked. What it had answered by then is kept.
        StoreError: A file that must be read was changed or deleted.
    """
    name, axis = of
    place = {group.name: i for i, group in enumerate(axis.groups)}
    delivered = images.filter(outcome="ok").unique("sha256", maintain_order=True).select("sha256", "path")
    key = labeller.id_on(name, axis)
    with store.open() as con:
        label_facts.register_labeller(con, key, labeller.name, name, labeller.identity())
        known = label_facts.read_labels(con, key, delivered["sha256"])
        asked = label_facts.count_labels(con, key)
    wanted = delivered.filter(~pl.col("sha256").is_in(list(known)))
    if len(wanted):
        _require_allowed(labeller, name, asked, len(wanted))
        with (progress or LogProgress()).task(f"{labeller.name} on {name}", len(wanted)) as advance:
            shown = (files.read_image(store.home, path, sha256) for sha256, path in wanted.iter_rows())
            answers = zip(wanted["sha256"], labeller.look(name, axis, shown), strict=True)
            while chunk := list(islice(answers, ANSWERS_AT_ONCE)):
                rows = [
                    {"labeller": key, "sha256": sha, "label": one.label, "evidence": one.evidence, "raw": one.raw}
                    for sha, one in chunk
                ]
                with store.open() as con:
                    label_facts.append_labels(con, rows)
                known |= {sha: one.label for sha, one in chunk}
                advance(len(chunk))
    return Labels(labeller.name, None, {sha: place.get(known[sha], known[sha]) for sha in delivered["sha256"]})


def _require_allowed(labeller: Looker, axis: str, asked: int, wanted: int) -> None:
    most = labeller.most_images if isinstance(labeller, Metered) else None
    if most is not None and asked + wanted > most:
        problem = f"may be asked about {most:,} images on {axis}; {asked:,} are answered, and {wanted:,} more are to be"
        raise BadInput(f"labeller {labeller.name}", problem, "Raise it, and run again", "most_images")


def read_tones(store: Store, images: pl.DataFrame, reader: ToneReader) -> dict[str, int]:
    """The Monk tone of every delivered image by sha256, or `UNREADABLE`: read where it is not known yet, and kept.

    Raises:
        StoreError: A file that must be read was changed or deleted.
    """
    delivered = images.filter(outcome="ok").unique("sha256", maintain_order=True).select("sha256", "path")
    with store.open() as con:
        known = tone_facts.read_tones(con, reader.id, delivered["sha256"])
    threads = files.readers(store.home)
    for chunk in delivered.filter(~pl.col("sha256").is_in(list(known))).iter_slices(TONES_AT_ONCE):
        tones = ahead(partial(_read_tone, store, reader), chunk.iter_rows(), threads, threads)
        found = dict(zip(chunk["sha256"], tones, strict=True))
        with store.open() as con:
            tone_facts.append_tones(con, reader.id, found)
        known |= found
    return {sha: known[sha] for sha in delivered["sha256"]}


def _read_tone(store: Store, reader: ToneReader, row: tuple[str, str]) -> int:
    sha256, path = row
    return reader.tone(files.read_image(store.home, path, sha256))


def label_rows(audit: Audit, images: pl.DataFrame, labellers: Mapping[str, list[Labels]]) -> pl.DataFrame:
    """The rows of table `image_labels` of one system version: what each labeller says of each image, by axis."""
    about = {"audit": audit.audit, "system_version": images["system_version"][0]}
    parts = [
        pl.DataFrame(
            {"sha256": list(labeller.of), "label": [named(label, audit.axes[axis]) for label in labeller.of.values()]},
            schema={"sha256": pl.String, "label": pl.String},
        ).with_columns(
            **{name: pl.lit(value) for name, value in about.items()}, axis=pl.lit(axis), labels=pl.lit(labeller.labels),
            embedder=pl.lit(labeller.embedder, pl.String),
        )
        for axis, of_axis in labellers.items() for labeller in of_axis
    ]  # fmt: skip
    schema = frame_schema("image_labels")
    return pl.concat([part.select(*schema) for part in parts]) if parts else schema.to_frame()


def named(label: Label, axis: Axis) -> str:
    """A label as tables hold it: the name of its group, or why it counts for none."""
    return axis.groups[label].name if isinstance(label, int) else label


def with_labels(digest_of_shares: str, labels: pl.DataFrame) -> str:
    """The digest of shares with that of the labels that they count, which may be many."""
    known = hashlib.sha256(digest_of_shares.encode())
    for part in labels.sort("axis", "labels", "embedder", "sha256").iter_slices(100_000):
        known.update(part.write_csv(include_header=False).encode())
    return known.hexdigest()
