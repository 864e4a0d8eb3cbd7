"""What an audit warns of at its end: each rule with a remedy."""

from mcas_assets.stages.beside import CANARY
from mcas_assets.stages.registry import STAGES
from mcas_assets.views.warnings import REMEDIES


def test_every_rule_that_only_warns_has_a_remedy_and_no_remedy_is_for_none():
    tables = [*(table for stage in STAGES.values() for table in stage.tables), CANARY]
    assert {rule for table in tables for rule in table.hints} == set(REMEDIES)
