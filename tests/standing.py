"""`mcas serve` as a process of its own, and everything that it starts, for tests of what it serves and of how it ends."""

import os
import pty
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from mcas_assets.core.paths import DATA
from tests.core.test_tether import is_gone

SYSTEMS = f"""\
systems:
  phantom-stereotyped:
    kind: diffusers
    path: {DATA / "phantom" / "stereotyped"}
    steps: 8
    guidance: 1.0
    width: 64
    height: 64
    dtype: float32
    audits: [slow]
"""
AUDIT = (Path(__file__).parent / "data" / "tiny.yaml").read_text().replace("audit: tiny", "audit: slow")
"""Of so many images that it is under way for as long as a test takes."""


class Standing:
    """One `mcas serve` in a folder of a test.

    Args:
        folder: Its home, systems and audits lie there; a later one goes on there.
        terminal: Whether it has a terminal of its own, which `hang_up` takes away.
        words: Further options.
        settings: Further variables of its environment.
    """

    def __init__(
        self, folder: Path, *words: str, terminal: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        self.home, self.log = folder / "home", folder / "log"
        (folder / "systems.yaml").write_text(SYSTEMS)
        (folder / "audits").mkdir(exist_ok=True)
        (folder / "audits" / "slow.yaml").write_text(AUDIT.replace("concept: 6", "concept: 600"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        given = {
            "MCAS_HOME": str(self.home), "MCAS_SYSTEMS": str(folder / "systems.yaml"),
            "MCAS_AUDITS": str(folder / "audits"), "MCAS_WATCH_EVERY": "2",
        }  # fmt: skip
        # What started the tests may ignore a hangup, as nohup does, and hands that on.
        command = [
            "env",
            "--default-signal=HUP",
            sys.executable,
            "-m",
            "mcas_assets",
            "serve",
            "--yes",
            "--port",
            str(port),
            *words,
        ]
        self._terminal, screen = pty.openpty() if terminal else (-1, -1)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["setsid", "--ctty", *command] if terminal else command,
                env={**os.environ, **given, **(settings or {})},
                stdin=screen if terminal else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=not terminal,
            )
        if terminal:
            os.close(screen)

    def said(self) -> str:
        """All that it printed."""
        return self.log.read_text()

    def wait(self, what: Callable[[], bool], seconds: float = 240) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.said()[-5000:]
            time.sleep(0.2)

    def get(self, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        """(status, body) of a request; 0 where nobody answers."""
        asked = urllib.request.Request(self.url + path, data, headers)
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError):
            return 0, ""

    def started(self) -> dict[int, str]:
        """Every process that works for it, found by what stands in its environment, with its command."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if f"MCAS_HOME={self.home}\0".encode() in (place / "environ").read_bytes():
                    found[int(place.name)] = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:  # it has ended
                continue
        return found

    def find(self, part: str) -> list[int]:
        """The processes of it whose command holds a part."""
        return [process for process, command in self.started().items() if part in command]

    def is_ready(self) -> bool:
        """Whether it serves, with its daemon beside it."""
        return bool(self.find("dagster._daemon")) and self.get("/health")[0] in (200, 503)

    def is_drawing(self) -> bool:
        """Whether a run has drawn images, and is alive."""
        return bool(self.find("spawn_main")) and any((self.home / "images").rglob("*.png"))

    def is_all_gone(self) -> bool:
        """Whether nothing works for it any more."""
        return all(is_gone(one) for one in self.started())

    def hang_up(self) -> None:
        """Take its terminal away."""
        os.close(self._terminal)
