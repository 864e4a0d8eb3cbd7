"""A daemon that is killed thirty times at random points ends with the tables of one that was left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcas_assets.core.paths import ROOT

KILLS = 30
pytestmark = [pytest.mark.soak, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def soaked(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The report of `benchmarks/soak.py`, which does the work."""
    folder = tmp_path_factory.mktemp("soak")
    command = [sys.executable, str(ROOT / "benchmarks" / "soak.py"), "--kills", str(KILLS), "--seed", "1"]
    done = subprocess.run(
        [*command, "--report", str(folder / "report.json")],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert Path(folder / "report.json").exists(), done.stdout + done.stderr
    print(done.stdout)
    return json.loads((folder / "report.json").read_text())


def test_a_daemon_was_killed_at_work_and_between(soaked):
    assert sum(soaked["where"].values()) == soaked["kills"] == KILLS
    assert len(soaked["where"]) >= 4, soaked["where"]
    assert soaked["steps"] >= 3


def test_what_it_ends_with_is_bit_for_bit_what_an_undisturbed_one_makes(soaked):
    assert soaked["differences"] == []


def test_nothing_is_doubled_and_no_run_is_left_under_way(soaked):
    assert soaked["doubled"] == []


def test_no_image_is_without_a_row_and_no_row_without_its_image(soaked):
    assert soaked["orphans"] == []


def test_no_draft_and_no_lock_is_left_over(soaked):
    assert soaked["leftovers"] == []


def test_a_reader_of_the_published_copy_never_saw_an_error_or_a_torn_state(soaked):
    assert soaked["reads"] > 100
    assert soaked["torn_or_failed_reads"] == {}
