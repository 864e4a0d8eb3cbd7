"""What a daemon does by itself, done by hand: `mcas watch --run` and `mcas canary` on a system that moves behind its name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcas_assets.core.paths import DATA
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from tests.systems.hosted.providers import KEY, Reply, openai_entry, openai_ok, picture

SMALLEST = Path(__file__).parents[2] / "data" / "smallest.yaml"
PHANTOM = {
    "kind": "diffusers", "path": f"{DATA}/phantom/stereotyped", "steps": 2, "guidance": 1.0, "width": 64, "height": 64,
    "dtype": "float32", "audits": ["smallest"],
}  # fmt: skip
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
Mcas = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def mcas(tmp_path, openai_provider) -> Mcas:
    """The command, where three systems are declared: a folder, one that is not there, and one of a provider."""
    (tmp_path / "audits").mkdir()
    shutil.copy(SMALLEST, tmp_path / "audits")
    systems = {
        "local": PHANTOM,
        "gone": PHANTOM | {"path": "not-there"},
        "gpt": openai_entry(openai_provider, audits=["smallest"], canary="phantom"),
    }
    (tmp_path / "systems.yaml").write_text(json.dumps({"systems": systems}))
    seams = {
        "MCAS_HOME": str(tmp_path / "home"), "MCAS_SYSTEMS": str(tmp_path / "systems.yaml"),
        "MCAS_AUDITS": str(tmp_path / "audits"), "OPENAI_API_KEY": KEY, "COLUMNS": "160",
    }  # fmt: skip

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mcas_assets", *words],
            env={**os.environ, **seams}, capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip

    return run


def versions(home: Path) -> dict[str, int]:
    """How many versions of each system have published scores."""
    found = query(Store(home), "select system, count(distinct system_version) from scores group by 1")
    return dict(found.iter_rows())


def test_one_look_audits_what_is_there_publishes_it_and_a_second_finds_nothing_to_do(mcas, tmp_path, openai_provider):
    first = mcas("watch", "--run")
    assert first.returncode == 0, first.stderr
    assert "gone: unreachable" in first.stdout
    assert versions(tmp_path / "home") == {"local": 1, "gpt": 1}
    states = query(Store(tmp_path / "home"), "select system, state from system_states").rows()
    assert set(states) == {("local", "available"), ("gpt", "available"), ("gone", "unreachable")}
    asked = len(openai_provider.bodies)
    second = mcas("watch", "--run")
    assert second.returncode == 0, second.stderr
    assert second.stdout.count("up to date") == 2
    assert len(openai_provider.bodies) == asked


def test_a_provider_that_answers_otherwise_than_before_has_changed_its_behaviour_and_is_audited_anew(
    mcas, tmp_path, openai_provider
):
    for window, verdict in (("one", "first window"), ("two", "not shown")):
        done = mcas("canary", "gpt", "--window", window)
        assert done.returncode == 0, done.stderr
        assert f"window {window}" in done.stdout
        assert verdict in done.stdout
    assert "160 images, 0 refused, 0 lost of 160" in done.stderr
    assert "up to date" not in mcas("watch", "--run").stdout
    assert versions(tmp_path / "home")["gpt"] == 1

    dark = picture("a dark woman", (64, 64))
    openai_provider.script = lambda body: Reply(openai_ok(dark, body)) if body else None  # its models are as before
    moved = mcas("canary", "gpt", "--window", "three")
    assert "behaviour changed" in moved.stdout, moved.stderr
    assert mcas("watch", "--run").returncode == 0
    assert versions(tmp_path / "home")["gpt"] == 2, (
        "under its old version the images from before would be taken for its own"
    )


def test_a_canary_of_a_system_that_declares_none_is_one_clear_error(mcas):
    done = mcas("canary", "local")
    assert done.returncode == 2
    assert done.stderr.count("error: ") == 1
    assert "Traceback" not in done.stderr
