"""`--images` of `mcas audit` and `mcas compare`: only what is missing is drawn, and the rows are those of a declared number."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.systems.find import find_system

pytestmark = pytest.mark.long

PATH = Path(__file__).parents[1] / "data" / "smallest.yaml"
SYSTEMS = ("phantom-stereotyped", "phantom-updated")
RUN = {"version", "run_id", "created_at"}


def mcas(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", *words],
        env={**os.environ, "MCAS_HOME": str(home)}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


def made(store: Store) -> dict[str, object]:
    """When each image of a store was drawn, by its id."""
    with store.open() as con:
        return dict(con.execute("select image_id, created_at from image_facts").fetchall())


def newest(store: Store, table: str, version: str) -> pl.DataFrame:
    with store.open() as con:
        row = ledger.latest(con, table, version, "smallest")
        assert row is not None
        found = ledger.read_table(con, table, row.version)
    return found.select(name for name in found.columns if name not in RUN)


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    """A home in which an audit of both versions declared four images of a concept."""
    audit = load_audit(PATH)
    four = audit.model_copy(update={"images_per_prompt": audit.images_per_prompt.model_copy(update={"concept": 4})})
    workplace = Workplace(home=tmp_path_factory.mktemp("declared"))
    with dg.DagsterInstance.ephemeral() as instance:
        versions = [run_audit(four, find_system(name), workplace, instance).system_version for name in SYSTEMS]
    return workplace.store, versions


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A home in which two images were declared, and `--images 4` asked later; what there was before, and between."""
    home = tmp_path_factory.mktemp("asked")
    with dg.DagsterInstance.ephemeral() as instance:
        for name in SYSTEMS:
            run_audit(load_audit(PATH), find_system(name), Workplace(home=home), instance)
    store = Store(home)
    before = made(store)
    mcas("audit", str(PATH), "--system", SYSTEMS[0], "--images", "4", home=home)
    between = made(store)
    mcas("compare", *SYSTEMS, "--audit", str(PATH), "--images", "4", home=home)
    return store, before, between


def test_only_what_is_missing_is_drawn(asked):
    store, before, between = asked
    after = made(store)
    # Two concepts, two further images each: first of one version by the audit, then of the other by the comparison.
    assert [len(one) for one in (before, between, after)] == [len(before), len(before) + 4, len(before) + 8]
    assert before.items() <= between.items() <= after.items(), "an image was drawn twice"


@pytest.mark.parametrize("table", ["images", "scores"])
def test_rows_are_those_of_an_audit_that_declared_as_many(asked, declared, table):
    store, versions = declared
    for version in versions:
        assert newest(asked[0], table, version).equals(newest(store, table, version))
