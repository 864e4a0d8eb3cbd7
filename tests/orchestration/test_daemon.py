"""A real daemon, started by `mcas serve`: a model folder changes on disk, and its audit comes by itself.

The home is that of the session's audit, whose system is declared here as a folder of this test's own: equal files are the
same version, so the daemon has nothing to do until they change.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.core.paths import DATA
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system

TINY = Path(__file__).parents[1] / "data" / "tiny.yaml"
SYSTEMS = """\
systems:
  phantom-stereotyped:
    kind: diffusers
    path: model
    steps: 8
    guidance: 1.0
    width: 64
    height: 64
    dtype: float32
    audits: [tiny]
  gone:
    kind: diffusers
    path: not-there
    audits: [tiny]
"""
pytestmark = [pytest.mark.long, pytest.mark.timeout(480)]


class Daemon:
    """`mcas serve` at work in a home."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home, self.store = folder, home, Store(home)
        self.instance = open_instance(home)
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        seams = {
            "MCAS_HOME": str(self.home),
            "MCAS_SYSTEMS": str(self.folder / "systems.yaml"),
            "MCAS_AUDITS": str(self.folder / "audits"),
            "MCAS_WATCH_EVERY": "2",
        }
        ticks = self.ticks()
        with (self.home / "daemon.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mcas_assets", "serve", "--yes", "--port", str(port)],
                env={**os.environ, **seams},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait(lambda: self.ticks() >= ticks + 2)

    def end(self, signum: int) -> None:
        """Send a signal to everything that belongs to it, and wait until it is gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signum)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def system_version(self) -> str:
        return find_system("phantom-stereotyped", self.folder / "systems.yaml").identity().version

    def becomes(self, phantom: str) -> tuple[str, str]:
        """Change the model's folder. Returns the versions before and after."""
        before = self.system_version()
        shutil.copytree(DATA / "phantom" / phantom, self.folder / "model", dirs_exist_ok=True)
        assert self.system_version() != before
        return before, self.system_version()

    def shows(self, system_version: str) -> bool:
        """Whether it is published."""
        rows = query(self.store, "select distinct system_version from scores")
        return system_version in rows["system_version"].to_list()

    def runs(self, system_version: str | None = None) -> list[dg.DagsterRun]:
        tags = {} if system_version is None else {"dagster/partition": system_version}
        return self.instance.get_runs(dg.RunsFilter(job_name="audit_tiny", tags=tags))  # ty: ignore[invalid-explicit-return]

    def wait(self, what: Callable[[], bool], seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, (self.home / "daemon.log").read_text()[-5000:]
            time.sleep(0.5)

    def ticks(self) -> int:
        states = [state for state in self.instance.all_instigator_state() if state.instigator_name == "watch"]
        counted = [self.instance.get_ticks(state.instigator_origin_id, state.selector_id) for state in states]
        return sum(tick.is_completed for tick in [one for each in counted for one in each])


@pytest.fixture(scope="module")
def daemon(audited, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("daemon")
    home = Path(shutil.copytree(audited.home, folder / "home"))
    shutil.copytree(DATA / "phantom" / "stereotyped", folder / "model")
    (folder / "audits").mkdir()
    shutil.copy(TINY, folder / "audits")
    (folder / "systems.yaml").write_text(SYSTEMS)
    running = Daemon(folder, home)
    try:
        running.start()
        yield running
    finally:
        running.end(signal.SIGINT)
        running.instance.dispose()


def test_a_version_that_is_current_is_known_to_the_daemon_and_not_audited_again(daemon):
    assert daemon.instance.get_dynamic_partitions("system_version") == [daemon.system_version()]
    assert daemon.runs() == []


def test_a_system_that_is_not_there_is_a_state_in_the_published_copy_and_does_not_stop_the_others(daemon):
    published = dg.RunsFilter(job_name="publish", statuses=[dg.DagsterRunStatus.SUCCESS])
    daemon.wait(lambda: bool(daemon.instance.get_runs(published)))
    rows = query(daemon.store, "select system, state from system_states order by number").rows()
    assert sorted(rows) == [("gone", "unreachable"), ("phantom-stereotyped", "available")]


def test_a_folder_that_changes_on_disk_is_audited_and_published_by_itself(daemon):
    before, after = daemon.becomes("updated")
    daemon.wait(lambda: daemon.shows(after))
    daemon.wait(lambda: all(run.is_finished for run in daemon.runs()))
    assert [run.status for run in daemon.runs(after)] == [dg.DagsterRunStatus.SUCCESS]
    images = query(daemon.store, f"select count(*) n from images where system_version = '{after}'")["n"].item()
    assert images == 42
    compared = query(daemon.store, f"select distinct before from comparisons where after = '{after}'")
    assert compared["before"].to_list() == [before]


def test_a_touched_readme_requests_nothing(daemon):
    daemon.wait(lambda: all(run.is_finished for run in daemon.runs()))
    ran, ticks = len(daemon.runs()), daemon.ticks()
    (daemon.folder / "model" / "README.md").write_text("# Another text\n")
    daemon.wait(lambda: daemon.ticks() >= ticks + 2)
    assert len(daemon.runs()) == ran


def test_a_daemon_that_is_killed_in_mid_run_goes_on_where_it_was_when_it_is_started_again(daemon):
    drawn = set((daemon.home / "images").rglob("*.png"))
    _, after = daemon.becomes("fair")
    daemon.wait(lambda: bool(set((daemon.home / "images").rglob("*.png")) - drawn))
    daemon.end(signal.SIGKILL)
    (run,) = daemon.runs(after)
    assert not run.is_finished, "nobody was left to say so"
    daemon.start()
    daemon.wait(lambda: daemon.shows(after))
    daemon.wait(lambda: all(run.is_finished for run in daemon.runs()))
    second, first = daemon.runs(after)
    assert (first.run_id, first.status, first.tags[DIED]) == (run.run_id, dg.DagsterRunStatus.FAILURE, "true")
    assert second.status == dg.DagsterRunStatus.SUCCESS
    made = f"select count(*), count(distinct image_id) from image_facts where system_version = '{after}'"
    assert query(daemon.store, made).rows() == [(42, 42)]
    again = f"select asset from materialisations where partition = '{after}' group by all having count(*) > 1"
    assert query(daemon.store, again).is_empty()
