"""Progress in the log, on a terminal, and both."""

import logging
import re
import time

import pytest

from mcas_assets.core.progress import BothProgress, LogProgress, TerminalProgress


def test_the_log_says_items_rate_and_time_left(caplog):
    with caplog.at_level(logging.INFO), LogProgress(every=0).task("images", 4) as advance:
        advance(1)
        advance(3)
    first, middle, last = (record.getMessage() for record in caplog.records)
    assert first == "images: 4 to do"
    assert middle.startswith("images: 1 of 4 (25 %), ")
    assert middle.endswith("s left")
    assert last.startswith("images: 4 done in ")


def test_a_task_without_work_leaves_no_line_in_the_log(caplog):
    with caplog.at_level(logging.INFO), LogProgress().task("images", 0):
        pass
    assert caplog.records == []


def test_the_terminal_shows_counts_and_what_was_up_to_date(capsys):
    with TerminalProgress() as bars:
        with bars.task("images", 2) as advance:
            advance(2)
        with bars.task("embeddings", 0):
            pass
    shown = capsys.readouterr().err
    assert "images" in shown
    assert "2/2" in shown
    assert "up to date" in shown


@pytest.mark.parametrize("columns", [80, 200])
def test_no_number_of_a_bar_is_cut(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    with TerminalProgress() as bars, bars.task("embeddings, phantom-balanced", 250_280) as advance:
        time.sleep(0.1)  # no machine does more than this a second
        advance(250_000)
    (line,) = capsys.readouterr().err.rstrip("\n").splitlines()
    assert len(line) <= columns
    assert "…" not in line
    assert re.search(r"embeddings, phantom-balanced +\S+ 250000/250280 +[\d,]+/s .*left +\S{7}$", line)


def test_both_listeners_hear_of_every_item(caplog, capsys):
    with (
        caplog.at_level(logging.INFO),
        TerminalProgress() as bars,
        BothProgress(LogProgress(), bars).task("scores", 3) as advance,
    ):
        advance(3)
    assert "scores: 3 done" in caplog.text
    assert "3/3" in capsys.readouterr().err
