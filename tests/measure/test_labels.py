"""Who is told to be shown: by the nearest text, by the tone of the pixels, and as it is kept for each image."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.declare.audit import Audit
from mcas_assets.labellers.find import labellers_of
from mcas_assets.labellers.pixels import by_tone
from mcas_assets.labellers.protocol import Label
from mcas_assets.labellers.zero_shot import zero_shot
from mcas_assets.measure.confusion import confusion_table
from mcas_assets.measure.labels import Labelling, keys, label_images, label_rows, read_tones, with_labels
from mcas_assets.measure.shares import digest, measure, n_labelled, pole_labels
from mcas_assets.plan.requests import build_texts
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema
from tests.measure.small import MAN, VECTORS, WOMAN, declared, pictures


def zero_shot_of(axis: dict | None = None, scale: float | None = None, confidence: float = 0.8) -> dict[str, Label]:
    audit = declared(**(axis or {}))
    texts = build_texts(audit)
    said = {row["text_id"]: np.array(WOMAN if "woman" in row["raw"] else MAN) for row in texts.iter_rows(named=True)}
    shown = {letter: np.array(vector) for letter, vector in VECTORS.items()}
    embedder: Any = SimpleNamespace(name="tiny", logit_scale=scale)
    return zero_shot("gender", audit.axes["gender"], texts, shown, said, embedder, confidence)


def test_zero_shot_labels_are_those_of_the_nearest_group_and_unclear_ones_are_not_counted():
    assert zero_shot_of() == {"m": 0, "w": 1, "?": "ambiguous"}


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        ([("man", "a man"), ("woman", "a woman")], {"m": 0, "w": 1, "?": -1}),
        ([("woman", "a woman"), ("man", "a man")], {"m": 0, "w": 1, "?": -1}),
        ([("man", "a man"), ("woman", "a woman"), ("other", "a person")], {"m": -1, "w": 1, "?": -1}),
        ([("other", "a woman"), ("man", "a man"), ("woman", "a person")], {"m": -1, "w": 2, "?": -1}),
    ],
)
def test_labels_by_pole_count_from_pole_a_whatever_the_order_of_the_groups(groups, labels):
    audit = declared(groups=[{"name": name, "texts": [text]} for name, text in groups])
    texts = build_texts(audit)
    said = {row["text_id"]: np.array(WOMAN if "woman" in row["raw"] else MAN) for row in texts.iter_rows(named=True)}
    shown = {letter: np.array(vector) for letter, vector in VECTORS.items()}
    embedder: Any = SimpleNamespace(name="tiny", logit_scale=None)
    assert pole_labels("gender", audit, texts, shown, said, embedder) == labels


def test_the_scale_of_the_embedder_decides_what_is_clear():
    """At scale 1 the softmax of cosines 1 and 0 is .73."""
    assert zero_shot_of(scale=1.0) == dict.fromkeys("mw?", "ambiguous")
    assert zero_shot_of(scale=1.0, confidence=0.7) == {"m": 0, "w": 1, "?": "ambiguous"}


def test_tones_of_no_group_and_no_tone_at_all_are_told_apart():
    groups = [
        {"name": "man", "texts": ["x"], "monk_tones": [1, 2, 3]},
        {"name": "woman", "texts": ["y"], "monk_tones": [8, 9]},
    ]
    labels = by_tone(declared(groups=groups).axes["gender"], {"p": 2, "q": 9, "r": 5, "s": 0})
    assert labels == {"p": 0, "q": 1, "r": "outside", "s": "unreadable"}


@dataclass
class Tiny:
    """An embedder whose vectors are in the store already."""

    name: str = "tiny"
    id: str = "tiny@1"
    dim: int = 2
    logit_scale: float | None = None


class ByLetter:
    """Reads the tone from the first byte of the file, and remembers what it was asked to read."""

    def __init__(self, id: str = "letters@1") -> None:
        self.id, self.seen = id, []

    def tone(self, file: bytes) -> int:
        self.seen.append(file)
        return {b"m": 1, b"w": 10}.get(file[:1], 0)


def labelling_of(audit: Audit) -> Labelling:
    embedder: Any = Tiny()
    return Labelling([embedder], ByLetter(), labellers_of(audit))


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Store, Audit, pl.DataFrame, pl.DataFrame]:
    groups = [
        {"name": "man", "texts": ["a man"], "monk_tones": [1]},
        {"name": "woman", "texts": ["a woman"], "monk_tones": [10]},
    ]
    audit = declared(groups=groups)
    images, texts = pictures(a="mm", b="ww", nurse="mwww?", pilot="mmx", person="mw"), build_texts(audit)
    store, ids = Store(tmp_path), texts["text_id"].unique(maintain_order=True)
    with store.open():
        pass  # a home has its store before its images
    kept = {sha: files.write_image(tmp_path, sha.encode(), ".png") for sha in images["sha256"].drop_nulls()}
    images = images.with_columns(
        path=pl.col("sha256").replace_strict({sha: path for sha, (_, path) in kept.items()}, default=None),
        sha256=pl.col("sha256").replace_strict({sha: digest for sha, (digest, _) in kept.items()}, default=None),
    )
    said = {row["text_id"]: WOMAN if "woman" in row["raw"] else MAN for row in texts.iter_rows(named=True)}
    with store.open() as con:
        facts.register_embedder(con, "tiny@1", "tiny", 2, {})
        shown = np.array([VECTORS[sha[0]] for sha in kept], np.float32)
        facts.append_vectors(con, "tiny@1", "image", [digest for digest, _ in kept.values()], None, shown, "r")
        facts.append_vectors(
            con, "tiny@1", "text", ids.to_list(), None, np.array([said[i] for i in ids], np.float32), "r"
        )
    return store, audit, images, texts


def test_a_table_has_a_row_for_each_axis_labeller_concept_and_group(stored):
    _, audit, images, _ = stored
    table = measure(audit, images, label_images(*stored, labelling_of(audit)))
    assert table.schema == frame_schema("representation")
    assert len(table) == n_labelled(audit, keys(audit, labellers_of(audit)))[0] == 2 * 3 * 2
    nurse = table.filter(concept="nurse", group_name="woman").select("labels", "embedder", "share", "outcomes").rows()
    assert nurse == [
        ("zero-shot", "tiny", 0.75, '{"counted": 4, "ambiguous": 1}'),
        ("pixels", None, 0.75, '{"counted": 4, "unreadable": 1}'),
    ]
    assert table.filter(concept="pilot")["n_missing"].to_list() == [1] * 4
    again = measure(audit, images, label_images(*stored, labelling_of(audit)))
    assert digest([table]) == digest([again])


def test_how_the_labels_err_is_a_table_of_every_axis_labeller_group_and_answer(stored):
    _, audit, images, _ = stored
    table = confusion_table(audit, images, label_images(*stored, labelling_of(audit)))
    assert table.schema == frame_schema("confusion")
    assert len(table) == 2 * 2 * 3
    assert table.filter(group_name="man", answer="man", labels="pixels")["rate"].to_list() == [1.0]


def test_every_image_keeps_the_label_that_each_labeller_gave_it(stored):
    _, audit, images, _ = stored
    labels = label_rows(audit, images, label_images(*stored, labelling_of(audit)))
    assert labels.schema == frame_schema("image_labels")
    assert len(labels) == 2 * images["sha256"].drop_nulls().n_unique()
    by_share = measure(audit, images, label_images(*stored, labelling_of(audit)))
    nurse = labels.join(images.filter(concept="nurse"), on="sha256", how="semi")
    counted = nurse.group_by("labels", "label").len().sort("labels", "label").rows()
    assert counted == [
        ("pixels", "man", 1), ("pixels", "unreadable", 1), ("pixels", "woman", 3),
        ("zero-shot", "ambiguous", 1), ("zero-shot", "man", 1), ("zero-shot", "woman", 3),
    ]  # fmt: skip
    assert by_share.filter(concept="nurse", group_name="woman")["n_group"].to_list() == [3, 3]


def test_another_label_is_another_digest_though_the_shares_are_the_same():
    labels = pl.DataFrame({"axis": ["g"] * 2, "labels": ["pixels"] * 2, "embedder": [None] * 2, "sha256": ["a", "b"]})
    first, swapped = (labels.with_columns(label=pl.Series(given)) for given in (["man", "woman"], ["woman", "man"]))
    assert with_labels("0", first) == with_labels("0", first.reverse()) != with_labels("0", swapped)


def test_a_picture_is_read_once_by_a_reader_and_anew_by_another(stored):
    store, _, images, _ = stored
    first, again, other = ByLetter(), ByLetter(), ByLetter("letters@2")
    tones = read_tones(store, images, first)
    assert len(first.seen) == len(tones) == images["sha256"].drop_nulls().n_unique()
    assert read_tones(store, images, again) == tones
    assert again.seen == []
    assert read_tones(store, images, other) == tones
    assert len(other.seen) == len(tones)


def test_a_file_that_was_changed_is_not_read(stored):
    store, _, images, _ = stored
    path = images["path"].drop_nulls()[0]
    (store.home / path).write_bytes(b"w")
    with pytest.raises(StoreError, match="digest differs"):
        read_tones(store, images, ByLetter())
