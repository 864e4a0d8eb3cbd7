"""Parts of a change: exact sums, the known part of each factor, and what is one-sided."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.changes.attribution import INTERACTION, attribute
from mcas_assets.scoring.changes.changes import Task
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.mcas.draws import Draws, grouping

NONE = np.array([], dtype=np.int64)


@pytest.fixture
def versions(audit):
    """Before, after the first factor alone, after the second alone, after both: one concept moves with each factor."""
    sizes = {"images": 30, "attributes": 30}
    before, moved = audit(1, **sizes), audit(1, shift=1.0, **sizes)
    second = np.array(before.images, copy=True)
    second[60:90] = np.array(audit(1, noise=0.9, **sizes).images)[60:90]
    both = np.array(moved.images, copy=True)
    both[60:90] = second[60:90]
    return before, moved, replace(before, images=second), replace(before, images=both)


def parts(versions, weighted):
    task = Task(Draws(grouping(versions[0]), 300, 0), 0.95, 0.8, "bca", 300, 0)
    return attribute(Pairs(versions[0], versions[3], NONE), weighted, task)


def test_two_factors_sum_to_the_change_and_each_gets_its_own_concept(versions):
    before, first, second, both = versions
    weighted = {
        "weights": [(0.5, Pairs(before, first, NONE)), (0.5, Pairs(second, both, NONE))],
        "steps": [(0.5, Pairs(before, second, NONE)), (0.5, Pairs(first, both, NONE))],
    }
    by_factor = parts(versions, weighted)
    change = both.scores().mcas - before.scores().mcas
    effects = {name: np.array([one.difference for one in part.effects]) for name, part in by_factor.items()}
    np.testing.assert_allclose(effects["weights"] + effects["steps"], change, atol=1e-12)
    np.testing.assert_allclose(effects[INTERACTION], 0, atol=1e-12)
    assert effects["weights"][0] == pytest.approx(change[0])
    assert effects["steps"][2] == pytest.approx(change[2])
    assert effects["steps"][0] == pytest.approx(0, abs=1e-12)
    assert sum(part.share for part in by_factor.values()) == pytest.approx(1)
    assert by_factor["weights"].low <= by_factor["weights"].share <= by_factor["weights"].high
    assert by_factor["weights"].low > 0.5


def test_what_is_replayed_from_one_side_leaves_an_interaction(versions):
    by_factor = parts(versions, {"weights": [(1.0, Pairs(versions[0], versions[1], NONE))]})
    assert by_factor["weights"].share + by_factor[INTERACTION].share == pytest.approx(1)


def test_changes_of_other_images_cannot_be_added(versions, audit):
    with pytest.raises(ValueError, match="same prompts and seeds"):
        parts(versions, {"weights": [(1.0, Pairs(audit(1, images=29), audit(2, images=29), NONE))]})


def test_a_factor_that_does_nothing_gets_nothing_within_its_interval(audit):
    """Redrawing all images moves every concept by chance; what truly moves one is the other factor's."""
    shares, is_within = [], []
    for trial in range(200):
        rng = np.random.default_rng(trial)
        before = audit(1, images=16, attributes=16)
        images = np.array(before.images, dtype=np.float64)
        blur = 0.5 * np.abs(images).mean()
        step = np.zeros_like(images)
        step[:16] = np.asarray(audit(1, shift=1.0, images=16, attributes=16).images)[:16] - images[:16]
        noise = [rng.normal(0, blur, images.shape) for _ in range(2)]
        before, idle = (replace(before, images=unit(images + one)) for one in noise)
        real, both = (replace(before, images=unit(images + one + step)) for one in noise)
        weighted = {
            "weights": [(0.5, Pairs(before, real, NONE)), (0.5, Pairs(idle, both, NONE))],
            "steps": [(0.5, Pairs(before, idle, NONE)), (0.5, Pairs(real, both, NONE))],
        }
        part = parts((before, real, idle, both), weighted)["steps"]
        assert part.share is not None
        shares.append(part.share)
        if part.low is not None and part.high is not None:
            is_within.append(part.low <= 0 <= part.high)
    assert np.mean(shares) == pytest.approx(0, abs=3 * np.std(shares) / 200**0.5)
    assert len(is_within) >= 190
    assert 0.93 <= np.mean(is_within) <= 0.97


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
