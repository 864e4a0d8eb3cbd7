"""What the terminal says of the pictures themselves."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from mcas_assets.views.fidelity import change_line, picture_lines

OF = {"embedder": "phantom-balanced"}
OF_GROUP = {
    "scope": "group",
    "axis": "skin_tone",
    "group_name": "dark",
    "difference_low": 0.01,
    "difference_high": 0.04,
}


def frame(table: str, *rows: dict) -> pl.DataFrame:
    return pl.DataFrame([OF | row for row in rows], schema=frame_schema(table))


def test_lines_say_how_many_are_nearest_which_group_is_drawn_worse_and_how_unlike_images_are(tiny):
    alignment = frame(
        "alignment",
        {"scope": "all", "first_share": 0.9, "first_low": 0.8, "first_high": 1.0},
        {
            "scope": "group",
            "group_name": "woman",
            "difference": -0.05,
            "difference_low": -0.08,
            "difference_high": -0.02,
        },
        {"scope": "group", "group_name": "man", "difference": 0.01, "difference_low": -0.08, "difference_high": 0.1},
        *({**OF_GROUP, "labels": name, "difference": value} for name, value in (("pixels", 0.02), ("zero-shot", 0.03))),
    )
    diversity = frame(
        "diversity",
        {"category": "occupations", "concept": "nurse", "n_images": 8, "vendi": 1.2},
        {"category": "occupations", "concept": "ceo", "n_images": 8, "vendi": 3.4},
        {"category": "neutral", "concept": "person", "n_images": 8, "vendi": 1.0},
    )
    nearest, unlike = picture_lines(tiny, alignment, diversity)
    assert "90 % of the images of a concept (80 % to 100 %) are nearest to their own prompt, by chance 50 %" in nearest
    assert "woman -0.050 (-0.08 to -0.02)" in nearest
    assert "man" not in nearest.replace("woman", "")
    assert "dark +0.030 (+0.01 to +0.04)" in nearest
    assert "+0.020" not in nearest  # of the same group by the second labeller
    assert "as unlike each other as 1.2 (nurse) to 3.4 (ceo) images" in unlike


def test_an_older_home_says_nothing_of_pictures(tiny):
    assert picture_lines(tiny, frame("alignment"), frame("diversity")) == []
    assert change_line(tiny, frame("fidelity_comparisons")) == ""


def test_a_change_for_the_worse_is_called_so_whichever_way_its_measure_goes(tiny):
    rows = frame(
        "fidelity_comparisons",
        {"measure": "alignment", "value_before": 0.3, "value_after": 0.2, "difference": -0.1, "verdict": "changed"},
        {"measure": "alignment", "concept": "nurse", "difference": -0.1, "verdict": "changed"},
        {"measure": "similarity", "value_before": 0.5, "value_after": 0.4, "difference": -0.1, "verdict": "changed"},
        {"measure": "first_share", "value_before": 0.5, "value_after": 0.5, "difference": 0.0, "verdict": "not shown"},
    )
    assert change_line(tiny, rows) == (
        "image and prompt +0.300 ▶ +0.200, worse (in 1 concepts); nearest to their own prompt 50 % ▶ 50 %; "
        "cosine of two images +0.500 ▶ +0.400, better"
    )
