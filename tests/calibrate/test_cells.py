"""Every cell of share and number of images: how often intervals hold, and what a true 0 is found to be."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mcas_assets.calibrate.cells import change_coverage, draw_of, score_coverage, true_zero, updated
from mcas_assets.calibrate.rows import COVERAGE, rate_row
from mcas_assets.calibrate.simulations import Settings
from mcas_assets.calibrate.trials import SIZES, coverage_rows, zero_rows
from tests.calibrate.test_run import Silent, pool_of


@pytest.fixture(scope="module")
def pool():
    return pool_of()


@pytest.fixture
def settings():
    return Settings(images=12, chosen=(1, 2, 3), resamples=100, draws=100)


@pytest.mark.timeout(120)
def test_every_cell_of_share_and_number_of_images_is_a_figure_of_its_own(pool, settings):
    rows = coverage_rows(pool, settings, 4, Silent(), None)
    kinds = ("mcas raw", "mcas adjusted", "itaas raw", "corrected share", "change of mcas", "change of adjusted")
    cells = product(kinds, SIZES, ("1 (0.30)", "2 (0.50)", "3 (0.70)"))
    names = {one.name for one in rows}
    assert {f"{name}: {images} images, concept-{concept}" for name, images, concept in cells} <= names
    assert len(names) == len(rows)
    assert all(one.goal == COVERAGE.text for one in rows)


def test_intervals_that_are_too_narrow_are_caught_and_no_reason_is_made_up(pool, settings):
    found = score_coverage(pool, replace(settings, images=16, level=0.5), range(40))
    one = rate_row("coverage", "gender", "e", "mcas raw", found[:, :1, 0, 3], COVERAGE, "")
    assert (one.met, one.reason) == (False, None)


def test_intervals_hold_about_as_often_as_they_say(pool, settings):
    held = score_coverage(pool, replace(settings, images=16), range(60))
    assert held.mean(axis=(0, 1)).min() > 0.88
    changes = change_coverage(pool, settings, range(40))
    assert np.nanmean(changes, axis=(0, 1)).min() > 0.85


def test_an_update_keeps_half_of_the_images_moves_every_other_concept_and_draws_the_rest_anew(pool):
    large = pool_of(replicates=400)
    after = updated(large, np.array([0, 1, 2, 3]), seed=0)
    same = (after.images == large.images).all(axis=2)
    assert same[[0, 1, 2, 3, 5, 6]].mean(axis=1) == pytest.approx(0.5, abs=0.08)
    assert same[4].all()  # it was not among those that are looked at
    share = lambda one: (one.labels == 1).mean(axis=1)  # noqa: E731
    moved = share(after) - share(large)
    assert moved[[0, 2]] == pytest.approx([0.27, -0.24], abs=0.08)  # labels err in a twentieth
    assert moved[[1, 3, 4]] == pytest.approx(0, abs=0.06)


@pytest.mark.timeout(120)
def test_a_score_made_0_is_rarely_found_to_be_other_than_0(pool, settings):
    p_values = true_zero(pool, replace(settings, images=30), range(60))
    assert p_values.shape == (60, 3, 2)
    assert 0.01 < np.nanmean(p_values <= 0.05) < 0.12


def test_a_concept_that_shows_one_group_is_not_made_0(pool, settings):
    alone = replace(pool, truth=np.zeros_like(pool.truth))
    assert np.isnan(true_zero(alone, settings, range(2))).all()
    rows = zero_rows(alone, settings, 2, Silent(), None)
    assert all((one.value, one.goal, one.met) == (None, None, None) for one in rows)


def test_an_audit_has_the_sizes_and_seeds_of_its_roles(pool):
    settings = Settings(images=5, chosen=(), attribute=7, neutral=9)
    draw = draw_of(pool, settings, np.random.default_rng(0))
    vectors = pool.drawn(draw, np.array([1, 3]))
    assert np.bincount(vectors.concept).tolist() == [5, 5, 9, 9]
    assert vectors.sizes() == (28, 14, 14)
    assert vectors.seeds[:5].tolist() == vectors.seeds[5:10].tolist() == vectors.a_seeds[:5].tolist()
    assert len(set(vectors.seeds[10:])) == 18  # neutral wordings have seeds of their own
    assert not set(vectors.seeds[10:]) & {*vectors.seeds[:10], *vectors.a_seeds}
    own = pool.drawn(replace(draw, concept=np.zeros((2, 5), np.int64)), np.array([1, 3]))
    assert len(set(own.seeds)) == 28
    assert not set(own.seeds) & set(own.a_seeds)
