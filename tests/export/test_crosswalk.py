"""Crosswalks name tables that there are, when and what was read, and a gap beside every clause."""

import datetime

import pytest

from mcas_assets.export.crosswalk import load_crosswalks, write_crosswalk
from mcas_assets.store.schema import columns_of

CROSSWALKS = load_crosswalks()


def test_the_frameworks_are_those_that_are_promised():
    assert [one.framework for one in CROSSWALKS] == ["eu-ai-act", "iso-iec-42001", "nist-ai-800-3", "nist-ai-rmf"]


@pytest.mark.parametrize("one", CROSSWALKS, ids=lambda one: one.framework)
def test_a_crosswalk_names_tables_that_there_are_and_what_it_does_not_say(one):
    assert one.read <= datetime.date.today()
    assert one.read_from
    assert one.gaps
    assert one.dates
    for clause in one.clauses:
        assert clause.gap
        assert all(columns_of(name) for name in clause.tables)


def test_a_page_says_that_it_is_no_claim_when_it_was_read_and_how_many_rows_there_are(given, tmp_path):
    write_crosswalk(given.measured, tmp_path)
    page = (tmp_path / "eu-ai-act.md").read_text()
    assert "no claim of compliance" in page
    assert "Last read 2026-" in page
    assert "`scores` (12 rows)" in page
    assert "`canary` (no rows here)" in page
    assert page.count("* Does not say: ") == len(CROSSWALKS[0].clauses)
