"""The notebook of the documents runs from top to bottom in a new home, and is kept without what it printed."""

import nbformat
import pytest
from nbclient import NotebookClient

from mcas_assets.core.paths import ROOT

NOTEBOOK = ROOT / "docs" / "notebooks" / "from-python.ipynb"


@pytest.fixture
def notebook():
    return nbformat.read(NOTEBOOK, as_version=4)


def test_the_notebook_is_valid_and_holds_no_outputs(notebook):
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") for cell in notebook.cells)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_notebook_runs_and_finds_what_was_planted_and_what_changed(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("MCAS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = [str(output) for cell in done.cells for output in cell.get("outputs", ())]
    assert any("vega" in text for text in printed)
    assert "nurse" in printed[-1] or "gender" in printed[-1]
