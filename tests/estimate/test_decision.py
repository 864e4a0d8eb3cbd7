"""The decision study: what more images, wordings or attributes would leave of the error of a score."""

from math import sqrt

import polars as pl
import pytest

from mcas_assets.estimate.decision import decision_rows, standard_error
from mcas_assets.store.schema import frame_schema

ERRORS = {"wording": 0.04, "seed": 0.02, "wording and seed": 0.01, "attribute image": 0.02}


def test_each_part_is_divided_by_what_it_is_of():
    assert standard_error(ERRORS, False) == pytest.approx(0.3)
    assert standard_error(ERRORS, False, images=2) == pytest.approx(sqrt(0.04 + 0.01 + 0.005 + 0.02))
    assert standard_error(ERRORS, False, wordings=2) == pytest.approx(sqrt(0.02 + 0.02 + 0.005 + 0.02))
    assert standard_error(ERRORS, False, attribute_prompts=4) == pytest.approx(sqrt(0.07 + 0.005))


def test_where_each_wording_has_its_own_seeds_more_wordings_are_more_seeds():
    assert standard_error({"wording": 0.04, "seed": 0.02}, True, wordings=2) == pytest.approx(sqrt(0.03))


def table(sources: dict[str, float], lacking: str | None = None) -> pl.DataFrame:
    key = {"system_version": "s@1", "axis": "gender", "embedder": "e"}
    rows = [key | {"source": source, "variance": error, "error": error} for source, error in sources.items()]
    rows += [key | {"source": "wording", "reason": lacking}] if lacking else []
    return pl.DataFrame(rows, schema=frame_schema("score_variances"))


def test_the_rows_say_what_the_error_comes_from_and_what_more_of_each_leaves():
    rows = dict(decision_rows(table(ERRORS | {"embedder": 9.0}), ["gender", "skin_tone"]))
    assert rows == {
        "gender, as declared": (
            "0.3, measured on s@1: wording 44 %, seed 22 %, attribute image 22 %, wording and seed 11 %"
        ),
        "gender, images x 2 / 4": "0.27 / 0.26",
        "gender, wordings x 2 / 4": "0.25 / 0.23",
        "gender, attribute images x 2 / 4": "0.28 / 0.27",
        "gender, attribute prompts x 2 / 4": "0.28 / 0.27",
    }


def test_one_wording_is_said_to_tell_nothing_of_wordings():
    *_, (name, value) = decision_rows(table({"seed": 0.01}, "one wording a concept"), ["gender"])
    assert (name, value) == ("gender, not in it", "one wording a concept: what a score owes to its wording")
