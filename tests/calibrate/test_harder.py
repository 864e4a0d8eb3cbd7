"""Shares by a labeller that errs by group: corrected they hold the truth, as labelled they do not."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.calibrate.cells import pair_correlations
from mcas_assets.calibrate.harder import ERRS, erring_labels, harder_rows, labeller_rows
from mcas_assets.calibrate.known_limits import (
    BOOTSTRAP,
    DISCRETE,
    DISOBEYED,
    RARE,
    RIGHT,
    of_correction,
    reason_of,
    weak_control,
)
from mcas_assets.calibrate.pool import NEITHER
from mcas_assets.calibrate.simulations import Settings
from tests.calibrate.test_run import Silent, pool_of

SETTINGS = Settings(images=64, chosen=(0, 2, 4), resamples=50)


def harder_pool(axis):
    """Of the pool of `test_run`, one figure in twelve stands between two, or every fourth tone is of a third group."""
    pool = pool_of(replicates=60)
    g = np.random.default_rng(5)
    of_gender = axis == "gender"
    other = g.random(pool.truth.shape) < (1 / 12 if of_gender else 0.25)
    truth = np.where(other, NEITHER if of_gender else 2, pool.truth)
    return replace(pool, axis=axis, truth=truth, groups=2 if of_gender else 3, mixtures=())


@pytest.mark.parametrize("axis", list(ERRS))
def test_corrected_shares_hold_the_truth_where_those_as_labelled_do_not(axis):
    found = erring_labels(harder_pool(axis), SETTINGS, range(150), rates=ERRS[axis])
    held, as_labelled = found.mean(axis=(0, 1)).T
    assert found.shape == (150, 3, len(ERRS[axis]), 2)
    assert held.min() > 0.92
    assert as_labelled.min() < 0.85


def test_a_labeller_that_never_errs_needs_no_correction():
    exact = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    found = erring_labels(harder_pool("gender"), SETTINGS, range(60), rates=exact)
    assert found.mean(axis=(0, 1, 2)).min() > 0.9


def test_a_correction_that_is_not_made_is_caught(monkeypatch):
    """As if the labels were taken to be right."""
    from mcas_assets.calibrate import harder

    real = harder.corrected_shares
    plain = lambda counts, known, **options: real(counts, np.eye(len(counts)) * 1e6, **options)  # noqa: E731
    monkeypatch.setattr(harder, "corrected_shares", plain)
    rows = labeller_rows(harder_pool("gender"), SETTINGS, 60, Silent(), None)
    assert [one.met for one in rows if ": 64 images, concept-4" in one.name] == [False]


@pytest.mark.timeout(120)
def test_every_part_is_a_row_of_the_harder_phantom_and_none_is_there_twice():
    pools = [harder_pool(axis) for axis in ERRS]
    rows = harder_rows(pools, SETTINGS, 3, (0.1, 0.5), Silent(), None)
    assert {one.kind for one in rows} == {"harder"}
    keys = [(one.axis, one.name) for one in rows]
    assert len(set(keys)) == len(keys)
    of_tones = [one.name for one in rows if one.axis == "skin_tone"]
    assert any("share of the third: 8 images" in name for name in of_tones)
    assert not any(name.startswith("corrected share") for name in of_tones)  # no attribute image shows the third group


HELD = {rate: (np.arange(100) < 100 * rate).astype(float) for rate in (0.8, 0.95, 1.0)}


@pytest.mark.parametrize(
    ("axis", "name", "images", "rate", "reason"),
    [
        ("gender", "mcas raw", 16, 0.8, None),
        ("gender", "mcas raw", 16, 1.0, RARE),
        ("gender", "mcas raw", 64, 1.0, None),
        ("gender", "corrected share", 64, 1.0, RIGHT),
        ("gender", "corrected share", 64, 0.8, None),
        ("skin_tone", "mcas adjusted", 64, 0.8, None),
        ("skin_tone", "labels that err", 64, 0.8, None),
        ("gender", "share, wilson", 16, 0.8, DISCRETE),
        ("gender", "corrected share", 30, 0.8, DISCRETE),
        ("gender", "change of itaas, paired, bca", 16, 0.8, BOOTSTRAP),
    ],
)
def test_a_cell_that_cannot_reach_its_goal_says_why_and_others_do_not(axis, name, images, rate, reason):
    assert reason_of(harder_pool(axis), name, images, 0.1, HELD[rate]) == reason


def test_a_corrected_share_is_explained_only_by_attribute_images_that_are_not_as_is_assumed():
    pool = harder_pool("gender")
    obeyed = replace(pool, a_truth=np.zeros_like(pool.a_labels), b_truth=np.ones_like(pool.b_labels))
    assert of_correction(obeyed) is None
    of_one = obeyed.a_truth.copy()
    of_one[0, :2] = 1
    disobeyed = replace(obeyed, a_truth=of_one)
    assert str(of_correction(disobeyed)).startswith(f"2 of {2 * pool.a_labels.size} {DISOBEYED}")
    assert str(reason_of(disobeyed, "corrected share", 64, 0.1, HELD[0.8])).startswith("2 of ")
    unread = pool.a_labels.copy()
    unread[0] = -1
    assert "go unlabelled in" in str(of_correction(replace(obeyed, a_labels=unread)))


@pytest.mark.parametrize(
    ("r", "is_found_elsewhere", "is_explained"),
    [(0.3, True, True), (0.3, False, False), (-0.1, True, False), (0.6, True, False)],
)
def test_a_weak_control_is_explained_by_few_concepts_only_where_another_axis_shows_it(
    r, is_found_elsewhere, is_explained
):
    assert (weak_control(r, 29, is_found_elsewhere) is not None) == is_explained


@pytest.mark.parametrize(
    ("images", "rate", "alike", "is_explained"),
    [
        (16, 1.0, (0.7, 0.4), True),
        (64, 1.0, (0.7, 0.4), False),
        (16, 1.0, (0.5, 0.4), False),
        (16, 0.8, (0.7, 0.4), False),
    ],
)
def test_a_cautious_change_is_explained_by_pairs_that_are_more_alike_than_others(images, rate, alike, is_explained):
    why = reason_of(harder_pool("gender"), "change of mcas", images, 0.5, HELD[rate], alike)
    assert (why is not None and why.startswith("one seed's groups")) == is_explained


def test_pairs_correlate_by_what_an_update_keeps():
    kept = pair_correlations(harder_pool("gender"), SETTINGS)
    assert kept.shape == (3,)
    assert (kept > 0).all()
    assert (kept < 0.95).all()
