"""Who is shown: known shares from hand-made vectors, and nothing that was requested is lost from the count."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.measure import shares as represent
from mcas_assets.measure.confusion import Labeller, confusion, confusion_rows, confusion_table
from mcas_assets.measure.shares import (
    by_tone,
    digest,
    label_images,
    label_rows,
    measure,
    pole_labels,
    shares,
    with_labels,
    zero_shot,
)
from mcas_assets.plan.requests import build_texts
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.store import facts, files
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

MAN, WOMAN, BETWEEN = [1.0, 0.0], [0.0, 1.0], [0.5**0.5, 0.5**0.5]
VECTORS = {"m": MAN, "w": WOMAN, "?": BETWEEN}
NAMES = {"m": 0, "w": 1, "?": "ambiguous"}
VERSION = "phantom@1"


def declared(**axis: Any) -> Audit:
    poles = {
        "a": {"name": "man", "words": ["he"], "prompts": ["a man"]},
        "b": {"name": "woman", "words": ["she"], "prompts": ["a woman"]},
    }
    document = {
        "audit": "small",
        "title": "A small audit",
        "description": "For tests",
        "run_seed": 7,
        "images_per_prompt": {"concept": 5, "attribute": 3, "neutral": 2},
        "axes": {"gender": poles | axis},
        "concepts": [{"concept": name, "category": "things", "prompts": [f"a {name}"]} for name in ("nurse", "pilot")],
        "neutral": [{"name": "person", "prompt": "a person"}],
        "embedders": ["tiny"],
        "inference": {"resamples": 10, "permutations": 10},
    }
    return Audit.model_validate(document)


def pictures(**contents: str) -> pl.DataFrame:
    """Image rows: for each concept (or pole a, b) a letter an image, 'm', 'w', '?', or 'x' for one that was refused."""
    rows = []
    for subject, letters in contents.items():
        is_pole = subject in ("a", "b")
        for n, letter in enumerate(letters):
            rows.append(
                {
                    "system_version": VERSION,
                    "prompt_id": subject,
                    "role": "attribute" if is_pole else "concept",
                    "axis": "gender" if is_pole else None,
                    "pole": subject if is_pole else None,
                    "concept": None if is_pole else subject,
                    "outcome": "refused_output" if letter == "x" else "ok",
                    "sha256": None if letter == "x" else f"{letter}{subject}{n}",
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def labelled(images: pl.DataFrame) -> Labeller:
    return Labeller("zero-shot", "tiny", {sha: NAMES[sha[0]] for sha in images["sha256"].drop_nulls()})


def rows_of(audit: Audit, images: pl.DataFrame, labeller: Labeller | None = None) -> dict[tuple[str, str], dict]:
    axis = audit.axes["gender"]
    found = shares({"axis": "gender"}, axis, targets_of(audit), images, labeller or labelled(images), 0.95)
    return {(row["concept"], row["group_name"]): row for row in found}


def test_known_shares_come_back_with_their_wilson_interval():
    rows = rows_of(declared(), pictures(a="mmmm", b="wwww", nurse="mwww", pilot="mmmm", person="mw"))
    nurse = rows["nurse", "woman"]
    assert (nurse["share"], nurse["n_group"], nurse["n_counted"], nurse["n_requested"]) == (0.75, 3, 4, 4)
    assert (nurse["share_low"], nurse["share_high"]) == wilson_interval(3, 4)
    assert (nurse["share_worst"], nurse["share_best"]) == (0.75, 0.75)
    assert rows["pilot", "woman"]["share"] == 0
    assert rows["person", "man"]["share"] == 0.5
    assert rows["person", "man"]["category"] == "neutral"


def test_a_group_that_never_appears_has_a_row():
    rows = rows_of(declared(), pictures(a="mm", b="ww", nurse="mmmm", pilot="mmmm", person="mm"))
    assert {key for key in rows if key[0] == "nurse"} == {("nurse", "man"), ("nurse", "woman")}
    assert (rows["nurse", "woman"]["share"], rows["nurse", "woman"]["n_group"]) == (0.0, 0)


def test_what_is_refused_or_ambiguous_is_counted_and_bounds_the_share():
    rows = rows_of(declared(), pictures(a="mm", b="ww", nurse="mwww??xx", pilot="m", person="m"))
    nurse = rows["nurse", "woman"]
    assert (nurse["n_counted"], nurse["n_abstained"], nurse["n_missing"], nurse["n_requested"]) == (4, 2, 2, 8)
    assert json.loads(nurse["outcomes"]) == {"counted": 4, "ambiguous": 2, "refused_output": 2}
    assert (nurse["share"], nurse["share_worst"], nurse["share_best"]) == (0.75, 3 / 8, 7 / 8)


def test_a_concept_whose_every_image_was_refused_has_bounds_and_a_reason_and_no_share():
    rows = rows_of(declared(), pictures(a="mm", b="ww", nurse="xxx", pilot="m", person="m"))
    nurse = rows["nurse", "man"]
    assert (nurse["share"], nurse["share_worst"], nurse["share_best"]) == (None, 0.0, 1.0)
    assert (nurse["reason"], nurse["corrected_share"]) == ("no image shows a declared group", None)
    assert nurse["corrected_reason"] == "no image was labelled"
    assert nurse["n_missing"] == nurse["n_requested"] == 3


def test_the_confusion_is_measured_on_the_attribute_images_of_the_version():
    images = pictures(a="mmmw?", b="wwx", nurse="m")
    table = confusion(declared().axes["gender"], "gender", images, labelled(images))
    np.testing.assert_array_equal(table, [[3, 1, 1], [0, 2, 0]])


def test_a_labeller_that_errs_one_way_is_put_right():
    """Of 40 men 10 are taken for women, of 40 women none: 4 of 10 labelled man are 4 / .75 of 10 men."""
    images = pictures(a="m" * 30 + "w" * 10, b="w" * 40, nurse="m" * 4 + "w" * 6, pilot="m", person="m")
    nurse = rows_of(declared(), images)["nurse", "man"]
    assert nurse["share"] == 0.4
    assert nurse["corrected_share"] == pytest.approx(0.4 / 0.75)
    assert nurse["corrected_low"] < 0.4 / 0.75 < nurse["corrected_high"]
    assert nurse["n_known"] == 40


def test_a_group_that_the_labeller_often_cannot_read_is_given_its_share_back():
    """Half of the portraits of men are unclear and none of women, so 4 of 8 clear images stand for 8 of 12."""
    images = pictures(a="m" * 20 + "?" * 20, b="w" * 40, nurse="mmmmwwww????", pilot="m", person="m")
    nurse = rows_of(declared(), images)["nurse", "man"]
    assert (nurse["share"], nurse["n_known"]) == (0.5, 40)
    assert nurse["corrected_share"] == pytest.approx(2 / 3)


def test_the_cells_of_the_confusion_are_rows_with_their_rates():
    images = pictures(a="mmmw?", b="xx", nurse="m")
    rows = confusion_rows({"axis": "gender"}, declared().axes["gender"], images, labelled(images))
    cells = [(row["group_name"], row["answer"], row["n_images"], row["n_known"], row["rate"]) for row in rows]
    assert cells[:3] == [("man", "man", 3, 5, 0.6), ("man", "woman", 1, 5, 0.2), ("man", "no group", 1, 5, 0.2)]
    assert cells[5] == ("woman", "no group", 0, 0, None)
    assert rows[5]["reason"] == "no attribute image of this group"


def test_abstentions_do_not_move_the_corrected_share():
    """A scene is unclear more often than a portrait, whoever is in it."""
    clear = pictures(a="mmmw", b="wwww", nurse="mmwwww", pilot="m", person="m")
    unclear = pictures(a="mmmw", b="wwww", nurse="mmwwww" + "?" * 30, pilot="m", person="m")
    both = [rows_of(declared(), images)["nurse", "man"]["corrected_share"] for images in (clear, unclear)]
    assert both[0] == both[1]


def test_a_group_without_attribute_images_is_named_and_nothing_is_corrected():
    groups = [{"name": name, "texts": [f"a {name}"]} for name in ("man", "woman", "non-binary")]
    images = pictures(a="mm", b="ww", nurse="mw", pilot="m", person="m")
    row = rows_of(declared(groups=groups), images)["nurse", "non-binary"]
    assert (row["share"], row["corrected_share"], row["n_known"]) == (0.0, None, 0)
    assert row["corrected_reason"] == "no attribute image shows what non-binary looks like to this labeller"


# ---- labellers


def zero_shot_of(axis: dict | None = None, scale: float | None = None, confidence: float = 0.8) -> Labeller:
    audit = declared(**(axis or {}))
    texts = build_texts(audit)
    said = {row["text_id"]: np.array(WOMAN if "woman" in row["raw"] else MAN) for row in texts.iter_rows(named=True)}
    shown = {letter: np.array(vector) for letter, vector in VECTORS.items()}
    embedder: Any = SimpleNamespace(name="tiny", logit_scale=scale)
    return zero_shot("gender", audit.axes["gender"], texts, shown, said, embedder, confidence)


def test_zero_shot_labels_are_those_of_the_nearest_group_and_unclear_ones_are_not_counted():
    assert zero_shot_of().of == {"m": 0, "w": 1, "?": "ambiguous"}


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        ([("man", "a man"), ("woman", "a woman")], {"m": 0, "w": 1, "?": -1}),
        ([("woman", "a woman"), ("man", "a man")], {"m": 0, "w": 1, "?": -1}),
        ([("man", "a man"), ("woman", "a woman"), ("other", "a person")], None),
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
    assert zero_shot_of(scale=1.0).of == dict.fromkeys("mw?", "ambiguous")
    assert zero_shot_of(scale=1.0, confidence=0.7).of == {"m": 0, "w": 1, "?": "ambiguous"}


def test_tones_of_no_group_and_no_tone_at_all_are_told_apart():
    groups = [
        {"name": "man", "texts": ["x"], "monk_tones": [1, 2, 3]},
        {"name": "woman", "texts": ["y"], "monk_tones": [8, 9]},
    ]
    labeller = by_tone(declared(groups=groups).axes["gender"], {"p": 2, "q": 9, "r": 5, "s": 0})
    assert labeller.of == {"p": 0, "q": 1, "r": "outside", "s": "unreadable"}
    assert (labeller.labels, labeller.embedder) == ("pixels", None)


# ---- a whole table, from a real store


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
    store, audit, images, texts = stored
    embedder: Any = Tiny()
    table = measure(audit, images, label_images(store, audit, images, texts, [embedder], ByLetter()))
    assert table.schema == frame_schema("representation")
    assert len(table) == represent.n_labelled(audit, 1)[0] == 2 * 3 * 2
    nurse = table.filter(concept="nurse", group_name="woman").select("labels", "embedder", "share", "outcomes").rows()
    assert nurse == [
        ("zero-shot", "tiny", 0.75, '{"counted": 4, "ambiguous": 1}'),
        ("pixels", None, 0.75, '{"counted": 4, "unreadable": 1}'),
    ]
    assert table.filter(concept="pilot")["n_missing"].to_list() == [1] * 4
    again = measure(audit, images, label_images(store, audit, images, texts, [embedder], ByLetter()))
    assert digest([table]) == digest([again])


def test_how_the_labels_err_is_a_table_of_every_axis_labeller_group_and_answer(stored):
    store, audit, images, texts = stored
    embedder: Any = Tiny()
    table = confusion_table(audit, images, label_images(store, audit, images, texts, [embedder], ByLetter()))
    assert table.schema == frame_schema("confusion")
    assert len(table) == 2 * 2 * 3
    assert table.filter(group_name="man", answer="man", labels="pixels")["rate"].to_list() == [1.0]


def test_every_image_keeps_the_label_that_each_labeller_gave_it(stored):
    store, audit, images, texts = stored
    embedder: Any = Tiny()
    labels = label_rows(audit, images, label_images(store, audit, images, texts, [embedder], ByLetter()))
    assert labels.schema == frame_schema("image_labels")
    assert len(labels) == 2 * images["sha256"].drop_nulls().n_unique()
    by_share = measure(audit, images, label_images(store, audit, images, texts, [embedder], ByLetter()))
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
    tones = represent.read_tones(store, images, first)
    assert len(first.seen) == len(tones) == images["sha256"].drop_nulls().n_unique()
    assert represent.read_tones(store, images, again) == tones
    assert again.seen == []
    assert represent.read_tones(store, images, other) == tones
    assert len(other.seen) == len(tones)


def test_a_file_that_was_changed_is_not_read(stored):
    store, _, images, _ = stored
    path = images["path"].drop_nulls()[0]
    (store.home / path).write_bytes(b"w")
    with pytest.raises(StoreError, match="digest differs"):
        represent.read_tones(store, images, ByLetter())
