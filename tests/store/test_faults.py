"""Kills and full disks: real processes, real signals, a real small file system. Whole or nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mcas_assets.store.database import Store

WRITER = """
import sys
from pathlib import Path
import numpy as np, polars as pl
from mcas_assets.core.errors import StoreError
from mcas_assets.store.database import Store
from mcas_assets.store import facts, files, ledger, publication
store, limit = Store(Path(sys.argv[1])), int(sys.argv[2])
try:
    with store.open() as con:
        facts.register_embedder(con, "e@1", "e", 512, {})
    for i in range(limit):
        data = np.random.default_rng(i).bytes(20_000)
        sha, path = files.write_image(store.home, data, ".png")
        contents = [f"{i}-{k}" for k in range(200)]
        vectors = np.random.default_rng(i).normal(size=(200, 512)).astype("f4")
        rows = pl.DataFrame({"system": "s", "system_version": "s@1", "audit": "g", "axis": "g",
                             "embedder": "e@1", "concept": contents, "n_images": i, "prompt": "x" * 200})
        image = pl.DataFrame({"image_id": [f"i{i}"], "system_version": "s@1", "prompt": "p", "seed": i,
                              "width": 1, "height": 1, "outcome": "ok", "sha256": sha, "path": path})
        made = ledger.Materialisation(asset="scores", partition="s@1", audit="g", run_id="r", code_version="1",
                                      data_version="d")
        with store.open() as con:
            facts.append_images(con, image)
            facts.append_vectors(con, "e@1", "image", contents, None, vectors)
            ledger.record(con, made, {"scores": rows})
        if sys.argv[3] == "publish":
            publication.publish(store)
        print("written", flush=True)
    print("end", flush=True)
except StoreError as error:
    print("StoreError", error, flush=True)
"""

CHECK = """
import sys
from pathlib import Path
from mcas_assets.store.database import Store
sys.path.insert(0, sys.argv[2])
from test_faults import assert_whole
home = Path(sys.argv[1])
assert assert_whole(Store(home)) > 0
print("whole, drafts:", [f.name for f in [*(home / "images" / ".tmp").iterdir(), *home.glob(".*")]])
"""

READ_ONLY = """
import sys
from pathlib import Path
from mcas_assets.core.errors import StoreError
from mcas_assets.store.database import Store
from mcas_assets.store import files, publication
home = Path(sys.argv[1]) / "home"
old, new = Store(home, wait=0), Store(home.with_name("new"), wait=0)
for write in (
    lambda: old.open().__enter__(),
    lambda: publication.publish(old),
    lambda: new.open().__enter__(),
    lambda: files.write_image(home, b"x", ".png"),
):
    try:
        write()
    except StoreError as error:
        print(error)
print("rows", publication.query(old, "select count(*) as n from scores").item())
"""


def assert_whole(store: Store) -> int:
    """Every batch is there whole, with its ledger row and its file. Returns how many versions there are."""
    with store.open() as con:
        ledger = dict(con.execute("select version, n_rows from materialisations").fetchall())
        rows = dict(con.execute("select version, count(*) from scores_history group by all").fetchall())
        batches = con.execute(
            "select split_part(content, '-', 1), count(*) from embedding_facts_512 group by all"
        ).fetchall()
        images = con.execute("select path, sha256 from image_facts").fetchall()
    assert ledger == rows
    assert {n for _, n in batches} <= {200}
    from mcas_assets.store.files import read_image

    for path, sha256 in images:
        read_image(store.home, path, sha256)
    return len(ledger)


@pytest.mark.parametrize("delay", [0.0, 0.011, 0.023, 0.037, 0.052])
def test_a_kill_at_any_moment_leaves_whole_batches_only(tmp_path, start, delay):
    store = Store(tmp_path / "home", wait=10)
    process = start(WRITER, store.home, 10_000, "publish" if delay > 0.03 else "")
    for _ in range(3):
        assert process.stdout.readline() == "written\n"
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert assert_whole(store) >= 3


def test_a_limit_on_file_size_is_a_clear_error_and_nothing_is_half_written(tmp_path):
    home = tmp_path / "home"
    code = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    code += "resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000));" + WRITER
    done = subprocess.run(
        [sys.executable, "-c", code, home, "1000", ""], capture_output=True, text=True, timeout=60, check=False
    )
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert said[-1].startswith("StoreError"), said
    assert "the disk is full" in said[-1]
    assert assert_whole(Store(home)) >= said.count("written") > 0


def on_a_mount_of_its_own(mount: Path, script: str) -> list[str]:
    """What `script` prints, run by a shell with a file system of 8 MB at `mount` that nobody else sees."""
    mount.mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    script = f"mount -t tmpfs -o size=8m tmpfs '{mount}' || exit 1; echo mounted; {script}"
    command = ["unshare", "-rm", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if not done.stdout.startswith("mounted"):
        pytest.skip(f"no mount in a namespace here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("publishing", ["", "publish"])
def test_a_full_disk_is_a_clear_error_and_the_next_run_goes_on(tmp_path, publishing):
    mount = tmp_path / "small"
    (tmp_path / "writer.py").write_text(WRITER)
    (tmp_path / "check.py").write_text(CHECK)
    writer, check = f"'{sys.executable}' '{tmp_path}/writer.py'", f"'{sys.executable}' '{tmp_path}/check.py'"
    script = f"""
        {writer} '{mount}/home' 1000 '{publishing}' && {check} '{mount}/home' '{Path(__file__).parent}' &&
        mount -o remount,size=64m '{mount}' && {writer} '{mount}/home' 3 '{publishing}'
    """
    said = on_a_mount_of_its_own(mount, script)
    told = [line for line in said if line.startswith("StoreError")]
    assert len(told) == 1, said
    assert "the disk is full" in told[0]
    assert "whole, drafts: []" in said
    assert said[-1] == "end"


def test_a_home_that_cannot_be_written_is_a_clear_error_and_can_still_be_read(tmp_path):
    mount = tmp_path / "small"
    (tmp_path / "write.py").write_text(WRITER)
    (tmp_path / "read.py").write_text(READ_ONLY)
    script = f"""
        '{sys.executable}' '{tmp_path}/write.py' '{mount}/home' 1 publish && mount -o remount,ro '{mount}' &&
        '{sys.executable}' '{tmp_path}/read.py' '{mount}'
    """
    said = on_a_mount_of_its_own(mount, script)[3:]
    assert len(said) == 5, said
    assert all("it cannot be written. Give this user the right" in line for line in said[:4]), said
    assert said[4] == "rows 200"
