"""Dagster's history in a real Postgres: our instance, the timeline, the locks of runs and what is current hold there, too."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import sqlalchemy

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.instance import begin_history_anew, open_instance
from mcas_assets.orchestration.located import Located
from mcas_assets.orchestration.orphans import DIED
from mcas_assets.orchestration.restart import make_ready
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system
from tests.cli.command import mcas, refused
from tests.postgres import PROGRAMS, postgres

pytestmark = pytest.mark.skipif(
    PROGRAMS is None, reason="no Postgres on this machine (Debian: apt-get install postgresql)"
)
SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres() as address:
        yield address


@pytest.fixture
def database(server, monkeypatch) -> str:
    """A database of its own, named by the environment."""
    name = f"mcas_{uuid4().hex[:8]}"
    engine = sqlalchemy.create_engine(f"{server}/postgres".replace("://", "+psycopg2://"), isolation_level="AUTOCOMMIT")
    with engine.connect() as con:
        con.execute(sqlalchemy.text(f"create database {name}"))
    engine.dispose()
    monkeypatch.setenv("MCAS_HISTORY", f"{server}/{name}")
    return f"{server}/{name}"


@dg.job
def work() -> None: ...


def test_the_history_of_a_home_is_in_the_database_and_no_file_of_sqlite_beside_it(database, tmp_path):
    with open_instance(tmp_path) as instance:
        assert isinstance(instance, Located)
        run = instance.create_run_for_job(work)
    with open_instance(tmp_path) as again:
        assert again.has_run(run.run_id)
        found = again.get_run_by_id(run.run_id)
        assert found is not None
        assert found.remote_job_origin is not None, "without an origin the timeline passes over it"
    assert not list(tmp_path.rglob("*.db"))
    written = (tmp_path / "dagster" / "dagster.yaml").read_text()
    assert "a-secret-word" not in written


HOLD = """
import sys, time
from pathlib import Path
from mcas_assets.orchestration.orphans import hold_run_lock
hold_run_lock(Path(sys.argv[1]), sys.argv[2])
print("held", flush=True)
time.sleep(100)
"""


def test_a_run_is_alive_by_its_lock_and_dead_without(database, tmp_path):
    with open_instance(tmp_path) as instance:
        run = instance.create_run_for_job(work, status=dg.DagsterRunStatus.STARTED)
        held = [sys.executable, "-c", HOLD, str(tmp_path), run.run_id]
        with subprocess.Popen(held, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert make_ready(tmp_path) == []
            process.kill()
        assert make_ready(tmp_path) == [run.run_id]
        dead = instance.get_run_by_id(run.run_id)
        assert dead is not None
        assert dead.tags[DIED] == "true"


@pytest.mark.long
def test_an_audit_runs_is_current_afterwards_and_shows(database, tmp_path):
    audit, system = load_audit(SMALLEST), find_system("phantom-stereotyped")
    workplace = Workplace(home=tmp_path)
    with open_instance(tmp_path) as instance:
        ran = run_audit(audit, system, workplace, instance)
        again = run_audit(audit, system, workplace, instance)
        (run,) = instance.get_runs(dg.RunsFilter(job_name="audit_smallest"))
    assert (ran.is_current, again.is_current) == (False, True)
    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.remote_job_origin is not None


def test_a_database_is_of_one_home(database, tmp_path):
    with open_instance(tmp_path / "mine"):
        pass
    with open_instance(tmp_path / "mine"):
        pass
    with pytest.raises(StoreError, match=r"holds the history of another home.*createdb") as refusal:
        open_instance(tmp_path / "other")
    assert "a-secret-word" not in str(refusal.value)


def test_a_history_in_a_database_is_never_begun_anew_in_files_in_silence(database, tmp_path, monkeypatch):
    with open_instance(tmp_path):
        pass
    monkeypatch.delenv("MCAS_HISTORY")
    with pytest.raises(StoreError, match=r"is in a Postgres database, and none is named. Set MCAS_HISTORY"):
        open_instance(tmp_path)
    begin_history_anew(tmp_path)
    with open_instance(tmp_path) as instance:
        assert instance.get_runs_count() == 0


def test_a_history_in_files_is_not_left_for_a_database_in_silence(tmp_path, server, monkeypatch):
    with open_instance(tmp_path) as instance:
        instance.create_run_for_job(work)
    monkeypatch.setenv("MCAS_HISTORY", f"{server}/postgres")
    with pytest.raises(StoreError, match=r"is in files, which no database takes over. Put that aside"):
        open_instance(tmp_path)


@pytest.mark.parametrize("address", ["mysql://host/db", "postgresql://host", "nonsense"])
def test_an_address_that_is_none_of_a_database_is_refused(address, tmp_path, monkeypatch):
    monkeypatch.setenv("MCAS_HISTORY", address)
    with pytest.raises(BadInput, match="Write it as postgresql://user:password@host/database"):
        open_instance(tmp_path)


@pytest.mark.long
def test_a_server_that_is_not_there_is_one_sentence_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("MCAS_HISTORY", "postgresql://mcas:a-secret-word@127.0.0.1:9/mcas")
    said = refused(mcas("watch", home=tmp_path))
    assert "Dagster's history cannot be reached" in said
    assert "127.0.0.1:9/mcas" in said
    assert "a-secret-word" not in said
