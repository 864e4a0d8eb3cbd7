"""Who is shown: known shares from hand-made vectors, and nothing that was requested is lost from the count."""

import json

import numpy as np
import polars as pl
import pytest

from mcas_assets.declare.audit import Audit, targets_of
from mcas_assets.measure.confusion import Labels, confusion, confusion_rows, correction_note
from mcas_assets.measure.shares import (
    shares,
)
from mcas_assets.scoring.shares.representation import wilson_interval
from tests.measure.small import NAMES, declared, pictures


def labelled(images: pl.DataFrame) -> Labels:
    return Labels("zero-shot", "tiny", {sha: NAMES[sha[0]] for sha in images["sha256"].drop_nulls()})


def rows_of(audit: Audit, images: pl.DataFrame, labeller: Labels | None = None) -> dict[tuple[str, str], dict]:
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


@pytest.mark.parametrize(
    ("known", "corrected", "counted", "abstained", "begins"),
    [
        ([[32, 0, 0], [0, 32, 0]], [0.4, 0.6], 16, 0, "a concept may be harder to read than the 64 attribute images"),
        ([[32, 0, 0], [2, 30, 0]], [0.4, 0.6], 16, 0, "2 of 64 attribute images were read as another group"),
        (
            [[20, 0, 12], [0, 32, 0]],
            [0.8, 0.2],
            64,
            1,
            "30% of attribute images of such groups are counted for none, and 1 of 65",
        ),
        ([[20, 0, 12], [0, 32, 0]], [0.8, 0.2], 11, 5, "a concept may be harder to read than the 52 attribute images"),
    ],
)
def test_a_corrected_share_says_what_its_interval_does_not_hold_and_who_can_tell(
    known, corrected, counted, abstained, begins
):
    note = str(correction_note(np.array(known), np.array(corrected), counted, abstained))
    assert note.startswith(begins)
    assert note.endswith("mcas review")
    assert correction_note(np.array(known), np.array([np.nan, np.nan]), counted, abstained) is None


def test_a_share_without_a_correction_has_no_note_and_one_with_it_has():
    rows = rows_of(declared(), pictures(a="mm", b="ww", nurse="xxx", pilot="mw", person="m"))
    assert rows["nurse", "man"]["corrected_note"] is None
    assert "mcas review" in rows["pilot", "man"]["corrected_note"]
