"""`mcas ui` as a process of its own, for tests that ask it by HTTP or with a browser."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(home: Path, *options: str) -> Generator[tuple[str, str]]:
    """`mcas ui` on a home. Gives its address and what it printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "ui.log"
    with log.open("wb") as printed:
        served = subprocess.Popen(
            [sys.executable, "-m", "mcas_assets", "ui", "--port", str(port), *options],
            env={**os.environ, "MCAS_HOME": str(home)},
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/server_info")
        yield f"http://127.0.0.1:{port}", log.read_text()
    finally:
        served.send_signal(signal.SIGINT)
        try:
            served.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(served.pid, signal.SIGKILL)
            raise


def _wait_for(url: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError as error:
            assert error.code == 401, error  # it is there, and wants its token
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
