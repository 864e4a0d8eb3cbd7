"""What many tests share: one real audit of the phantom, run once a session on an ephemeral Dagster instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.audit import Audit, load_audit
from mcas_assets.orchestration.resources import Workplace
from mcas_assets.orchestration.running import Ran, run_audit
from mcas_assets.store import Store
from mcas_assets.systems import find_system

TINY = Path(__file__).parent / "data" / "tiny.yaml"


@pytest.fixture(scope="session")
def tiny() -> Audit:
    return load_audit(TINY)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Audited:
    """A home after one whole audit. Tests read it, and copy it before they change anything."""

    def __init__(self, home: Path, ran: Ran) -> None:
        self.home, self.ran = home, ran
        self.store = Store(home)

    def rows(self, sql: str) -> list[tuple]:
        with self.store.open() as con:
            return con.execute(sql).fetchall()


@pytest.fixture(scope="session")
def audited(tiny: Audit, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    home = tmp_path_factory.mktemp("home")
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(tiny, find_system("phantom-stereotyped"), Workplace(home=home), instance)
    return Audited(home, ran)
