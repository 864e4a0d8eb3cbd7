"""Runs that meet a full disk, a reader that holds the store, and each other: nothing lost, nothing doubled, the next one heals."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import fail_orphaned_runs
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query

AUDIT = Path(__file__).parents[1] / "data" / "smallest.yaml"
SCRIPT = Path(__file__).with_name("faulty_runs.py")
MEASURED = ("scores", "components", "panel", "representation", "amplification", "divergence")
pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]


class Faulted:
    """A home after all of the faulty runs, and what each of them said."""

    def __init__(self, home: Path, told: list[dict], has_small_disk: bool) -> None:
        self.home, self.store, self.has_small_disk = home, Store(home), has_small_disk
        self.holder = (home.parent / "store-held-for-good.holder").read_text()
        self.told = {one["run"]: one for one in told}

    def status(self, run: str) -> int:
        return self.told[run]["status"]

    def error(self, run: str) -> str:
        """The one message of a run that failed, without a traceback."""
        assert self.status(run) == 2, self.told[run]["said"]
        assert "Traceback" not in self.told[run]["said"]
        errors = [line for line in self.told[run]["said"].splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, self.told[run]["said"]
        return errors[0]

    def rows(self, sql: str) -> list[tuple]:
        return rows_of(self.store, sql)


def rows_of(store: Store, sql: str) -> list[tuple]:
    with store.open() as con:
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def faulted(tmp_path_factory: pytest.TempPathFactory) -> Faulted:
    """All of the runs, on a file system of 96 MB that nobody else sees where such a thing can be had."""
    folder = tmp_path_factory.mktemp("faulted")
    disk, kept = folder / "disk", folder / "kept"
    disk.mkdir()
    run = f"'{sys.executable}' '{SCRIPT}' '{AUDIT}' '{folder}'"
    mount = f"mount -t tmpfs -o size=96m tmpfs '{disk}'"
    has_small_disk = shutil.which("unshare") is not None and _runs(["unshare", "-rm", "sh", "-c", mount])
    words = ["unshare", "-rm", "sh", "-c", f"{mount} && {run} small-disk; cp -a '{disk}/home' '{kept}'"]
    if not has_small_disk:
        words = ["sh", "-c", f"{run}; cp -a '{disk}/home' '{kept}'"]
    done = subprocess.run(
        words, env={**os.environ, "MCAS_HOME": str(disk / "home")}, capture_output=True, text=True, timeout=590
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"run"')]
    assert len(told) == (9 if has_small_disk else 7), done.stderr
    return Faulted(kept, told, has_small_disk)


def _runs(words: list[str]) -> bool:
    return subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("run", ["disk-full-at-images", "disk-full-at-store", "store-held-for-a-while"])
def test_a_disk_that_fills_in_mid_run_is_one_clear_error(faulted, run):
    if not faulted.has_small_disk:
        pytest.skip("no mount in a namespace here")
    assert "the disk is full" in faulted.error(run)  # the third one is met by it at publication


def test_someone_who_holds_the_store_and_does_not_let_go_is_named(faulted):
    assert f"process {faulted.holder}" in faulted.error("store-held-for-good")


def test_someone_who_holds_the_store_for_a_while_is_waited_for(faulted):
    (made,) = faulted.rows(
        "select run_id from materialisations where asset = 'scores' and partition like 'phantom-st%'"
    )
    (after,) = faulted.rows(
        "select run_id from materialisations where asset = 'representation' and partition like 'phantom-st%'"
    )
    assert made == after  # the run went on to the next stage


def test_a_second_command_is_told_to_wait(faulted):
    assert "another audit is running here" in faulted.error("second-command")


def test_a_run_of_a_daemon_beside_a_command_waits_and_then_goes_through(faulted):
    assert faulted.status("waiting") == 1  # its process was there and waited, while the first was held up
    assert faulted.status("first-of-two") == 0, faulted.told["first-of-two"]["said"]
    assert faulted.status("run-of-a-daemon") == 0, faulted.told["run-of-a-daemon"]["said"]
    (first,) = faulted.rows("select max(created_at) from materialisations where partition like 'phantom-stereotyped@%'")
    (second,) = faulted.rows("select min(created_at) from image_facts where system_version like 'phantom-fair@%'")
    assert first < second


def test_what_came_of_it_all_is_bit_for_bit_what_an_undisturbed_run_makes(faulted):
    undisturbed = Store(faulted.home.parent / "undisturbed")
    for table in MEASURED:
        sql = f"select * exclude (version) from {table} where system_version like 'phantom-stereotyped@%' order by all"
        straight = rows_of(undisturbed, sql)
        assert len(straight) > 0
        assert faulted.rows(sql) == straight, table
        assert query(faulted.store, sql).rows() == straight, f"{table} as published"
    sql = "select image_id, sha256 from image_facts where system_version like 'phantom-stereotyped@%' order by 1"
    assert faulted.rows(sql) == rows_of(undisturbed, sql)


def test_nothing_is_doubled(faulted):
    assert faulted.rows("select asset, partition from materialisations group by all having count(*) > 1") == []


def test_no_run_counts_as_under_way_whose_process_is_gone(faulted):
    with open_instance(faulted.home) as instance:
        fail_orphaned_runs(
            instance, faulted.home
        )  # where the disk was full, not even the end of a run could be written
        statuses = Counter(run.status for run in instance.get_runs())
    # The second command was refused before it had one.
    assert statuses[dg.DagsterRunStatus.SUCCESS] == 2
    assert statuses[dg.DagsterRunStatus.FAILURE] == len(faulted.told) - 5
    assert len(statuses) == 2


def test_no_image_file_is_without_a_row_and_no_draft_is_left(faulted):
    files = {str(file.relative_to(faulted.home)) for file in (faulted.home / "images").glob("??/*")}
    assert files == {path for (path,) in faulted.rows("select path from image_facts")}
    assert [*faulted.home.glob(".*.tmp*"), *(faulted.home / "images" / ".tmp").iterdir()] == []
