"""What an audit takes, one quantity a row, at the width of a terminal of 80 columns."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from mcas_assets.estimate.cost import estimate
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system
from mcas_assets.views.plan import head_rows, plan_rows, table_of

SYSTEM = find_system("phantom-harder")


@pytest.fixture
def found(tiny, tmp_path):
    return estimate(tiny, SYSTEM, Store(tmp_path / "home"))


def printed(rows) -> str:
    told = StringIO()
    Console(file=told, width=80).print(table_of(rows))
    return told.getvalue()


def test_each_quantity_has_a_row_and_nothing_of_it_is_cut_at_80_columns(found):
    rows = list(plan_rows(SYSTEM.identity(), found))
    sections = "".join("|" if not name.startswith(" ") else f"{name};" for name, _ in rows).split("|")[1:]
    assert all(len(set(names := one.split(";")[:-1])) == len(names) > 0 for one in sections), sections
    shown = "".join(printed(rows).split())
    for name, value in rows:
        assert "".join(name.split()) in shown
        assert all(word in shown for word in value.split())
    assert "…" not in shown


def test_price_and_time_are_rows_of_their_own(found):
    dear = replace(found, pace=replace(found.pace, milliseconds=500.0, price=0.04))
    rows = dict(plan_rows(SYSTEM.identity(), dear))
    assert rows["  price"].endswith("USD at 0.04 an image")
    assert rows["  time"].endswith("at 500 ms an image")


def test_what_an_audit_says_before_it_begins_is_settings_images_time_and_the_change_that_it_shows(found):
    names = [name.strip() for name, _ in head_rows(SYSTEM.identity(), found)]
    assert names[0] == "kind"
    assert names[-4:] == ["images", "images of a concept", "time", "change of MCAS that is called"]


def test_a_change_that_no_number_of_images_finds_is_said_to_be_out_of_reach(found):
    rows = dict(plan_rows(SYSTEM.identity(), replace(found, wanted=None)))
    assert rows["  on every axis"].startswith("out of reach")
    assert "  images in all" not in rows
