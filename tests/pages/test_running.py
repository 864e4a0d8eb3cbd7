"""What runs now is told on the overview while it runs, from a real audit, and never of a run that is gone."""

import re
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager

import dagster as dg
import httpx2
import pytest

from mcas_assets.core.progress import Advance
from mcas_assets.orchestration import orphans
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.pages.overview import running
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import under_way
from mcas_assets.store.database import Store
from mcas_assets.store.under_way import Account, UnderWay, lock_file, read_under_way
from mcas_assets.systems.find import find_system
from tools.served import served

RUN = UnderWay("run", "tiny", "phantom@0123456789ab", since=time.time())


class Looks:
    """Progress that looks at a page after the second batch of images, as a person beside the run would."""

    def __init__(self, address: str) -> None:
        self.address, self.seen = address, []

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Advance]:
        calls = []

        def advance(items: int) -> None:
            calls.append(items)
            if name == "images" and len(calls) == 2:
                self.seen.append((calls[0], total, httpx2.get(self.address, follow_redirects=True, timeout=60).text))

        yield advance


def plain(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", text).split())


def test_the_overview_says_what_a_real_audit_is_at_and_nothing_after_it(audited, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(under_way, "EVERY", 0.0)
    home = shutil.copytree(audited.home, tmp_path / "home")
    small = tiny.model_copy(update={"audit": "small", "run_seed": 8})
    with served(Store(home)) as address, dg.DagsterInstance.ephemeral() as instance:
        looks = Looks(address)
        assert "Running now" not in httpx2.get(address, follow_redirects=True).text
        ran = run_audit(small, find_system("phantom-stereotyped"), Workplace(home=home, progress=looks), instance)
        after = httpx2.get(address, follow_redirects=True).text
    done, total, text = looks.seen[0]
    name = re.escape(ran.system_version[:-5])
    assert re.search(rf"Running now: small of {name}, at images \(images: {done} of {total}, .+ left\)", plain(text))
    assert "Running now" not in after
    assert read_under_way(home) is None
    assert not (home / "runs" / "under-way.json").exists()


@pytest.fixture
def run_lock(tmp_path) -> Generator[None]:
    """That of a run which lives in this process."""
    orphans.hold_run_lock(tmp_path, "run")
    yield
    orphans._held.pop().release()


def test_a_home_where_nothing_is_published_yet_says_what_its_first_run_is_at(tmp_path, run_lock):
    with served(Store(tmp_path)) as address:
        account = Account(tmp_path, RUN)
        account.at_step("scores")
        answer = httpx2.get(address)
    assert answer.status_code == 503
    assert "Running now: tiny of phantom@0123456, at scores" in plain(answer.text)


def test_a_run_that_was_killed_is_not_told_of_and_looking_writes_nothing(tmp_path):
    Account(tmp_path, RUN)
    assert read_under_way(tmp_path) is None  # it never held a lock
    lock_file(tmp_path, "run").touch()
    before = lock_file(tmp_path, "run").stat()
    assert read_under_way(tmp_path) is None  # it holds it no more
    assert lock_file(tmp_path, "run").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run_id": "run"}', '{"later": 1}'])
def test_a_file_that_cannot_be_read_is_nothing_that_runs(tmp_path, text, run_lock):
    (tmp_path / "runs" / "under-way.json").write_text(text)
    assert read_under_way(tmp_path) is None


def test_items_have_their_pace_and_what_is_left_in_units_that_fit():
    def of(**known: float) -> str:
        found = running(UnderWay(**(RUN.__dict__ | {"task": "images", "begun": 0.0} | known)))  # ty: ignore[invalid-argument-type]
        assert found is not None
        return found["pace"]

    assert of(done=0, total=1200, told=5) == "images: 0 of 1,200"
    assert of(done=20, total=1200, told=10) == "images: 20 of 1,200, 2.0 a second, about 10 min left"
    assert of(done=2, total=4, told=10) == "images: 2 of 4, 5.0 seconds each, about 10 s left"
    assert of(done=4, total=4, told=10) == "images: 4 of 4, 2.5 seconds each, done"
    assert running(None) is None
