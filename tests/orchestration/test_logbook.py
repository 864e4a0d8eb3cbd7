"""What the standing watch says while it runs, from a real history and a real home."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.logbook import Logbook
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.under_way import Account, UnderWay, lock_file


@pytest.fixture
def home(new_home) -> Path:
    publish(Store(new_home))
    return new_home


@pytest.fixture
def instance(home) -> Iterator[dg.DagsterInstance]:
    """The history on files: one in memory keeps no states of sensors."""
    with open_instance(home) as opened:
        yield opened


@pytest.fixture
def lines(home, instance):
    """What is said at the next look."""
    said: list[str] = []
    book = Logbook(instance, home, said.append)

    def look() -> list[str]:
        said.clear()
        book.look()
        return list(said)

    return look


TAGS = {"mcas/audit": "tiny", "dagster/partition": "phantom@000000000000"}


def job_of(name: str, work) -> dg.JobDefinition:
    @dg.op(name=f"{name}_op")
    def op() -> None:
        work()

    @dg.job(name=name)
    def job() -> None:
        op()

    return job


def run(instance: dg.DagsterInstance, work, **tags: str) -> None:
    job_of("audit_tiny", work).execute_in_process(instance=instance, raise_on_error=False, tags={**TAGS, **tags})


def test_nothing_is_said_where_nothing_happens(lines):
    assert lines() == []


def test_a_run_is_told_once_as_it_is_queued_and_as_it_ends(instance, lines):
    made = instance.create_run_for_job(job_of("audit_tiny", lambda: None), tags=TAGS, status=dg.DagsterRunStatus.QUEUED)
    assert lines() == ["tiny of phantom@000000000000: queued"]
    assert lines() == []
    instance.report_run_canceled(made)
    (ended,) = lines()
    assert ended.startswith("tiny of phantom@000000000000: cancelled, after ")


def test_a_run_that_is_done_says_so(instance, lines):
    run(instance, lambda: None)
    (done,) = lines()
    assert done.startswith("tiny of phantom@000000000000: done, after ")


def test_a_run_that_failed_says_why_in_our_words(instance, lines):
    def fail() -> None:
        raise BadInput("model", "is not there", "Put it there")

    run(instance, fail)
    (failed,) = lines()
    assert failed.startswith("tiny of phantom@000000000000: failed: model: is not there. Put it there, after ")


def test_a_run_that_was_found_dead_is_no_failure_of_the_audit(instance, lines):
    run(instance, lambda: 1 / 0, **{DIED: "true"})
    (died,) = lines()
    assert "ended with its process; a further run goes on where it was" in died


def test_where_the_run_at_work_is_stands_in_words(home, lines):
    import fcntl

    account = Account(home, UnderWay("r1", "tiny", "phantom@000000000000", 0.0))
    account.at_step("images")
    lock_file(home, "r1").touch()
    with lock_file(home, "r1").open("rb") as held, account.task("images", 42) as advance:
        fcntl.flock(held, fcntl.LOCK_EX)
        advance(42)
        (told,) = lines()
        assert told.startswith("tiny of phantom@0000000: images: 42 of 42")
        assert lines() == [], "the same again waits for half a minute"
