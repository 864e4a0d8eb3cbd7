"""Audits and comparisons run from Python are those of the command."""

import pytest

import mcas_assets as mcas
from tests.conftest import TINY


@pytest.mark.long
def test_an_audit_run_twice_is_one_and_two_versions_compare(tmp_path):
    project = mcas.open_project(home=tmp_path)
    first = project.audit(str(TINY))
    assert project.audit(str(TINY)) == first
    second = project.audit(str(TINY), "phantom-updated", images=4)
    changes = project.compare(first, second, str(TINY))
    assert set(changes["before"]) == {first}
    assert project.comparisons("tiny", second).height >= changes.height
    with pytest.raises(mcas.BadInput, match="are one version"):
        project.compare(first, first, str(TINY))
