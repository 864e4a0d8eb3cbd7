"""What the page of trust tells of a calibration: its misses first, with their reasons, and how many cells are well."""

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


@pytest.mark.timeout(300)
def test_misses_stand_first_with_their_reasons_and_cells_that_are_well_are_counted(shown, tmp_path):
    store = Store(shutil.copytree(shown.home, tmp_path / "home"))
    made = ledger.made_here(
        asset="calibration", partition="", audit=shown.audit, run_id="r", code_version="1", data_version="0" * 64,
        input_versions={},
    )  # fmt: skip
    with store.open() as con:
        ledger.record(con, made, {"calibration": frame(ROWS, shown.before)})
    publish(store)
    section = trust.section(Reader(Published(store)), LiveLinks(0), shown.audit, shown.before)
    text = render([section], LiveLinks(0))
    assert 0 < text.index("a cell with a reason") < text.index("three groups") < text.index("found again")
    assert "a cell that is well" not in text
    assert "that meet their goal: 1." in text
