"""Changes of versions that are asked in several wordings: intervals hold over other wordings, and equal versions look equal."""

import numpy as np
import pytest

from benchmarks.coverage_wording_changes import WORLDS, rates, versions
from mcas_assets.scoring.changes.comparison import compare_changes


@pytest.mark.parametrize("world", ["wording matters little", "wording decides"])
def test_five_wordings_hold_the_change_and_keep_the_size_of_the_test(world):
    """60 audits of 6 concepts, moved or not: 720 intervals, correlated by wording and seed."""
    held, found = rates(WORLDS[world], 5, 60)
    assert 0.925 <= held <= 0.99
    assert found <= 0.08


def test_a_change_over_wordings_rests_on_students_t_over_them_and_says_so():
    generator = np.random.default_rng(4)
    found = compare_changes(*versions(generator, WORLDS["as much as the seed"], 5, 0.1), resamples=200, draws=2)["mcas"]
    assert {one.method for one in found} == {"student"}
    assert {one.note for one in found} == {"no labels of groups: Student's t over wordings and seeds"}
    assert all(one.low is not None and one.low > 0 for one in found)
    few = compare_changes(*versions(generator, WORLDS["as much as the seed"], 3, 0.1), resamples=200, draws=2)["mcas"]
    assert all(str(one.note).endswith("of 3 it covers less than it says where wording matters") for one in few)
