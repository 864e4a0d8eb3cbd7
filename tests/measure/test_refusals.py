"""Refusals as data: every declared subject has a row, whatever came of its requests."""

import json

import polars as pl

from mcas_assets.measure.refusals import comparisons, measure, subjects
from mcas_assets.scoring.shares.refusals import TOO_FEW
from mcas_assets.store.schema import frame_schema


def rate_of(found, **subject: str) -> dict:
    return found.refusals.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in subject.items()), named=True)


def disparity_of(found, **subject: str) -> dict:
    return found.disparities.row(by_predicate=pl.all_horizontal(pl.col(k) == v for k, v in subject.items()), named=True)


def test_every_declared_subject_has_a_row_and_every_comparison_too(tiny, pictures):
    found = measure(tiny, pictures(tiny))
    assert found.refusals.schema == frame_schema("refusals")
    assert found.disparities.schema == frame_schema("refusal_disparities")
    assert len(found.refusals) == len(subjects(tiny)) == 1 + 4 + 4 + 1 + 2 + 1 + 1
    assert len(found.disparities) == len(list(comparisons(tiny))) == 4 + 4 + 2 * 1 + 2 * 2
    assert found.refusals["rate"].to_list() == [0.0] * len(found.refusals)
    assert found.disparities["difference"].drop_nulls().unique().to_list() == [0.0]


def test_terminal_outcomes_are_refusals_and_the_others_are_counted_apart(tiny, pictures):
    row = rate_of(measure(tiny, pictures(tiny, nurse="opxbte")), scope="concept", concept="nurse")
    assert (row["n_requested"], row["n_given"], row["n_refused"], row["n_lost"]) == (6, 1, 3, 2)
    assert (row["rate"], row["rate_least"], row["rate_most"]) == (3 / 4, 3 / 6, 5 / 6)
    assert json.loads(row["outcomes"]) == {
        "blanked": 1, "empty": 1, "ok": 1, "refused_output": 1, "refused_prompt": 1, "timeout": 1,
    }  # fmt: skip
    assert row["rate_low"] < 3 / 4 < row["rate_high"]


def test_one_pole_that_is_refused_more_than_the_other_shows(tiny, pictures):
    found = measure(tiny, pictures(tiny, gender_a="oooooo", gender_b="pppppp"))
    assert rate_of(found, scope="pole", axis="gender", pole="b")["rate"] == 1.0
    row = disparity_of(found, scope="pole", axis="gender", pole="b")
    assert (row["against"], row["difference"]) == ("other_pole", 1.0)
    assert (row["unit"], row["p_value"], row["q_value"], row["reason"]) == (None, None, None, TOO_FEW)
    assert disparity_of(found, scope="pole", axis="gender", pole="a")["difference"] == -1.0
    assert disparity_of(found, scope="pole", axis="skin_tone", pole="a")["difference"] == 0.0


def test_a_group_is_told_by_the_prompts_that_name_it(tiny, pictures):
    found = measure(tiny, pictures(tiny, skin_tone_b="oppooo"))
    row = rate_of(found, scope="group", group_name="dark")
    assert (row["axis"], row["n_requested"], row["n_refused"]) == ("skin_tone", 6, 2)
    assert disparity_of(found, scope="group", group_name="dark")["against"] == "other_groups"


def test_a_group_that_no_prompt_names_has_a_reason_and_no_rate(tiny, pictures):
    axis = tiny.axes["gender"]
    third = axis.groups[0].model_copy(update={"name": "neither", "texts": ("an image of somebody",)})
    wider = axis.model_copy(update={"groups": (*axis.groups, third)})
    audit = tiny.model_copy(update={"axes": {**tiny.axes, "gender": wider}})
    found = measure(audit, pictures(audit))
    row = rate_of(found, scope="group", group_name="neither")
    assert (row["rate"], row["n_requested"]) == (None, 0)
    assert row["reason"] == "no prompt of the audit asks for it, or nothing came that can be read"
    row = disparity_of(found, scope="group", group_name="neither")
    assert (row["difference"], row["reason"]) == (None, "nothing was requested")


def test_concepts_and_categories_are_held_against_the_neutral_baseline_and_each_other(tiny, pictures):
    found = measure(tiny, pictures(tiny, nurse="pppppp", ceo="oooooo", person="oooooo"))
    by = {row["against"]: row for row in found.disparities.filter(concept="nurse").iter_rows(named=True)}
    assert (by["baseline"]["rate"], by["baseline"]["against_rate"], by["baseline"]["difference"]) == (1.0, 0.0, 1.0)
    assert by["baseline"]["ratio_reason"] == "nothing was refused of what it is held against"
    assert by["other_concepts"]["difference"] == 1.0
    category = {row["against"]: row for row in found.disparities.filter(scope="category").iter_rows(named=True)}
    assert category["baseline"]["rate"] == 0.5
    assert category["other_categories"]["reason"] == "what it is held against: nothing was requested"


def test_an_image_in_several_roles_is_one_request(tiny, pictures):
    images = pictures(tiny)
    again = images.filter(concept="nurse").with_columns(role=pl.lit("neutral"), category=pl.lit("neutral"))
    row = rate_of(measure(tiny, pl.concat([images, again])), scope="all")
    assert row["n_requested"] == 7 * 6


def test_a_set_is_not_held_against_its_own_images(tiny, pictures):
    """A prompt that names two groups' poles, or a concept that is also the neutral prompt."""
    images = pictures(tiny, nurse="pppooo")
    shared = images.filter(concept="nurse").with_columns(role=pl.lit("neutral"), concept=pl.lit("person"))
    both = pl.concat([images.filter(pl.col("concept").ne_missing("person")), shared])
    row = disparity_of(measure(tiny, both), scope="concept", concept="nurse", against="baseline")
    assert (row["rate"], row["difference"], row["reason"]) == (
        0.5, None, "what it is held against: nothing was requested",
    )  # fmt: skip
