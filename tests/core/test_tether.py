"""What a process started ends with it, grandchildren too, however it ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcas_assets.core.tether import VARIABLE, follow, holding

PARENT = """
import signal, subprocess, sys, time
from pathlib import Path
from mcas_assets.core.tether import holding
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # what started the tests may ignore it, as nohup does, and hands that on
with holding(Path(sys.argv[1])):
    child = subprocess.Popen([sys.executable, "-c", sys.argv[2], sys.argv[3]], start_new_session=True)
    while True:
        time.sleep(60)
"""
CHILD = """
import os, subprocess, sys, time
from mcas_assets.core.tether import follow
follow()
if sys.argv[1]:
    subprocess.Popen([sys.executable, "-c", sys.argv[1], ""], start_new_session=True)
print(os.getpid(), flush=True)
while True:
    time.sleep(60)
"""


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # An orphan that nobody waits for stays in the table where process 1 does not look after orphans, as in a container.
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_children_and_grandchildren_end_with_the_first(ending, tmp_path):
    words = [sys.executable, "-c", PARENT, str(tmp_path / "tether"), CHILD, CHILD]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        held = [int(parent.stdout.readline()) for _ in range(2)]
        assert not any(is_gone(one) for one in held)
        parent.send_signal(ending)
        parent.wait()
    deadline = time.monotonic() + 20
    while not all(is_gone(one) for one in held):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_child_that_comes_after_its_holder_has_gone_ends_at_once(tmp_path):
    env = {**os.environ, VARIABLE: str(tmp_path / "gone" / "tether")}
    assert subprocess.run([sys.executable, "-c", CHILD, ""], env=env, timeout=60, capture_output=True).returncode == 1


def test_a_process_that_nobody_holds_goes_on(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    follow()


def test_what_is_started_after_the_holding_is_held_by_nobody(tmp_path):
    with holding(tmp_path / "tether"):
        assert os.environ[VARIABLE] == str(tmp_path / "tether")
    assert VARIABLE not in os.environ
