"""What the terminal shows of two axes at once."""

import polars as pl

from mcas_assets.store.schema import frame_schema
from mcas_assets.views.intersections import intersection_lines

CELL = {
    "axis_1": "gender", "axis_2": "skin_tone", "labels_1": "zero-shot", "labels_2": "zero-shot", "scope": "all concepts",
    "embedder": "phantom-balanced", "n_counted": 40,
}  # fmt: skip


def test_pairs_of_groups_are_told_from_the_most_shown_on_and_small_ones_by_their_most():
    rows = [
        CELL | {"group_1": "man", "group_2": "dark", "n_cell": 2, "share_high": 0.17},
        CELL
        | {"group_1": "man", "group_2": "light", "n_cell": 38, "share": 0.95, "share_low": 0.83, "share_high": 0.99},
        CELL | {"group_1": "man", "group_2": "light", "n_cell": 9, "concept": "nurse"},
        CELL | {"labels_1": "judge", "group_1": "man", "group_2": "light", "n_cell": 9},
    ]
    (line,) = intersection_lines(pl.DataFrame(rows, schema=frame_schema("intersections")))
    assert (
        "of 40 images of all concepts: man and light 95 % (83 % to 99 %); man and dark in 2 images, at most 17 %."
        in line
    )


def test_an_audit_of_one_axis_has_no_line():
    assert intersection_lines(pl.DataFrame(schema=frame_schema("intersections"))) == []
