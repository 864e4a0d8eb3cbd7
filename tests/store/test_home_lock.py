"""One run works in a home at a time: real processes, one of them killed."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.store.home_lock import hold_home_lock, is_home_free

WORKER = """
import sys, time
from pathlib import Path
from mcas_assets.store.home_lock import hold_home_lock
home = Path(sys.argv[1])
with hold_home_lock(home):
    print("at work", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_the_second_waits_for_the_first_be_it_killed_or_not(tmp_path, start):
    first = start(WORKER, tmp_path, 100)
    assert first.stdout.readline() == "at work\n"
    second = start(WORKER, tmp_path, 0)
    assert not is_home_free(tmp_path)
    with pytest.raises(BadInput, match="another audit is running here"), hold_home_lock(tmp_path, wait=False):
        pass
    assert second.poll() is None
    first.kill()
    assert second.stdout.readline() == "at work\n"
    assert second.wait(30) == 0
    assert is_home_free(tmp_path)


def test_whoever_holds_the_lock_has_it_again_at_once(tmp_path):
    with hold_home_lock(tmp_path, wait=False):
        with hold_home_lock(tmp_path, wait=False):
            pass
        assert (tmp_path / "audit.lock").exists()
    with hold_home_lock(tmp_path, wait=False):
        pass


def test_the_lock_begins_with_clearing_away_the_drafts_of_the_dead_however_young(tmp_path):
    drafts = [tmp_path / ".published-1.tmp", tmp_path / ".published-1.tmp.wal", tmp_path / "images" / ".tmp" / "2.png"]
    drafts[2].parent.mkdir(parents=True)
    (tmp_path / "published.duckdb").touch()
    for draft in drafts:
        draft.touch()
    with hold_home_lock(tmp_path):
        assert not any(draft.exists() for draft in drafts)
        drafts[0].touch()
        with hold_home_lock(tmp_path):
            assert drafts[0].exists()  # its own
    assert (tmp_path / "published.duckdb").exists()


def test_nothing_is_made_by_asking_whether_a_home_is_free(tmp_path):
    assert is_home_free(tmp_path / "home")
    assert not (tmp_path / "home").exists()
