"""Bars and tables that all views draw with."""

import pytest

from mcas_assets.views.drawing import axis_title, cell_of, lean_bar, poles_heading, track


def test_a_bar_grows_from_the_middle_to_the_side_of_its_pole_in_eighths():
    assert lean_bar(0.5, 1.0, 4, is_faint=False).plain == "    │██  "
    assert lean_bar(0.28, 1.0, 4, is_faint=False).plain == "    │█▏  "
    assert lean_bar(-0.4, 1.0, 4, is_faint=False).plain == "  ▐█│    "


def test_a_bar_of_more_than_the_widest_is_as_long_as_it():
    assert lean_bar(3.0, 1.0, 4, is_faint=False).plain == lean_bar(1.0, 1.0, 4, is_faint=False).plain


@pytest.mark.parametrize(("is_faint", "style"), [(False, "cyan"), (True, "dim cyan")])
def test_a_faint_bar_keeps_its_colour(is_faint, style):
    assert lean_bar(1.0, 1.0, 4, is_faint).spans[-1].style == style


def test_a_track_has_its_zero_in_the_middle_unless_something_lies_there():
    assert track({}, 2).plain == "  │  "
    assert track({0: ("○", "red"), 4: ("●", "red")}, 2).plain == "○ │ ●"
    assert track({2: ("┃", "bold")}, 2).plain == "  ┃  "


def test_a_value_lies_on_the_track_to_scale_and_never_beyond_it():
    assert [cell_of(value, 2.0, 4) for value in (-9, -2, -1, 0, 1, 2, 9)] == [0, 0, 2, 4, 6, 8, 8]


def test_the_poles_stand_on_the_sides_that_bars_grow_to(tiny):
    axis = tiny.axes["gender"]
    assert axis_title("skin_tone", axis) == "skin tone: woman ◀ ▶ man"
    assert poles_heading(axis, 8) == "   woman │ man"
