"""The README's tour: its first command and each of those to look around with, in their order, on a home of nothing.

That it ends in five minutes on two cores is held by what it takes of both: time on a clock would depend on who else is at work.
"""

import os
import re
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mcas_assets.core.paths import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST, ROWS = (
    re.findall(r"^uv run (mcas [^\n]+)$", README.partition("## Two commands")[2].partition("## ")[0], re.M),
    re.findall(r"^\| `uv run (mcas [^`]+)`(?: \|)?", README.partition("## Look around")[2].partition("## ")[0], re.M),
)
SERVERS = {"view": 130, "ui": 130, "review": 0}
"""What waits for somebody to look, and the status that Ctrl+C ends it with: of a review it is the way to say "that was all"."""
VERDICTS = {"gate": (0, 4, 5)}
"""Of a gate: met, not met, cannot be judged. Each is what a newcomer may be told of the phantom, and none a failure."""
MOST_SECONDS = 300.0
"""Of one core, for all of it; what two have in five minutes is twice that."""


class Tour:
    """A newcomer who types one command after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "MCAS_HOME": str(folder / "home"), "BROWSER": "true"}  # which opens nothing

    def words(self, command: str) -> list[str]:
        return [sys.executable, "-m", "mcas_assets", *shlex.split(command)[1:]]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(command),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )

    def look(self, command: str) -> int:
        """The status of the first page of a server, which is ended by Ctrl+C then and says how it ended."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        said = self.folder / f"{command.split()[1]}.txt"
        with said.open("w") as stream:
            server = subprocess.Popen(
                [*self.words(command), "--port", str(port)], cwd=self.folder, env=self.env, stderr=stream
            )
        with server:
            try:
                return _status(_address(said, port, server), server)
            finally:
                server.send_signal(signal.SIGINT)
                assert server.wait(60) == SERVERS[command.split()[1]], command


def _address(said: Path, port: int, server: subprocess.Popen) -> str:
    """What a server gives a person to open, which may hold a token."""
    while True:
        found = re.search(rf"http://127\.0\.0\.1:{port}\S*", said.read_text())
        if found:
            return found[0]
        assert server.poll() is None, said.read_text()
        time.sleep(0.3)


def _status(url: str, server: subprocess.Popen) -> int:
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # a token is changed for a cookie
    while True:
        try:
            with visitor.open(url, timeout=60) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None
            time.sleep(0.3)


def test_the_tour_takes_every_command_of_the_readme_and_five_minutes(tmp_path):
    tour, before = Tour(tmp_path), resource.getrusage(resource.RUSAGE_CHILDREN)
    assert len(FIRST) == 1
    assert len(ROWS) >= 9
    for command in (*FIRST, *ROWS):
        name = command.split()[1]
        if name in SERVERS:
            assert tour.look(command) == 200, command
            continue
        done = tour.run(command)
        if name == "serve":  # which asks, and nobody is there
            assert (done.returncode, "Give --yes" in done.stderr) == (2, True), done.stderr
            continue
        assert done.returncode in VERDICTS.get(name, (0,)), f"{command}\n{done.stdout}{done.stderr}"
        assert done.stdout.strip(), command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (tmp_path / "report").is_dir()
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_SECONDS
