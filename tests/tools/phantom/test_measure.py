"""What the measures make of readings and shares that are known."""

import numpy as np
import pytest

from mcas_assets.phantom.draw import draw
from mcas_assets.phantom.reader import read
from mcas_assets.phantom.world import WORLDS
from tools.phantom.card import truth_csv
from tools.phantom.card_tables import table
from tools.phantom.measure import Sample, agreement, concept_rows, update_rows, world_agreement


def drawn(people: dict[str, list[tuple[str, int]]]) -> Sample:
    """A sample of drawn pictures: for each concept, figures and tones."""
    pictures = np.stack([draw(slug, figure, tone, (0, 0)) for slug, those in people.items() for figure, tone in those])
    return Sample(tuple(people), pictures, read(pictures))


def test_shares_are_those_of_the_people_that_can_be_read():
    sample = drawn({"nurse": [("woman", 0), ("woman", 9), ("man", 1)], "pilot": [("man", 7), ("man", 8), ("man", 2)]})
    np.testing.assert_allclose(sample.shares(), [[2 / 3, 1 / 3], [0, 2 / 3]])
    sample.pictures[2] = 0
    blanked = Sample(sample.slugs, sample.pictures, read(sample.pictures))
    np.testing.assert_allclose(blanked.shares(), [[1, 1 / 2], [0, 2 / 3]])
    sample.pictures[:3] = 0
    unread = Sample(sample.slugs, sample.pictures, read(sample.pictures))
    assert np.isnan(unread.shares()[0]).all()
    assert concept_rows(WORLDS["fair"], unread)[0]["realised_woman"] is None


def test_a_concept_counts_as_asked_for_only_if_it_is_the_one_that_was_asked_for():
    sample = drawn({"nurse": [("woman", 0)], "pilot": [("man", 7)]})
    swapped = Sample(("pilot", "nurse"), sample.pictures, sample.reading)
    assert [row["concept_as_asked"] for row in concept_rows(WORLDS["fair"], sample)] == [1, 1]
    assert [row["concept_as_asked"] for row in concept_rows(WORLDS["fair"], swapped)] == [0, 0]
    assert [row["concept_read"] for row in concept_rows(WORLDS["fair"], swapped)] == [1, 1]


def test_the_first_pictures_of_each_concept():
    sample = drawn({"nurse": [("woman", 0), ("man", 9)], "pilot": [("man", 7), ("woman", 2)]})
    one = sample.first(1)
    assert one.each == 1
    np.testing.assert_array_equal(one.reading.woman, [True, False])
    np.testing.assert_array_equal(one.pictures, sample.pictures[[0, 2]])


def test_agreement_of_shares_by_hand():
    planted = np.array([0.1, 0.5, 0.9])
    found = agreement(planted, 0.5 + 1.2 * (planted - 0.5) + 0.05, 64)
    assert found.r == pytest.approx(1)
    assert found.slope == pytest.approx(1.2)
    assert found.bias == pytest.approx(0.05)
    assert found.error == pytest.approx((0.03 + 0.05 + 0.13) / 3)


def test_the_error_by_chance_is_what_binomial_shares_show():
    planted = np.full(20_000, 0.3)
    shares = np.random.default_rng(0).binomial(64, 0.3, len(planted)) / 64
    found = agreement(planted, shares, 64)
    assert found.error == pytest.approx(found.chance, rel=0.03)
    assert found.r is None
    assert found.slope is None


def test_a_concept_without_a_readable_person_does_not_count():
    planted = np.array([0.1, 0.5, 0.9, 0.3])
    assert agreement(planted, np.array([0.1, 0.5, 0.9, np.nan]), 8).error == pytest.approx(0)


def test_bare_persons_do_not_count_in_the_agreement():
    sample = drawn({"person": [("woman", 9)], "nurse": [("woman", 0)], "pilot": [("man", 0)]})
    found = world_agreement(WORLDS["stereotyped"], sample)
    assert found["woman"]["bias"] == pytest.approx((0.1 - 0.06) / 2)


def test_an_update_is_told_apart_from_what_it_left_alone():
    old = drawn({"nurse": [("woman", 0), ("woman", 1)], "pilot": [("man", 7), ("man", 2)]})
    new = drawn({"nurse": [("woman", 0), ("man", 1)], "pilot": [("man", 7), ("man", 9)]})
    found = update_rows(WORLDS["stereotyped"], WORLDS["updated"], old, new)
    assert found["moved"] == [
        {"concept": "nurse", "planted_woman": -0.3, "planted_dark": 0.0, "realised_woman": -0.5, "realised_dark": 0.0}
    ]
    held = found["held"]
    assert (held["concepts"], held["same_figure"], held["same_half"]) == (1, 1.0, 0.5)
    assert (held["mean_change_woman"], held["mean_change_dark"]) == (0.0, 0.5)
    assert held["pixel_difference"] > 0


def test_a_truth_file_gives_both_groups_of_both_axes():
    sample = drawn({"nurse": [("woman", 0), ("woman", 1), ("man", 9), ("woman", 9)]})
    lines = truth_csv("stereotyped", concept_rows(WORLDS["stereotyped"], sample)).splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "axis,concept,group,planted,realised,n",
        "gender,nurse,man,0.1000,0.2500,4",
        "gender,nurse,woman,0.9000,0.7500,4",
        "skin_tone,nurse,light,0.4000,0.5000,4",
        "skin_tone,nurse,dark,0.6000,0.5000,4",
    ]


def test_a_table_is_markdown():
    assert table(("a", "b"), [(1, "x")]) == "| a | b |\n| --- | --- |\n| 1 | x |"
