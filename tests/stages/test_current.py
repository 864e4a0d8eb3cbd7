"""Whether an audit is as a run would leave it: what was made again with an equal result needs nothing new."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mcas_assets.embedders.find import find_embedder
from mcas_assets.stages.contract import AS_MANY_ROWS
from mcas_assets.stages.current import why_not_current
from mcas_assets.stages.registry import STAGES
from mcas_assets.store import ledger
from mcas_assets.store.database import Store
from mcas_assets.store.ledger import Materialisation
from mcas_assets.store.publication import publish


@pytest.fixture
def store(audited, tmp_path: Path) -> Store:
    return Store(Path(shutil.copytree(audited.home, tmp_path / "home")))


@pytest.fixture
def reason(store, audited, tiny) -> Callable[[], str | None]:
    """Why the audited home is not current, by the code versions that its rows have."""
    version = audited.ran.system_version
    with store.open() as con:
        rows = {name: ledger.latest(con, name, stage.partition(version), tiny.audit) for name, stage in STAGES.items()}
    versions = {stage: row.code_version for stage, row in rows.items() if row is not None}
    embedders = [find_embedder(name).id for name in tiny.embedders]
    return lambda: why_not_current(store, tiny, version, versions, embedders)


def plan_again(store: Store, audit: str, data_version: str | None = None) -> None:
    """Record the plan once more, checked and published, of the same content or called another."""
    with store.open() as con:
        row = ledger.latest(con, "plan", "", audit)
        assert row is not None
        tables = {name: ledger.read_table(con, name, row.version) for name in row.tables}
        fields = {name: getattr(row, name) for name in Materialisation.__dataclass_fields__}
        again = replace(Materialisation(**fields), data_version=data_version or row.data_version)
        version = ledger.record(con, again, tables)
        con.execute(
            "insert into quality_results by name select * replace (? as version) from quality_results where version = ?",
            [version, row.version],
        )
    publish(store)


def test_a_home_after_an_audit_is_current(store, reason):
    publish(store)
    assert reason() is None


def test_a_stage_that_was_made_again_with_an_equal_result_leaves_the_others_current(store, reason, tiny):
    plan_again(store, tiny.audit)
    assert reason() is None


def test_a_stage_that_was_made_again_with_another_result_makes_the_next_one_wanted(store, reason, tiny):
    plan_again(store, tiny.audit, data_version="another")
    assert "made of an older plan" in str(reason())


def test_a_stage_of_which_only_one_table_was_checked_is_wanted(store, reason):
    publish(store)
    with store.open() as con:
        con.execute("delete from quality_results where table_name = 'texts'")
    assert reason() == "texts was never checked, or not by all of its rules"


def test_a_stage_whose_checks_were_broken_off_is_wanted(store, reason):
    publish(store)
    with store.open() as con:
        con.execute("delete from quality_results where table_name = 'components' and rule = 'each row once'")
    assert reason() == "components was never checked, or not by all of its rules"


def test_a_rule_that_failed_is_not_hidden_by_one_of_the_same_name_of_another_table(store, reason):
    publish(store)
    with store.open() as con:
        rows = "table_name = ? and rule = ?"
        con.execute(f"update quality_results set success = false where {rows}", ["plan", AS_MANY_ROWS])
        con.execute(f"update quality_results set created_at = now() where {rows}", ["texts", AS_MANY_ROWS])
    assert reason() == "a check of plan did not pass"
