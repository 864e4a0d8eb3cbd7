"""A fix that breaks the pictures shows: pairs of the phantom's pictures, the same ones broken, and the same again."""

from typing import Any

import polars as pl
import pytest

from mcas_assets.compare.fidelity import compare_fidelity, n_rows
from mcas_assets.compare.pairing import pair
from mcas_assets.plan.requests import build_texts
from mcas_assets.store.database import Store
from mcas_assets.views.fidelity import change_line
from tests.measure.pictures import CONCEPTS, embedder, small, stored

ABOUT = {
    "system": "s",
    "system_version": "s@2",
    "before": "s@1",
    "after": "s@2",
    "is_predecessor": True,
    "audit": "phantom",
}


def compared(home, before: pl.DataFrame, after: pl.DataFrame, lacking: dict[str, str] | None = None) -> pl.DataFrame:
    audit = small()
    return compare_fidelity(
        Store(home), audit, ABOUT, pair(audit, before, after), build_texts(audit), [embedder()], lacking or {}
    )


def over_all(rows: pl.DataFrame, measure: str) -> dict[str, Any]:
    return rows.filter(pl.col("concept").is_null(), measure=measure).row(0, named=True)


def test_a_fix_that_shows_women_and_breaks_the_pictures_is_worse(tmp_path):
    rows = compared(tmp_path, stored(tmp_path, "s@1"), stored(tmp_path, "s@2", noise=0.85, only_women="engineer"))
    assert len(rows) == n_rows(small())
    for measure in ("alignment", "first_share"):
        row = over_all(rows, measure)
        assert (row["verdict"], row["difference"] < 0) == ("changed", True), measure
    assert set(rows.filter(measure="alignment", verdict="changed")["concept"].drop_nulls()) == set(CONCEPTS)
    line = change_line(small(), rows)
    assert "worse (in 6 concepts)" in line
    assert "nearest to their own prompt" in line


def test_a_fix_that_gives_one_picture_over_and_over_is_more_alike(tmp_path):
    rows = compared(tmp_path, stored(tmp_path, "s@1"), stored(tmp_path, "s@2", alike=True))
    row = over_all(rows, "similarity")
    assert row["verdict"] == "changed"
    assert row["value_after"] == pytest.approx(1.0, abs=1e-5)
    assert "cosine of two images" in change_line(small(), rows)


def test_the_same_pictures_are_no_change(tmp_path):
    rows = compared(tmp_path, stored(tmp_path, "s@1"), stored(tmp_path, "s@2"))
    assert set(rows["verdict"]) == {"not shown", "not judged"}
    told = rows.filter(pl.col("category").ne_missing("neutral"), pl.col("measure") != "first_share")
    assert set(told["reason"]) == {"the two versions gave the same images"}
    assert "worse" not in change_line(small(), rows)


def test_without_vectors_of_one_version_each_row_says_so(tmp_path):
    rows = compared(tmp_path, stored(tmp_path, "s@1"), stored(tmp_path, "s@2"), {"phantom-balanced": "not embedded"})
    assert len(rows) == n_rows(small())
    assert set(rows.filter(pl.col("category").ne_missing("neutral"))["reason"]) == {"not embedded"}
    assert change_line(small(), rows) == ""
