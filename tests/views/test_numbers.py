"""Numbers as every view prints them."""

import pytest

from mcas_assets.views.numbers import change, interval, p_value, percent, percent_interval, signed


def test_a_share_is_a_percentage_and_a_missing_one_is_what_the_view_says():
    assert (percent(0.125), percent(1), percent(None), percent(None, "?")) == ("12 %", "100 %", "", "?")


def test_a_score_always_has_its_sign():
    assert (signed(0.25), signed(-0.2504), signed(0.5, 2), signed(None)) == ("+0.250", "-0.250", "+0.50", "")


def test_a_change_of_nothing_has_no_minus_and_an_end_of_an_interval_keeps_it():
    assert (change(-0.001), change(-0.12), change(None)) == ("+0.00", "-0.12", "")
    assert interval(-0.001, 0.2) == "-0.00 to +0.20"


def test_an_interval_is_two_ends_or_what_the_view_says():
    assert interval(-0.5, 1.25, digits=3) == "-0.500 to +1.250"
    assert (interval(None, 0.2), interval(0.2, None, "none")) == ("", "none")
    assert (percent_interval(0.5, 1.1), percent_interval(None, None)) == ("50 to 110 %", "")


@pytest.mark.parametrize(
    ("value", "text"), [(0.048, "0.048"), (0.001, "0.001"), (0.00042, "0.0004"), (0.00002, "2e-05"), (None, "")]
)
def test_a_small_p_value_is_never_0(value, text):
    assert p_value(value) == text
