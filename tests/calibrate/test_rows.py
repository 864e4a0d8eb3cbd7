"""Figures as rows: the goals that they are held to, and what is no figure."""

import numpy as np
import pytest

from mcas_assets.calibrate.rows import COVERAGE, LINE, SHARE, alarm_goal, frame, mean_of_trials, rate_row, row
from mcas_assets.store.schema import frame_schema


def test_a_figure_that_is_missing_misses_its_goal():
    assert row("recovery", None, None, "x", float("nan"), goal=SHARE).met is False
    assert row("recovery", None, None, "x", 0.02, goal=SHARE).met is True
    assert row("recovery", None, None, "x", 0.989, goal=LINE).met is False
    assert row("recovery", None, None, "x", 1.0).met is None


def test_the_tolerance_of_alarms_is_what_chance_allows():
    goal = alarm_goal(200, rates=1)
    assert goal.is_met(15 / 200)
    assert not goal.is_met(16 / 200)  # P(more than 15 of 200 at 5 %) is 4.4 %
    assert "200" in goal.text
    assert alarm_goal(200).is_met(19 / 200)  # of sixteen such rates one passes this by chance in 5 % of calibrations
    assert not alarm_goal(200).is_met(20 / 200)


def test_outcomes_of_one_trial_may_depend_on_each_other():
    once = (np.random.default_rng(0).random((400, 1)) < 0.9).astype(float)
    mean, ends = mean_of_trials(once)
    repeated, wider = mean_of_trials(np.repeat(once, 5, axis=1))
    assert mean == repeated
    assert wider == pytest.approx(ends, abs=0.01)  # five copies are no five times as many audits
    assert np.isnan(mean_of_trials(np.full((3, 2), np.nan))[0])


def test_rows_become_the_table():
    table = frame([row("recovery", "gender", "e", "x", 0.01, (0.0, 0.1), SHARE, "how")], "phantom@0123456789ab")
    assert table.schema == frame_schema("calibration")
    assert table.row(0) == (
        "phantom@0123456789ab",
        "recovery",
        "gender",
        "e",
        "x",
        0.01,
        0.0,
        0.1,
        "at most 0.02",
        True,
        "how",
        None,
    )


@pytest.mark.parametrize(
    ("rate", "trials", "met"),
    [
        (0.95, 600, True),
        (0.92, 600, True),
        (0.90, 600, False),
        (0.99, 600, False),
        (0.95, 200, None),
        (0.7, 200, False),
    ],
)
def test_a_rate_misses_its_goal_where_chance_does_not_explain_it(rate, trials, met):
    outcomes = (np.arange(trials) < round(rate * trials)).astype(float)[:, None]
    assert rate_row("coverage", "gender", "e", "x", outcomes, COVERAGE, "").met is met


def test_only_a_miss_has_a_reason():
    held, lost = np.ones((600, 1)), np.zeros((600, 1))
    held[:30] = 0
    assert rate_row("coverage", "gender", "e", "x", held, COVERAGE, "", "why").reason is None
    assert rate_row("coverage", "gender", "e", "x", lost, COVERAGE, "", "why").reason == "why"
    assert rate_row("coverage", "gender", "e", "x", np.full((600, 1), np.nan), COVERAGE, "").met is False
