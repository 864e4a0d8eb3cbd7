"""A run that is killed with signal 9 in each of its stages, one after the other, ends as an undisturbed one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mcas_assets.store.database import Store

pytestmark = pytest.mark.long  # nine runs, one after the other
TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"

# Whole runs of `mcas audit`, one after the other, each in a process of its own that kills itself at a chosen point: no handler
# runs, nothing is flushed. They are forked from one that has imported everything, and used nothing of it.
RUN = """
import os, signal, sys

import dagster, diffusers, duckdb, great_expectations, open_clip, torch, transformers
from mcas_assets.images import generate
from mcas_assets.measure import shares as represent
from mcas_assets.cli.app import main
from mcas_assets.orchestration import assets
from mcas_assets.orchestration import definitions, runs  # here once, for all runs
from mcas_assets.store import facts, ledger

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def killing(after, module, name, before, when=lambda *given: True):
    real, calls = getattr(module, name), 0
    def wrapped(*given, **named):
        nonlocal calls
        if when(*given):
            calls += 1
            if calls > after:
                if not before:
                    real(*given, **named)
                die()
        return real(*given, **named)
    setattr(module, name, wrapped)

PLACES = {
    "plan": lambda n: killing(n, ledger, "record", True, lambda con, m, tables: m.asset == "plan"),
    "images": lambda n: killing(n, facts, "append_images", True),          # files are written, rows are not
    "images-committed": lambda n: killing(n, facts, "append_images", False),
    "embeddings": lambda n: killing(n, facts, "append_vectors", True),
    "scores": lambda n: killing(n, ledger, "record", False, lambda con, m, tables: m.asset == "scores"),
    "representation": lambda n: killing(n, represent, "measure", False),   # measured, not recorded
    "publication": lambda n: killing(n, assets, "publish", True),
    "never": lambda n: None,
}
sys.argv, stages = ["mcas", "audit", sys.argv[1], "--no-rows"], [word.split("=") for word in sys.argv[2:]]
for at, after in stages:
    child = os.fork()
    if not child:
        generate.COMMIT_EVERY = 0  # a commit a batch, so that there is one to be killed in
        PLACES[at](int(after))
        main()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(at, status, flush=True)
"""

STAGES = [
    ("plan", 0),
    ("images", 3),
    ("images-committed", 2),
    ("embeddings", 1),
    ("scores", 0),
    ("representation", 0),
    ("publication", 0),
]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(TINY), *(f"{at}={after}" for at, after in STAGES), "never=0"],
        env={**os.environ, "MCAS_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=500,
    )
    told = [tuple(line.split()) for line in done.stdout.splitlines()]
    ended = [words for words in told if words and words[0] in (*dict(STAGES), "never")]
    assert ended == [*((at, str(-signal.SIGKILL)) for at, _ in STAGES), ("never", "0")], done.stderr
    return home


@pytest.mark.timeout(600)
def test_final_scores_equal_those_of_an_undisturbed_run_bit_for_bit(killed, audited):
    for table in ("scores", "components", "panel", "representation", "amplification", "divergence"):
        straight, resumed = (
            _rows(store, f"select * exclude (version) from {table} order by all")
            for store in (audited.store, Store(killed))
        )
        assert resumed == straight
        assert len(straight) > 0


def test_images_are_the_same_files(killed, audited):
    sql = "select image_id, sha256 from image_facts order by 1"
    assert _rows(Store(killed), sql) == _rows(audited.store, sql)


def test_nothing_is_doubled(killed):
    assert _rows(Store(killed), "select asset, count(*) from materialisations group by 1 having count(*) > 1") == []
    assert _rows(Store(killed), "select count(*) - count(distinct image_id) from image_facts") == [(0,)]


def test_no_batch_was_generated_by_two_runs(killed):
    assert _rows(Store(killed), "select batch_id from image_facts group by 1 having count(distinct run_id) > 1") == []


def test_more_than_one_run_had_its_part(killed):
    assert _rows(Store(killed), "select count(distinct run_id) from image_facts")[0][0] >= 3


def test_no_unfinished_file_counts_as_an_image(killed, tmp_path):
    home = Path(shutil.copytree(killed, tmp_path / "home"))
    named = {path for (path,) in _rows(Store(home), "select path from image_facts")}
    stray = {str(file.relative_to(home)) for file in (home / "images").glob("??/*.png")} - named
    # What a killed batch left under its final name is what its successor made again, byte for byte.
    assert stray == set()


def _rows(store: Store, sql: str) -> list[tuple]:
    with store.open() as con:
        return con.execute(sql).fetchall()
