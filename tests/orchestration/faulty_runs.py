"""Whole runs of `mcas audit` in one home, each met by a fault at a chosen point. A script: run by test_faults_of_runs.py.

They are forked from one process that has imported everything, and used nothing of it. Prints a line of JSON for each run: its
name, its exit status, and what it said on the terminal.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster  # noqa: F401 - imported here once, for all runs
import diffusers  # noqa: F401
import great_expectations  # noqa: F401
import open_clip  # noqa: F401
import torch  # noqa: F401
import transformers  # noqa: F401

from mcas_assets.cli import audit as auditing
from mcas_assets.cli.app import main
from mcas_assets.images import generate
from mcas_assets.measure import embeddings as embed
from mcas_assets.measure import scores as score
from mcas_assets.orchestration import assets
from mcas_assets.store import facts, files, home_lock
from mcas_assets.store.database import Store

HOLD = """
import duckdb, sys, time
con = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
time.sleep(float(sys.argv[2]))
"""
home, audit, logs, has_small_disk = (
    Path(os.environ["MCAS_HOME"]), sys.argv[1], Path(sys.argv[2]), sys.argv[3:] == ["small-disk"]
)  # fmt: skip
filler = home.parent / "filler"


def meet(module, name, fault, after=0):
    """Let `fault` happen just before the call of a function that comes after so many others."""
    real, calls = getattr(module, name), 0

    def wrapped(*given, **named):
        nonlocal calls
        calls += 1
        if calls == after + 1:
            fault()
        return real(*given, **named)

    setattr(module, name, wrapped)


def fill_the_disk():
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"."):
            pass


def hold_the_store(seconds):
    command = [sys.executable, "-c", HOLD, str(home / "store.duckdb"), str(seconds)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"
    (logs / "holder").write_text(str(holder.pid))


def hold_the_store_for_good():
    Store.__init__.__defaults__ = (0.3,)  # as if it had waited for as long as it does
    hold_the_store(300)


def pause():
    (home / "reached").touch()
    wait_for(home / "go")


def wait_for(path):
    deadline = time.monotonic() + 200
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def start(name, prepare, *words):
    """Fork a run that `prepare` has its way with first. Its process id."""
    filler.unlink(missing_ok=True)
    child = os.fork()
    if child:
        return child
    said = os.open(logs / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(said, stream)
    generate.COMMIT_EVERY = 0  # a commit a batch, so that some are done when the fault comes  # ty: ignore[invalid-assignment]
    prepare()
    sys.argv = ["mcas", "audit", audit, "--no-rows", *words]
    main()
    raise AssertionError("mcas has ended, and its process has not")


def end(name, child):
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    filler.unlink(missing_ok=True)
    if (holder := logs / "holder").exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(holder.read_text()), signal.SIGKILL)
        holder.rename(logs / f"{name}.holder")
    said = (logs / f"{name}.log").read_text(errors="replace")
    print(json.dumps({"run": name, "status": status, "said": said}), flush=True)


def run(name, prepare, *words):
    end(name, start(name, prepare, *words))


def without_the_commands_lock():
    """As a daemon's run, which waits for its turn by itself."""
    auditing.only_one = contextlib.nullcontext  # ty: ignore[invalid-assignment]
    meet(home_lock.logger, "info", lambda: (home / "waiting").touch())


home.mkdir()
if has_small_disk:
    run("disk-full-at-images", lambda: meet(files, "write_images", fill_the_disk, 1))
    run("disk-full-at-store", lambda: meet(facts, "append_images", fill_the_disk, 1))
run("store-held-for-good", lambda: meet(embed, "embed", lambda: meet(Store, "open", hold_the_store_for_good, 2)))


def held_for_a_while_and_stopped_at_publication():
    meet(score, "measure", lambda: hold_the_store(1.5))
    meet(assets, "publish", fill_the_disk if has_small_disk else hold_the_store_for_good)


run("store-held-for-a-while", held_for_a_while_and_stopped_at_publication)
first = start("first-of-two", lambda: meet(assets, "publish", pause))
wait_for(home / "reached")
run("second-command", lambda: None)
second = start("run-of-a-daemon", without_the_commands_lock, "--system", "phantom-fair", "--steps", "2")
wait_for(home / "waiting")
print(json.dumps({"run": "waiting", "status": int(os.waitpid(second, os.WNOHANG) == (0, 0)), "said": ""}), flush=True)
(home / "go").touch()
end("first-of-two", first)
end("run-of-a-daemon", second)
os.environ["MCAS_HOME"] = str(logs / "undisturbed")
run("undisturbed", lambda: None)
