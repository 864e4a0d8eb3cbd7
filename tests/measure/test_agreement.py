"""How far labellers agree: two by two and all together, people among them; and people's own shares."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from mcas_assets.labellers.find import labellers_of
from mcas_assets.measure.agreement import AS_RATED, measure, shares_as_rated
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.scoring.stats.raters import krippendorff
from mcas_assets.store.schema import frame_schema
from tests.measure.small import declared
from tests.measure.test_people import images_of, rated, voted

AUDIT = declared()
NAMES = {"m": "man", "w": "woman", "?": "ambiguous"}
NONE: list[Any] = []


def labels_of(images: pl.DataFrame, **said: str) -> pl.DataFrame:
    """Rows of `image_labels`: of each labeller a letter an image; `tiny` is an embedder."""
    rows = [
        {"audit": "small", "system_version": "sd@1", "axis": "gender", "labels": "zero-shot" if by == "tiny" else by,
         "embedder": by if by == "tiny" else None, "sha256": sha, "label": NAMES[letter]}
        for by, letters in said.items() for sha, letter in zip(images["sha256"], letters, strict=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=frame_schema("image_labels"))


def test_two_labellers_are_compared_image_by_image_with_and_without_those_that_one_tells_no_group_of():
    images = images_of(nurse=8)
    labels = labels_of(images, tiny="mmmmwwww", judge="mmmwwww?")
    table = measure(AUDIT, images, labels, voted(), NONE)
    assert table.schema == frame_schema("labeller_agreement")
    (row,) = table.iter_rows(named=True)
    names = [row[name] for name in ("labels_1", "embedder_1", "labels_2", "embedder_2")]
    assert names == ["zero-shot", "tiny", "judge", None]
    assert (row["n_labellers"], row["n_images"], row["n_told"], row["n_same"]) == (2, 8, 7, 6)
    counts = np.array([[2, 0, 0]] * 3 + [[1, 1, 0]] + [[0, 2, 0]] * 3 + [[0, 1, 1]])
    assert row["alpha"] == pytest.approx(krippendorff(counts).alpha)
    assert row["told_alpha"] == pytest.approx(krippendorff(counts[:, :2]).alpha)
    assert row["alpha_low"] < row["alpha"] < row["alpha_high"]


def test_rows_that_stand_for_many_items_give_the_alpha_of_all_of_them_and_an_interval_as_wide():
    table, times = np.array([[2, 0], [1, 1], [0, 2], [1, 0]]), np.array([40, 12, 30, 5])
    packed, spread = krippendorff(table, times=times), krippendorff(np.repeat(table, times, axis=0))
    assert packed.alpha == pytest.approx(spread.alpha)
    assert (packed.low, packed.high) == pytest.approx((spread.low, spread.high), abs=0.02)
    alike = np.array([[2, 0], [0, 2]])
    assert krippendorff(alike, times=[9, 9]) == krippendorff(np.repeat(alike, 9, axis=0))


def test_people_are_one_labeller_more_of_the_images_that_they_agree_on_and_three_have_a_row_together():
    images = images_of(nurse=6)
    labels = labels_of(images, tiny="mmmwww", judge="mmmwww")
    votes = pl.concat([
        rated([f"nurse{n}" for n in range(4)], lambda image: "man" if int(image[-1]) < 3 else "woman"),
        voted(("nurse4", "ada", "man"), ("nurse4", "ben", "woman"), ("nurse5", "ada", "man")),
    ])  # fmt: skip
    table = measure(AUDIT, images, labels, votes, NONE)
    columns = ("labels_1", "labels_2", "n_labellers", "n_images", "n_same")
    assert table.select(columns).rows() == [
        ("zero-shot", "judge", 2, 6, 6), ("zero-shot", "people", 2, 4, 4), ("judge", "people", 2, 4, 4), (None, None, 3, 6, 6),
    ]  # fmt: skip
    assert table["told_alpha"].to_list() == [1.0] * 4


def test_one_labeller_alone_agrees_with_nobody_and_an_image_of_two_concepts_counts_once():
    images = images_of(nurse=4)
    assert measure(AUDIT, images, labels_of(images, tiny="mmww"), voted(), NONE).is_empty()
    twice = pl.concat([images, images.with_columns(concept=pl.lit("pilot"), image_id=pl.lit("p") + pl.col("image_id"))])
    labels = labels_of(images, tiny="mmww", judge="mmww")
    assert measure(AUDIT, twice, labels, voted(), NONE)["n_images"].to_list() == [4]


def test_what_is_told_alike_by_all_has_a_reason_in_place_of_an_alpha():
    images = images_of(nurse=4)
    table = measure(AUDIT, images, labels_of(images, tiny="mmmm", judge="mmmm"), voted(), NONE)
    assert table.select("alpha", "n_same").rows() == [(None, 4)]
    assert table["reason"][0].startswith("all answers are the same")


def test_where_an_audit_names_people_their_own_shares_stand_beside_those_that_rest_on_them():
    images = images_of(nurse=30, pilot=4)
    votes = pl.concat([
        rated([f"nurse{n}" for n in range(20)], lambda image: "woman" if int(image[5:]) < 12 else "man"),
        rated(["nurse20", "nurse21"], lambda image: "no group"),
        voted(("pilot0", "ada", "man"), ("pilot0", "ben", "woman")),
    ])  # fmt: skip
    named = AUDIT.model_copy(update={"labellers": ("zero-shot", "people")})
    table = shares_as_rated(named, images, votes, labellers_of(named))
    assert table.schema == frame_schema("people_shares")
    rows = {(row["concept"], row["group_name"]): row for row in table.iter_rows(named=True)}
    nurse = rows["nurse", "woman"]
    assert (nurse["labels"], nurse["embedder"], nurse["method"]) == ("people", None, AS_RATED)
    assert (nurse["n_images"], nurse["n_rated"], nurse["n_group"], nurse["share"]) == (30, 22, 12, 0.6)
    assert (nurse["share_low"], nurse["share_high"]) == wilson_interval(12, 20)
    assert nurse["note"].startswith("in 2 of 22 rated images people tell no group")
    assert rows["pilot", "man"]["reason"] == "images that raters differ on and nobody has settled: 1"
    assert rows["person", "man"]["reason"] == "no image shows a declared group"
    assert shares_as_rated(AUDIT, images, votes, [SimpleNamespace(name="zero-shot")]).is_empty()  # ty: ignore[invalid-argument-type]
