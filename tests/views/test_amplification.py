"""What the terminal says of the associations of a population."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from mcas_assets.views.amplification import amplification_lines

MEAN = {
    "axis": "gender", "labels": "zero-shot", "embedder": "phantom-balanced", "population": "town", "n_concepts": 14,
    "is_weighted": True, "n_images": 200, "n_effective": 31.4,
}  # fmt: skip


def test_the_corrected_mean_is_told_in_words_with_its_interval():
    rows = [
        MEAN | {"measure": "share", "mean": 0.02, "low": -0.01, "high": 0.05},
        MEAN | {"measure": "corrected_share", "mean": 0.08, "low": 0.03, "high": 0.13, "note": "unsure labels"},
        MEAN | {"population": "parity", "measure": "share"},
    ]
    (line,) = amplification_lines(pl.DataFrame(rows, schema=frame_schema("mean_amplification")))
    assert "associations of town are made stronger: mean over 14 concepts, each by its size there +0.08" in line
    assert (
        "(+0.03 to +0.13*), corrected shares of 200 images, as sure as 31 that share no seed. * unsure labels." in line
    )


def test_an_interval_that_holds_0_shows_nothing_whatever_another_labeller_says():
    rows = [
        MEAN | {"measure": "share", "mean": 0.02, "low": -0.01, "high": 0.05},
        MEAN | {"labels": "judge", "embedder": None, "measure": "share", "mean": 0.2, "low": 0.1, "high": 0.3},
    ]
    (line,) = amplification_lines(pl.DataFrame(rows, schema=frame_schema("mean_amplification")))
    assert "not shown to be made stronger or weaker" in line
