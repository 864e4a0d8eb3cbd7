"""What the page of trust tells of a calibration: its misses first, with their reasons, and how many cells are well."""

import re
import shutil

import pytest

from mcas_assets.calibrate.rows import Row, frame
from mcas_assets.pages import trust
from mcas_assets.pages.app import LiveLinks
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import render
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published

ROWS = [
    Row("recovery", "gender", "e", "found again", 0.01, met=True, goal="at most 0.02"),
    Row("coverage", "gender", "e", "a cell that is well", 0.95, met=True, goal="0.93 to 0.97"),
    Row("harder", "gender", "e", "a cell with a reason", 0.8, met=False, goal="0.93 to 0.97", reason="three groups"),
]


@pytest.fixture
def calibrated(shown, tmp_path) -> str:
    """The text of a page of trust."""
    store = Store(shutil.copytree(shown.home, tmp_path / "home"))
    made = ledger.made_here(
        asset="calibration", partition="", audit=shown.audit, run_id="r", code_version="1", data_version="0" * 64,
        input_versions={},
    )  # fmt: skip
    with store.open() as con:
        ledger.record(con, made, {"calibration": frame(ROWS, shown.before)})
    publish(store)
    section = trust.section(Reader(Published(store)), LiveLinks(0), shown.audit, shown.before)
    return render([section], LiveLinks(0))


@pytest.mark.timeout(300)
def test_misses_stand_first_with_their_reasons_and_cells_that_are_well_are_counted(calibrated):
    first, every = calibrated.split("Every figure stands below")
    assert 0 < first.index("a cell with a reason") < first.index("three groups") < first.index("found again")
    assert "a cell that is well" not in first
    assert "that meet their goal: 1." in first
    assert [every.count(row.name) for row in ROWS] == [1, 1, 1]


def test_each_figure_of_a_calibration_leads_to_the_row_that_says_how_it_was_found(calibrated):
    led = re.findall(r'href="#(calibration-\d+)" title="([^"]*)"', calibrated)
    assert len(led) == 2
    for anchor, name in led:
        assert f'id="{anchor}"><th scope="row">{name}<' in calibrated
