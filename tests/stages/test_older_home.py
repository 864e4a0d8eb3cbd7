"""A home that an installation made before stages and tables were objects is opened, and goes on where it was.

`tests/data/homes/before-stages.tar.xz` is the store and the images after two audits, `smallest` of the stereotyped and of the
updated phantom, by commit aa6a85e.
"""

import tarfile
from pathlib import Path

import dagster as dg
import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Store:
    home = tmp_path_factory.mktemp("older")
    with tarfile.open(DATA / "homes" / "before-stages.tar.xz") as packed:
        packed.extractall(home, filter="data")
    return Store(home)


def ledger(store: Store) -> list[tuple]:
    with store.open() as con:
        return con.execute(
            "select version, asset, partition, data_version, run_id from materialisations order by version"
        ).fetchall()


def test_nothing_is_drawn_and_no_number_is_another_than_before(older):
    before = ledger(older)
    with older.open() as con:
        images = con.execute("select image_id, sha256, created_at from image_facts order by 1").fetchall()
        vectors = con.execute("select content, vector, created_at from embedding_facts_64 order by all").fetchall()
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(
            load_audit(DATA / "smallest.yaml"), find_system("phantom-updated"), Workplace(home=older.home), instance
        )
    assert not ran.is_current  # its rules were others: it is checked anew
    assert ledger(older) == before  # and every stage has made what it had made
    with older.open() as con:
        assert con.execute("select image_id, sha256, created_at from image_facts order by 1").fetchall() == images
        assert (
            con.execute("select content, vector, created_at from embedding_facts_64 order by all").fetchall() == vectors
        )
        failed = con.execute(
            "select rule from quality_results where not success and run_id = ?", [ran.run_id]
        ).fetchall()
    assert [rule for (rule,) in failed if not rule.startswith("policy")] == []
    assert query(older, "select count(distinct system_version) from scores").item() == 2
