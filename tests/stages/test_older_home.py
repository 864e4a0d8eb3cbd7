"""A home that an installation made before stages and tables were objects is opened, and goes on where it was.

`tests/data/homes/before-stages.tar.xz` is the store and the images after two audits, `smallest` of the stereotyped and of the
updated phantom, by commit aa6a85e.
"""

import tarfile
from pathlib import Path

import dagster as dg
import numpy as np
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


@pytest.fixture(scope="module")
def resumed(older: Store) -> Store:
    """The home after its second audit was asked for again."""
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(
            load_audit(DATA / "smallest.yaml"), find_system("phantom-updated"), Workplace(home=older.home), instance
        )
    assert not ran.is_current  # its rules were others: it is checked anew
    with older.open() as con:
        failed = con.execute(
            "select rule from quality_results where not success and run_id = ?", [ran.run_id]
        ).fetchall()
    assert [rule for (rule,) in failed if not rule.startswith("policy")] == []
    return older


@pytest.fixture(scope="module")
def before(older: Store) -> dict[str, list[tuple]]:
    """What the home held before that."""
    return {"ledger": ledger(older), **facts(older)}


def facts(store: Store) -> dict[str, list[tuple]]:
    with store.open() as con:
        return {
            "images": con.execute("select image_id, sha256, created_at from image_facts order by 1").fetchall(),
            "vectors": con.execute(
                "select embedder, content, vector, created_at from embedding_facts_64 order by created_at, content"
            ).fetchall(),
        }


def test_what_its_checks_came_to_is_read_by_the_name_that_the_column_has_now(older):
    with older.open() as con:
        rows = con.execute("select count(*) from quality_results where status = 'pass' and version <= 14").fetchall()
    assert rows[0][0] > 300


def test_nothing_is_drawn_and_only_what_is_read_or_counted_otherwise_is_made_anew(before, resumed):
    now = facts(resumed)
    assert now["images"] == before["images"]
    made = ledger(resumed)
    assert made[: len(before["ledger"])] == before["ledger"]
    # The last digits of shares depend on the machine, so they may be made anew; intervals of scores are others by design.
    anew = made[len(before["ledger"]) :]
    assert {asset for _, asset, *_ in anew} <= {
        "plan",
        "embeddings",
        "refusals",
        "representation",
        "scores",
        "ranks",
        "review",
        "fidelity",
        "comparison",
    }
    plans = {data_version for _, asset, _, data_version, _ in made if asset == "plan"}
    assert len(plans) == 1  # other code, the same requests
    assert query(resumed, "select count(distinct system_version) from scores").item() == 2


def test_every_vector_that_was_made_is_kept_and_one_that_is_made_anew_is_the_same(before, resumed):
    """What pictures are read by is part of an embedder's identity since; the phantom's are read as they were."""
    former = {content: vector for _, content, vector, _ in before["vectors"]}
    now = facts(resumed)["vectors"]
    assert now[: len(before["vectors"])] == before["vectors"]
    anew = now[len(before["vectors"]) :]
    assert {embedder for embedder, *_ in anew} & {embedder for embedder, *_ in before["vectors"]} == set()
    for _, content, vector, _ in anew:
        assert np.array(vector) == pytest.approx(np.array(former[content]), abs=1e-6)


def test_no_score_is_another_than_before_but_for_digits_that_depend_on_the_machine(before, resumed):
    versions = [version for version, asset, partition, *_ in ledger(resumed)
                if asset == "scores" and partition.startswith("phantom-updated")]  # fmt: skip
    assert len(versions) == 2
    points = "concept, prompt, n_images, iias, itpas, itaas, ttas, mcas, differing, baseline, adjusted, stable"
    with resumed.open() as con:
        rows = [
            con.execute(f"select {points} from scores_history where version = ? order by all", [version]).fetchall()
            for version in versions
        ]
        effects = [
            con.execute(
                "select concept, component, value, effect_size from components_history where version = ? order by all",
                [version],
            ).fetchall()
            for version in versions
        ]
    assert len(rows[0]) == 3
    for former, row in zip(*rows, strict=True):
        assert row == tuple(pytest.approx(one, abs=1e-6) if isinstance(one, float) else one for one in former)
    assert [row[:2] for row in effects[0]] == [row[:2] for row in effects[1]]
    numbers = [np.array([row[2:] for row in part], dtype=float) for part in effects]
    assert numbers[0] == pytest.approx(numbers[1], abs=1e-4, nan_ok=True)


def test_no_share_is_another_than_before(before, resumed):
    with resumed.open() as con:
        versions = [version for version, asset, partition, *_ in ledger(resumed)
                    if asset == "representation" and partition.startswith("phantom-updated")]  # fmt: skip
        rows = [
            con.execute(
                "select share, share_low, share_high, corrected_share "  # its interval is another by design
                "from representation_history where version = ? order by concept, group_name",
                [version],
            ).fetchall()
            for version in (versions[0], versions[-1])
        ]
    assert np.array(rows[0], dtype=float) == pytest.approx(np.array(rows[1], dtype=float), abs=1e-9, nan_ok=True)
