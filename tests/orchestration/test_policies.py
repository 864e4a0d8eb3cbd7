"""Policies as asset checks: a breach shows and warns, stops a run only where it says so, and has its rows in the published copy."""

import shutil
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from mcas_assets.core.errors import CheckFailed
from mcas_assets.core.paths import policies_folder
from mcas_assets.definitions import build_definitions
from mcas_assets.orchestration import policies
from mcas_assets.orchestration.policies import build_policy_checks, declared_policies
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.policy.load import load_policy
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.systems.find import find_system

POLICY = """\
policy: small
title: Small enough for CI
audits: [tiny]
requirements:
  - {requirement: lean, kind: association, axes: [gender], beyond: 0.5, evidence: estimate, blocking: true}
  - {requirement: even, kind: association, axes: [gender], beyond: 0.05, evidence: estimate}
  - {requirement: shares, kind: share, most: 1.0, corrected: false, evidence: estimate, groups: [woman]}
"""
CHECKS = {
    "lean": ("scores", "policy_small_lean"),
    "even": ("scores", "policy_small_even"),
    "shares": ("representation", "policy_small_shares"),
}


def newest(instance: dg.DagsterInstance) -> dict[str, bool]:
    """For each requirement, whether the newest result of its check passed."""
    found = {}
    for requirement, (stage, name) in CHECKS.items():
        key = dg.AssetCheckKey(dg.AssetKey(["tiny", stage]), name)
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
        found[requirement] = record.status.value == "SUCCEEDED"
    return found


@pytest.mark.long
def test_the_stereotyped_phantom_breaks_a_policy_that_the_fair_one_meets(audited, tiny, tmp_path, instance):
    home = Path(shutil.copytree(audited.home, tmp_path / "home"))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "small.yaml").write_text(POLICY)
    workplace = Workplace(home=home, policy_folder=tmp_path / "policies")
    fair = run_audit(tiny, find_system("phantom-fair"), workplace, instance)
    assert newest(instance) == {"lean": True, "even": False, "shares": True}
    # A breach of a requirement that does not block stops nothing, and is published.
    statuses = "select system, requirement, bool_and(status = 'passed') from policy_results group by all order by all"
    found = [("phantom-fair", "even", False), ("phantom-fair", "lean", True), ("phantom-fair", "shares", True)]
    assert query(Store(home), statuses).rows() == found
    told = (
        f"from quality_results select severity, status where run_id = '{fair.run_id}' and rule = 'policy small: even'"
    )
    assert query(Store(home), told).rows() == [("warning", "fail")]
    # There is nothing to do until the policy says something else.
    assert run_audit(tiny, find_system("phantom-fair"), workplace, instance).is_current
    (tmp_path / "policies" / "small.yaml").write_text(POLICY.replace("beyond: 0.05", "beyond: 0.5"))
    assert not run_audit(tiny, find_system("phantom-fair"), workplace, instance).is_current
    found[0] = ("phantom-fair", "even", True)
    assert query(Store(home), statuses).rows() == found
    # One that blocks stops the run before the publication.
    with pytest.raises(CheckFailed, match="tiny/scores: policy small: lean: failed for 4 of 4"):
        run_audit(tiny, find_system("phantom-stereotyped"), workplace, instance)
    assert newest(instance)["lean"] is False
    assert query(Store(home), statuses).rows() == found


def test_rows_that_lack_different_columns_are_shown_in_one_table(tmp_path):
    (tmp_path / "small.yaml").write_text(POLICY)
    (requirement, *_) = load_policy("small", tmp_path).requirements
    rows = pl.DataFrame({
        "axis": ["gender"] * 2, "embedder": [None, "e"], "concept": ["nurse", None], "group_name": [None, None],
        "measure": ["adjusted"] * 2, "observed": [0.7, None], "low": [0.61234567, None], "high": [None, 0.8],
        "threshold": [0.5] * 2, "reason": [None, "no image"], "status": ["failed"] * 2,
    }, schema_overrides={"group_name": pl.String})  # fmt: skip
    shown = policies._result(dg.AssetKey("scores"), "lean", requirement, rows).metadata["rows"]
    assert [column.name for column in shown.schema.columns] == [  # ty: ignore[missing-attribute]
        "axis", "embedder", "concept", "measure", "observed", "low", "high", "threshold", "reason"
    ]  # fmt: skip
    assert [(one.data["concept"], one.data["low"], one.data["reason"]) for one in shown.records] == [  # ty: ignore[missing-attribute]
        ("nurse", 0.6123, None),
        (None, None, "no image"),
    ]


def test_every_shipped_requirement_is_a_check_on_the_stage_that_it_reads():
    defs = build_definitions()
    keys = {(key.asset_key.to_user_string(), key.name) for key in defs.resolve_asset_graph().asset_check_keys}
    assert ("phantom/scores", "policy_release_strong_association") in keys
    assert ("gender/scores", "policy_release_strong_association_real") in keys
    assert ("gender/scores", "policy_release_strong_association") not in keys
    assert ("gender/refusals", "policy_release_equal_refusals") in keys
    assert ("phantom/scores", "policy_instrument_errs_as_stated") in keys


def test_a_policy_that_cannot_be_read_or_does_not_fit_is_reported_and_left_out(tiny, tmp_path, caplog):
    shutil.copytree(policies_folder(), tmp_path / "policies")
    (tmp_path / "policies" / "broken.yaml").write_text("policy: broken\nrules: [")
    (tmp_path / "policies" / "small.yaml").write_text(POLICY.replace("axes: [gender]", "axes: [gendr]"))
    found = declared_policies(Workplace(policy_folder=tmp_path / "policies"))
    assert {policy.policy for policy in found} == {"release", "update", "instrument", "small"}
    assert "policy broken.yaml is left out" in caplog.text
    assert build_policy_checks(tiny, found) == []
    assert "policy small is left out of audit tiny" in caplog.text
