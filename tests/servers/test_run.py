"""How a server of ours ends: by which signals, with which status, and with what it was doing put away."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

SERVER = """
import signal, sys, urllib.request
from mcas_assets.servers.door import open_door
from mcas_assets.servers.run import ending_signals, run_until_asked

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})

# What started the tests may ignore it, as nohup does, and hands that on.
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[1] == "ignored" else signal.SIG_DFL)
looks = []
def look():
    looks.append(1)
    if len(looks) == 1:
        print(door.url, flush=True)
with ending_signals() as signals, open_door("127.0.0.1", 0) as door:
    run_until_asked(app, door, signals, look, every=0.05)
    print("put away", flush=True)
sys.exit(signals.status)
"""


def end_by(*signals: int, hangup: str = "heard") -> tuple[int, str]:
    """(exit status, what was printed after the address) of a server that answered, and was sent signals."""
    with subprocess.Popen([sys.executable, "-c", SERVER, hangup], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.read() == b"here"
        for number in signals:
            server.send_signal(number)
        rest = server.communicate(timeout=30)[0]
    return server.returncode, rest


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_a_signal_ends_it_in_order(number, status):
    assert end_by(number) == (status, "put away\n")


def test_a_hangup_that_is_ignored_ends_nothing():
    assert end_by(signal.SIGHUP, signal.SIGTERM, hangup="ignored") == (0, "put away\n")


FAILING = """
from mcas_assets.core.errors import McasError
from mcas_assets.servers.door import open_door
from mcas_assets.servers.run import ending_signals, run_until_asked
def look():
    raise McasError("a process ended")
with ending_signals() as signals, open_door("127.0.0.1", 0) as door:
    try:
        run_until_asked(None, door, signals, look, every=0.05)
    except McasError as error:
        print(error)
"""


def test_what_a_look_finds_broken_ends_it():
    done = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=60, env=os.environ)
    assert done.stdout == "a process ended\n"
