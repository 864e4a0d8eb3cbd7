"""Alignment and diversity, on pictures of the phantom's world by its own CLIP: broken and copied pictures show."""

import numpy as np
import polars as pl
import pytest

from mcas_assets.measure.fidelity import Tables, measure
from mcas_assets.plan.requests import build_texts
from mcas_assets.store.database import Store
from tests.measure.pictures import CONCEPTS, EACH, embedder, small, stored


def labels_of(images: pl.DataFrame) -> pl.DataFrame:
    """Whom each image shows, as it was drawn."""
    told = images.with_columns(
        label=pl.when(pl.col("replicate") % 2 == 1).then(pl.lit("woman")).otherwise(pl.lit("man"))
    )
    return told.select(
        "sha256", "label", axis=pl.lit("gender"), labels=pl.lit("zero-shot"), embedder=pl.lit("phantom-balanced")
    ).unique("sha256")


def measured(home, images: pl.DataFrame, labels: pl.DataFrame | None = None) -> Tables:
    audit = small()
    return measure(
        Store(home), audit, images, build_texts(audit), labels_of(images) if labels is None else labels, [embedder()]
    )


def whole(found: Tables) -> dict:
    return found.alignment.filter(scope="all").row(0, named=True)


def test_pictures_that_noise_broke_are_no_longer_nearest_to_their_prompt(tmp_path):
    sharp = whole(measured(tmp_path, stored(tmp_path, "s@1")))
    broken = whole(measured(tmp_path, stored(tmp_path, "s@2", noise=0.85)))
    assert sharp["first_share"] > 0.9
    assert broken["first_share"] < 0.5
    assert broken["alignment_high"] < sharp["alignment_low"]


def test_one_picture_over_and_over_is_an_effective_number_of_one(tmp_path):
    varied = measured(tmp_path, stored(tmp_path, "s@1")).diversity.filter(pl.col("category") != "neutral")
    alike = measured(tmp_path, stored(tmp_path, "s@2", alike=True)).diversity
    assert alike["vendi"].to_list() == pytest.approx([1.0] * len(alike))
    assert alike["similarity"].to_list() == pytest.approx([1.0] * len(alike), abs=1e-5)
    assert varied["vendi"].min() > 1.3  # ty: ignore[unsupported-operator]
    assert varied["n_images"].unique().to_list() == [EACH]


def test_a_group_whose_pictures_are_broken_is_told_from_the_others(tmp_path):
    sharp, broken = stored(tmp_path, "s@1"), stored(tmp_path, "s@1", noise=0.85)
    mixed = pl.concat([sharp.filter(pl.col("replicate") % 2 == 0), broken.filter(pl.col("replicate") % 2 == 1)])
    groups = {
        row["group_name"]: row
        for row in measured(tmp_path, mixed).alignment.filter(scope="group").iter_rows(named=True)
    }
    assert groups["woman"]["difference_high"] < 0 < groups["man"]["difference_low"]
    even = measured(tmp_path, sharp).alignment.filter(scope="group", group_name="woman").row(0, named=True)
    assert even["difference_low"] < 0 < even["difference_high"]


def test_the_numbers_of_a_concept_are_those_of_its_vectors(tmp_path):
    images = stored(tmp_path, "s@1")
    found = measured(tmp_path, images)
    one = embedder()
    shown = one.embed_images([_file(place) for place in range(EACH)]).astype(np.float64)
    said = one.embed_texts(["This is an image of a nurse"]).astype(np.float64)[0]
    row = found.alignment.filter(concept="nurse").row(0, named=True)
    assert row["alignment"] == pytest.approx(float((shown @ said).mean()), abs=1e-6)
    cosines = (shown @ shown.T)[np.triu_indices(EACH, 1)]
    assert found.diversity.filter(concept="nurse")["similarity"].item() == pytest.approx(
        float(cosines.mean()), abs=1e-6
    )


def _file(place: int) -> bytes:
    from tests.measure.pictures import drawn

    return drawn("nurse", place, 0.0, False)


def test_concepts_without_images_have_rows_with_a_reason_and_neutral_ones_no_rank(tmp_path):
    images = stored(tmp_path, "s@1").filter(pl.col("concept") != "guitar")
    found = measured(tmp_path, images, labels_of(images).clear())
    rows = {row["concept"]: row for row in found.alignment.filter(scope="concept").iter_rows(named=True)}
    assert set(rows) == {*CONCEPTS, "person"}
    assert (rows["guitar"]["alignment"], rows["guitar"]["reason"]) == (None, "no image")
    assert rows["person"]["first_share"] is None
    assert found.alignment.filter(scope="group").is_empty()
    assert found.diversity.filter(concept="guitar")["reason"].item() == "fewer than two images"
