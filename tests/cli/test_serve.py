"""What `mcas serve` refuses and asks before anything is begun, as a person or a script meets it."""

import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mcas_assets.core.paths import DATA
from mcas_assets.store.home_lock import hold_daemon_lock
from tests.cli.command import mcas, refused

SYSTEMS = f"""\
systems:
  mine: {{kind: diffusers, path: {DATA / "phantom" / "fair"}, steps: 8, guidance: 1.0, width: 64, height: 64, audits: [phantom]}}
"""


@pytest.fixture(autouse=True)
def _systems(tmp_path, monkeypatch):
    (tmp_path / "systems.yaml").write_text(SYSTEMS)
    monkeypatch.setenv("MCAS_SYSTEMS", str(tmp_path / "systems.yaml"))


def test_where_nobody_can_be_asked_it_refuses_at_once_and_begins_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", "serve", "--port", "0"],
        env={**os.environ, "MCAS_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused(done).endswith("Give --yes")
    assert not (tmp_path / "home" / "dagster").exists()


def test_a_port_that_is_taken_is_told_before_anything_is_looked_at(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = mcas("serve", "--yes", "--port", str(other.getsockname()[1]), home=tmp_path / "home")
    assert "cannot be listened on" in refused(done)
    assert not (tmp_path / "home").exists()


def test_a_home_that_is_watched_is_not_watched_twice(tmp_path):
    with hold_daemon_lock(tmp_path / "home"):
        done = mcas("serve", "--yes", "--port", "0", home=tmp_path / "home")
    assert "is watched already" in refused(done)


def test_a_person_is_asked_once_and_no_is_an_answer(tmp_path):
    terminal, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mcas_assets", "serve", "--port", "0"],
        env={**os.environ, "MCAS_HOME": str(tmp_path / "home")},
        stdin=screen,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asked:
        os.write(terminal, b"n\n")
        _, said = asked.communicate(timeout=120)
    os.close(terminal)
    os.close(screen)
    assert asked.returncode == 0
    assert "Would audit now:\n  phantom of mine@" in said
    assert said.count("Begin? [y/N]") == 1
    assert said.endswith("nothing was begun\n")
    assert {path.name for path in Path(tmp_path / "home").iterdir()} <= {"daemon.lock", "digests.json"}
