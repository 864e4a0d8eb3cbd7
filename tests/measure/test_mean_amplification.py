"""Directional amplification over the concepts of an audit: who is asked, by what size, and where there is none."""

import polars as pl
import pytest

from mcas_assets.declare.populations import Population, load_population
from mcas_assets.labellers.find import labellers_of
from mcas_assets.measure.confusion import Labels
from mcas_assets.measure.labels import keys
from mcas_assets.measure.mean_amplification import measure, n_rows
from mcas_assets.scoring.shares.amplification import directional_amplification


def town(weights: dict[str, float] | None = None, **women: float) -> Population:
    return Population(
        name="town", title="A town", source="Its register", year=2020, locale="Town", axes=("gender",),
        shares={"gender": {concept: {"woman": share, "man": 1 - share} for concept, share in women.items()}},
        weights={"gender": weights} if weights else {},
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(tiny, pictures):
    """Images of nurses, five of six women, and of ceos, all men; attribute images that are read right."""
    images = pictures(tiny, nurse="oooooo", ceo="oooooo").with_columns(
        sha256=pl.col("image_id"), seed=pl.int_range(pl.len()), outcome=pl.lit("ok")
    )
    is_man = pl.when(pl.col("role") == "attribute").then(pl.col("pole") == "a").otherwise(pl.col("concept") == "ceo")
    first = pl.col("sha256") == images.filter(concept="nurse")["sha256"][0]
    labels = images.with_columns(label=pl.when(is_man | first).then(0).otherwise(1))
    of = dict(labels.filter(pl.col("axis").is_null() | (pl.col("axis") == "gender")).select("sha256", "label").rows())
    return images, {"gender": [Labels("zero-shot", "e", of)]}


def rows(tiny, told, population: Population) -> pl.DataFrame:
    audit = tiny.model_copy(update={"axes": {"gender": tiny.axes["gender"]}, "populations": (population.name,)})
    images, labellers = told
    return measure(
        audit, images.filter(pl.col("axis").is_null() | (pl.col("axis") == "gender")), labellers, [population]
    )


def test_the_mean_is_of_the_concepts_that_the_population_speaks_of_and_labels_that_are_right_change_nothing(tiny, told):
    found = rows(tiny, told, town(nurse=0.8, ceo=0.3, pilot=0.1))
    expected = directional_amplification([[1 / 6, 5 / 6], [1, 0]], [[0.2, 0.8], [0.7, 0.3]]).value
    assert found["mean"].to_list() == pytest.approx([expected] * 2)
    assert found.select("measure", "n_concepts", "n_images", "is_weighted").rows() == [
        ("share", 2, 12, False), ("corrected_share", 2, 12, False),
    ]  # fmt: skip
    assert (found["low"] < found["mean"]).all()
    assert (found["high"] > found["mean"]).all()


def test_an_interval_that_rests_mostly_on_measured_label_errors_says_so(tiny, told):
    """Where all images of a concept are alike, what is unknown is how the labeller errs."""
    images, labellers = told
    alike = labellers["gender"][0].of | dict.fromkeys(images.filter(concept="nurse")["sha256"], 1)
    found = rows(tiny, (images, {"gender": [Labels("zero-shot", "e", alike)]}), town(nurse=0.8, ceo=0.3))
    assert "label errors" in found.filter(measure="corrected_share")["note"].item()
    assert found.filter(measure="share")["note"].item() is None


def test_a_size_in_the_population_is_the_weight_of_a_concept(tiny, told):
    found = rows(tiny, told, town({"nurse": 3.0, "ceo": 1.0}, nurse=0.8, ceo=0.3))
    assert found["mean"][0] == pytest.approx(0.75 * (5 / 6 - 0.8) + 0.25 * 0.3)
    assert found["is_weighted"].all()


def test_where_there_is_no_mean_there_is_a_reason(tiny, told):
    assert rows(tiny, told, load_population("parity"))["reason"].unique().to_list() == [
        "the population associates no concept with a group"
    ]
    silent = rows(tiny, told, town(pilot=0.1))
    assert silent["reason"].unique().to_list() == [
        "no concept that the population has a value for has 2 counted images"
    ]


def test_an_audit_has_two_rows_for_each_axis_labeller_and_population(audited, tiny):
    assert audited.rows("select count(*) from mean_amplification") == [(n_rows(tiny, keys(tiny, labellers_of(tiny))),)]
