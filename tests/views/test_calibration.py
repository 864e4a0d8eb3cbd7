"""What a terminal says of a calibration: misses first, cells that are well left out."""

import polars as pl

from mcas_assets.calibrate.rows import Row, frame
from mcas_assets.views import calibration

ROWS = [
    Row("recovery", "gender", "e", "well", 0.01, met=True, goal="g"),
    Row("coverage", "gender", "e", "cell that is well", 0.95, met=True, goal="g"),
    Row("coverage", "gender", "e", "cell of few audits", 0.95, goal="g"),
    Row("harder", "gender", "e", "cell with a reason", 0.8, met=False, goal="g", reason="why"),
    Row("recovery", "gender", "e", "missed", 0.5, met=False, goal="g"),
    Row("null_control", "gender", "e", "no goal", 0.5),
]


def table(rows=ROWS):
    return frame(rows, "phantom@0123456789ab")


def test_misses_come_first_and_those_for_no_known_reason_before_all():
    names = calibration.misses_first(table())["name"].to_list()
    assert names[:3] == ["missed", "cell with a reason", "well"]
    assert set(names) == {one.name for one in ROWS}


def test_cells_that_are_well_are_in_the_table_alone():
    shown = calibration.shown(table())
    assert shown["name"].to_list() == ["missed", "cell with a reason", "well", "no goal"]
    assert shown.columns[-1] == "reason"


def test_a_copy_from_before_there_were_reasons_is_shown_too():
    shown = calibration.shown(table().drop("reason"))
    assert set(shown["name"][:2]) == {"missed", "cell with a reason"}
    assert shown["reason"].is_null().all()


def test_the_summary_counts_goals_by_kind_and_misses_without_a_reason():
    lines = list(calibration.summary(table()))
    assert "recovery: 1 of 2 goals are met" in lines
    assert "coverage: 1 of 1 goals are met" in lines
    assert lines[-1].startswith("2 goals are missed, 1 of them for no known reason")
    assert calibration.unexplained(table()) == 1
    assert calibration.unexplained(table(ROWS[:4])) == 0
    assert isinstance(calibration.shown(table([])), pl.DataFrame)
