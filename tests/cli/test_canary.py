"""`mcas canary`: a window of a declared system, asked once, and what it says of the one before."""

from pathlib import Path

import pytest
import yaml

from mcas_assets.core.paths import canaries_folder
from tests.cli.command import mcas

SYSTEMS = "systems:\n  watched:\n    kind: drawn\n    world: harder\n    audits: [phantom]\n    canary: few\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose one system is asked four prompts, five images each."""
    folder = tmp_path / "project"
    (folder / "canaries").mkdir(parents=True)
    shipped = yaml.safe_load((canaries_folder() / "phantom.yaml").read_text())
    few = shipped | {"canary": "few", "prompts": shipped["prompts"][:4], "images_per_prompt": 5, "permutations": 99}
    (folder / "canaries/few.yaml").write_text(yaml.safe_dump(few))
    (folder / "mcas.yaml").write_text("project: few\n")
    (folder / "systems.yaml").write_text(SYSTEMS)
    return folder


@pytest.mark.timeout(300)
def test_a_window_says_what_it_found_beside_the_one_before_and_warns_of_nothing(project, tmp_path):
    def canary(window: str):
        return mcas("canary", "watched", "--window", window, home=tmp_path / "home", MCAS_PROJECT=str(project))

    first, second = canary("2026-11-21"), canary("2026-11-28")
    for done in (first, second):
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr
        assert "20 images, 0 refused, 0 lost of 20" in done.stderr
    assert "window 2026-11-21: first window" in first.stdout
    assert "window 2026-11-28 against 2026-11-21: not shown, p 1.0000" in second.stdout


@pytest.mark.timeout(300)
def test_a_system_that_is_not_declared_is_named_beside_those_that_are(project, tmp_path):
    done = mcas("canary", "wachted", home=tmp_path / "home", MCAS_PROJECT=str(project))
    assert done.returncode == 2
    assert "declares no system 'wachted'" in done.stderr
    assert "watched" in done.stderr
