"""Ctrl+C as a person presses it, on real processes: whatever becomes of the exception, one sentence and status 130."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcas_assets.cli.interrupts import PATIENCE, SENTENCE, STATUS
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
WITHIN = 5.0  # seconds
HOW_OFTEN = int(os.environ.get("MCAS_INTERRUPTS", "10"))

# Each is at work in the main thread when the signal comes.
SITUATIONS = {
    "nothing in its way": "while True: time.sleep(0.01)",
    "swallowed by a weak reference's callback": """
class Thing: pass
def busy(_):
    print('ready', flush=True)
    time.sleep(1)
thing = Thing()
ref = weakref.ref(thing, busy)
del thing
time.sleep(60)
""",
    "made another error of": """
try:
    time.sleep(60)
except KeyboardInterrupt:
    raise RuntimeError('Query interrupted') from None
""",
    "swallowed, and the work goes on to its end": """
try:
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(0.5)
""",
    "kept waiting by a thread": """
with concurrent.futures.ThreadPoolExecutor() as pool:
    pool.submit(time.sleep, 60).result()
""",
    "another handler, as Dagster sets one": """
signal.signal(signal.SIGINT, lambda *_: None)
time.sleep(60)
time.sleep(60)
""",
}
HEAD = """
import concurrent.futures, signal, time, weakref
from mcas_assets.cli.interrupts import listening
with listening():
    print('ready', flush=True)
    exec(%r, globals())
"""


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_interrupt_ends_with_the_sentence_and_its_status(situation):
    started = subprocess.Popen(
        [sys.executable, "-c", HEAD % SITUATIONS[situation]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    started.stdout.readline()
    time.sleep(0.3)
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (STATUS, f"{SENTENCE}\n")


def test_a_second_interrupt_ends_at_once():
    code = HEAD % SITUATIONS["kept waiting by a thread"]
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert started.stdout is not None
    started.stdout.readline()
    time.sleep(0.3)
    started.send_signal(signal.SIGINT)
    time.sleep(0.5)
    begun = time.monotonic()
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=60)
    assert (started.returncode, err) == (STATUS, f"{SENTENCE}\n")
    assert time.monotonic() - begun < PATIENCE / 2  # what is measured is the promise itself


def test_it_is_heard_while_the_command_is_still_being_imported(tmp_path):
    for wait in (0.15, 0.3, 0.6):
        started = subprocess.Popen(
            [sys.executable, "-m", "mcas_assets", "systems"], env={**os.environ, "MCAS_HOME": str(tmp_path)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        time.sleep(wait)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
        assert "Traceback" not in err or wait == 0.15  # before that, Python itself is still starting
        assert started.returncode in (STATUS, 0, -signal.SIGINT)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_an_audit_interrupted_at_random_points_ends_so_each_time_and_comes_to_the_same_scores(tmp_path):
    """So often as MCAS_INTERRUPTS says; every third time Ctrl+C is pressed twice."""
    dice = random.Random(11)
    words = [sys.executable, "-m", "mcas_assets", "audit", str(SMALLEST), "--steps", "1", "--no-rows"]

    def begin(home: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            words, env={**os.environ, "MCAS_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    begun = time.monotonic()
    _, err = begin(tmp_path / "whole").communicate(timeout=600)
    longest = time.monotonic() - begun
    ended, waits, home = 0, [], tmp_path / "0"
    for number in range(HOW_OFTEN * 5):
        if ended == HOW_OFTEN:
            break
        running = begin(home)
        time.sleep(dice.uniform(0.5, longest))
        if running.poll() is None:
            pressed = time.monotonic()
            running.send_signal(signal.SIGINT)
            if number % 3 == 0:
                time.sleep(dice.uniform(0, 1))
                if running.poll() is None:
                    running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=600)
        if running.returncode == 0:  # it was done before: the next begins anew
            home = tmp_path / str(number + 1)
            continue
        waits.append(time.monotonic() - pressed)
        ended += 1
        print(f"{ended}: {waits[-1]:.1f} s", flush=True)
        assert running.returncode == STATUS, err
        assert SENTENCE in err, err  # a bar of progress may still be drawn after it
        assert "Traceback" not in err, err
    assert ended == HOW_OFTEN
    print(f"{ended} interrupts, the longest took {max(waits):.1f} s")
    assert max(waits) < WITHIN
    last = begin(home)
    _, err = last.communicate(timeout=600)
    assert last.returncode == 0, err
    wanted = "select concept, mcas, mcas_low, mcas_high from scores order by all"
    assert query(Store(home), wanted).rows() == query(Store(tmp_path / "whole"), wanted).rows()


OF_A_PART = """
import signal, sys, time
from mcas_assets.cli.interrupts import ending_a_part, listening
with listening():
    with ending_a_part():
        done = []
        former = signal.signal(signal.SIGINT, lambda *_: done.append(1))
        print('ready', flush=True)
        while not done:
            time.sleep(0.01)
        signal.signal(signal.SIGINT, former)
    print('next', flush=True)
    time.sleep(float(sys.argv[1]))
print('end', flush=True)
"""


@pytest.mark.parametrize("is_pressed_again", [False, True])
def test_an_interrupt_that_ends_a_part_lets_the_command_go_on_and_another_ends_it(is_pressed_again):
    rest = 60 if is_pressed_again else PATIENCE + 0.5  # longer than the command would have been given
    started = subprocess.Popen(
        [sys.executable, "-c", OF_A_PART, str(rest)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    started.send_signal(signal.SIGINT)
    assert started.stdout.readline() == "next\n"
    if is_pressed_again:
        started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)
    told = (STATUS, "", f"{SENTENCE}\n") if is_pressed_again else (0, "end\n", "")
    assert (started.returncode, out, err) == told
