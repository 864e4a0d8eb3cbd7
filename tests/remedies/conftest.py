"""A copy of a home in which two versions of the phantom were audited, compared and published; and a hub."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.homes import Home
from tests.systems.pipelines.conftest import hub
from tests.systems.pipelines.hub import Hub

__all__ = ["Home", "Hub", "hub"]
SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
HOSTED = {
    "kind": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1", "width": 64, "height": 64, "quality": "low"
}  # fmt: skip
"""An entry of a hosted system at whose address nobody answers."""

MODEL = "phantom-stereotyped"


@pytest.fixture
def home(audited_twice: Home, tmp_path: Path) -> Home:
    """A copy of it, where MCAS_HOME points to."""
    return audited_twice._replace(path=Path(shutil.copytree(audited_twice.path, tmp_path / "home")))


@pytest.fixture
def systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes the systems that commands know."""

    def write(**entries: dict) -> Path:
        file = tmp_path / "systems.yaml"
        file.write_text(json.dumps({"systems": entries}))
        monkeypatch.setenv("MCAS_SYSTEMS", str(file))
        return file

    return write


@pytest.fixture
def start():
    """Starts Python code in another process, which does not outlive the test."""
    begun: list[subprocess.Popen[str]] = []

    def run(code: str, *words: object) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True)
        )
        return begun[-1]

    yield run
    for process in begun:
        process.kill()
        process.communicate()
