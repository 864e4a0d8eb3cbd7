"""What an audit warns of at its end: each rule with a remedy."""

import json
import shutil
from pathlib import Path
from typing import get_args

from mcas_assets.stages.beside import CANARY
from mcas_assets.stages.registry import STAGES
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.systems.pipelines.trial import Seed
from mcas_assets.views.warnings import REMEDIES, SEEDS, trial_lines


def test_every_rule_that_only_warns_has_a_remedy_and_no_remedy_is_for_none():
    tables = [*(table for stage in STAGES.values() for table in stage.tables), CANARY]
    assert {rule for table in tables for rule in table.hints} == set(REMEDIES)


def test_what_the_first_image_told_is_said_at_the_end_of_an_audit(audited, tmp_path):
    store = Store(Path(shutil.copytree(audited.home, tmp_path / "home")))
    with store.open() as con:
        version = con.execute("select system_version from images limit 1").fetchall()[0][0]
    publish(store)
    assert list(trial_lines(store, "tiny", version)) == []
    told = {"tested": {"seed": "best_effort", "drawn_alone": True, "without_effect": ["guidance_scale"]}}
    with store.open() as con:
        con.execute("update image_facts set environment = ?", [json.dumps(told)])
    publish(store)
    first, second, third = trial_lines(store, "tiny", version)
    assert "no seed fixes an image" in first
    assert "one image at a time" in second
    assert "without guidance_scale its first image was the same" in third


def test_every_finding_on_seeds_but_the_expected_one_is_worded():
    assert set(get_args(Seed)) - {"exact"} == set(SEEDS)
