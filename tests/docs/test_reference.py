"""The reference says what is so: the committed pages are what is written now, and name the columns that there are."""

import pytest

from mcas_assets.core.paths import ROOT
from tests.systems.tiny.recipes import RECIPES
from tools.reference.pages import FOLDER, pages
from tools.reference.schema import described

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_would_be_written_now(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "run: uv run python -m tools.reference"


def test_no_page_is_left_from_what_is_no_longer_described():
    assert {path.name for path in FOLDER.glob("*.md")} - {"index.md"} == set(PAGES)


def test_the_tables_of_the_reference_have_the_columns_of_a_store(audited):
    stored = audited.rows(
        "select table_name, list(column_name order by column_index) from duckdb_columns() group by all"
    )
    told = {one.name: [name for name, _, _ in one.columns] for one in described(ROOT / "sql" / "schema.sql")}
    assert told == {name: columns for name, columns in stored if name in told}


def test_a_page_has_no_empty_cell_for_a_key_that_is_needed_of_a_system():
    rows = [row.split(" | ") for row in PAGES["systems.md"].splitlines() if row.startswith("| `")]
    assert [row[0] for row in rows if row[-1].strip(" |") == ""] == []


def test_every_family_of_the_tests_is_in_the_list_and_they_are_at_least_twenty():
    rows = [row.split(" | ") for row in PAGES["families.md"].splitlines() if row.startswith("| `")]
    tested = {row[0].strip("| `") for row in rows if row[1] == "audited tiny in a test"}
    assert tested == {recipe.pipeline for recipe in RECIPES.values()}
    assert len(tested) >= 20
    assert [row[0] for row in rows if row[1] == "not loadable" and not row[2].strip(" |")] == []
