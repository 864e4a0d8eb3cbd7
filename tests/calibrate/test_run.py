"""The calibration recovers what was planted in synthetic vectors, and a broken instrument fails its check."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.calibrate.cells import (
    change_coverage,
    paired_coverage,
    score_coverage,
    share_coverage,
    true_zero,
)
from mcas_assets.calibrate.pool import UNREAD, Mixture, Pool, spread_over_shares
from mcas_assets.calibrate.recovery import DOSES, correlation, dose_response, fit, mix, positive_control, recovery
from mcas_assets.calibrate.simulations import Settings, mapped, meaningless_axis, processes, same_version
from mcas_assets.calibrate.trials import false_alarm_rows, null_rows
from mcas_assets.scoring.mcas.association import unit
from tests.known import known

SHARES = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 0.5, 0.5])
NAMES = (*(f"concept-{k}" for k in range(5)), "person", "person-photo")
WIDTH = 24


class Silent:
    @contextmanager
    def task(self, name, total):
        yield lambda items: None


def vectors(generator, truth, concept, noise=0.25):
    """Unit vectors: the group on the first axis (0 positive, 1 negative), the concept on one of its own, and noise."""
    rows = noise * generator.standard_normal((*truth.shape, WIDTH))
    rows[..., 0] += np.where(truth == 0, 0.6, -0.6)
    rows[..., 1] += 1.0
    rows[..., 2 + concept] += 0.5
    return unit(rows.reshape(-1, WIDTH)).reshape(rows.shape)


def labels_of(generator, truth, error):
    """Labels that are wrong with probability `error`."""
    return np.where(generator.random(truth.shape) < error, 1 - truth, truth)


def pool_of(seed=0, replicates=40, error=0.05, leaning=0.0, mixed=60):
    """A pool whose concepts have the shares `SHARES`; texts lean towards their concept's share by `leaning`."""
    g = np.random.default_rng(seed)
    truth = np.stack([g.permutation(np.arange(replicates) < round(s * replicates)).astype(np.int64) for s in SHARES])
    poles = [np.full((2, replicates), k) for k in (0, 1)]
    prompts = 0.05 * g.standard_normal((len(NAMES), WIDTH))
    prompts[:, 1] += 1
    prompts[:, 0] += leaning * (1 - 2 * SHARES)
    words = 0.1 * g.standard_normal((2, 5, WIDTH))
    words[0, :, 0] += 1
    words[1, :, 0] -= 1
    groups = np.repeat([0, 1], mixed)
    return Pool(
        axis="gender", embedder="synthetic", concepts=NAMES, neutral=(5, 6),
        images=np.stack([vectors(g, row, k) for k, row in enumerate(truth)]), prompts=unit(prompts),
        a_images=vectors(g, poles[0], 8), b_images=vectors(g, poles[1], 8), a_words=unit(words[0]), b_words=unit(words[1]),
        labels=labels_of(g, truth, error), a_labels=labels_of(g, poles[0], error), b_labels=labels_of(g, poles[1], error),
        truth=truth,
        mixtures=tuple(Mixture(NAMES[k], vectors(g, groups, k), labels_of(g, groups, error), groups) for k in (0, 2, 4)),
    )  # fmt: skip


@pytest.fixture(scope="module")
def pool():
    return pool_of()


@pytest.fixture
def settings():
    return Settings(images=12, chosen=(1, 2, 3), resamples=100, draws=100)


def by_name(rows):
    return {one.name: one for one in rows}


# Dose-response


def test_a_mixed_set_is_followed_in_a_straight_line(pool):
    rows = by_name(dose_response(pool_of(error=0.0), 10, 0, True))
    assert rows["mcas: r2"].met
    assert rows["mcas: slope"].value < 0  # towards pole a, while the dose is the share of pole b
    slope = rows["corrected share: slope"]
    assert slope.value == pytest.approx(1, abs=1e-9)
    assert rows["mcas: detection limit"].value < 0.1
    assert rows["mcas: slope"].value == pytest.approx(rows["iias: slope"].value + rows["itaas: slope"].value)


def test_no_image_is_in_two_sets_and_every_set_has_its_share(pool):
    mixture = pool.mixtures[0]
    sets = mix(mixture, 10, np.random.default_rng(0))
    everything = np.concatenate(sets)
    assert len(np.unique(everything)) == len(everything) == 110
    assert [mixture.truth[some].mean() for some in sets] == pytest.approx(DOSES.tolist())


def test_an_instrument_that_does_not_see_the_group_fails_the_dose_response(pool):
    g = np.random.default_rng(1)
    blind = tuple(replace(m, images=g.permutation(m.images), labels=g.permutation(m.labels)) for m in pool.mixtures)
    rows = by_name(dose_response(replace(pool, mixtures=blind), 10, 0, True))
    assert [rows[f"{name}: r2"].met for name in ("iias", "itaas", "mcas", "corrected share")] == [False] * 4


def test_too_few_images_of_a_group_leave_no_figure_and_the_goal_missed(pool):
    poor = tuple(replace(m, truth=np.zeros_like(m.truth)) for m in pool.mixtures)
    rows = dose_response(replace(pool, mixtures=poor), 10, 0, True)
    assert all(one.value is None and one.met is False and "too few" in one.detail for one in rows)


def test_a_share_that_cannot_be_given_leaves_no_figure_and_is_no_share_of_nothing(pool):
    silent = tuple(replace(m, labels=np.full_like(m.labels, -1)) for m in pool.mixtures)
    rows = by_name(dose_response(replace(pool, mixtures=silent), 10, 0, True))
    of_shares = rows["corrected share: r2"]
    assert (of_shares.value, of_shares.met) == (None, False)
    assert rows["mcas: r2"].value is not None


def test_a_line_is_fitted_by_least_squares():
    line = fit(3 - 2 * DOSES)
    assert (line.slope, line.r2) == (pytest.approx(-2), pytest.approx(1))
    assert fit(np.ones(11)).r2 == 0


# Recovery and the positive control


def test_label_error_is_removed_from_shares():
    # Large enough that chance leaves about a point.
    rows = by_name(recovery(pool_of(replicates=4000, error=0.1), True))
    assert rows["corrected share: mean error"].met
    assert rows["labelled share: mean error"].value > 0.02
    assert rows["iias: r with the truth"].value > 0.98


def test_labels_that_err_otherwise_on_concepts_than_on_attribute_images_are_caught(pool):
    wrong = replace(pool, labels=np.where(np.arange(pool.replicates) % 5 == 0, 1, pool.truth))
    rows = by_name(recovery(wrong, True))
    assert rows["corrected share: mean error"].met is False
    assert rows["corrected share: largest error"].met is False


def test_images_that_cannot_be_read_are_left_out_and_counted(pool):
    unread = replace(pool, truth=np.where(np.arange(pool.replicates) < 4, UNREAD, pool.truth))
    assert "20 unread" in by_name(recovery(unread, True))["corrected share: mean error"].detail


def test_labels_that_do_not_tell_the_groups_apart_leave_no_figure(pool):
    rows = recovery(replace(pool, a_labels=np.ones_like(pool.a_labels), b_labels=np.ones_like(pool.b_labels)), True)
    assert [(one.value, one.met) for one in rows] == [(None, False)]


def test_goals_hold_for_the_judged_embedder_only(pool):
    assert all(one.met is None for one in [*recovery(pool, False), *dose_response(pool, 10, 0, False)])


def test_texts_that_lean_as_planted_are_found():
    planted = dict(zip(NAMES, SHARES.tolist(), strict=True))
    (leaning,) = positive_control(pool_of(leaning=0.5), planted, is_biased=True)
    assert leaning.met
    assert known(leaning.value) > 0.8
    (opposed,) = positive_control(pool_of(leaning=-0.5), planted, is_biased=True)
    assert opposed.met is False
    (beside,) = positive_control(pool_of(), planted, is_biased=False)
    assert beside.met is None


def test_a_correlation_needs_four_pairs_that_vary():
    assert correlation(np.array([1.0, 2, 3]), np.array([1.0, 2, 3]))[0] is None
    assert correlation(np.ones(9), np.arange(9.0))[0] is None
    r, (low, high), n = correlation(np.array([1.0, 2, 3, 5, np.nan]), np.array([1.0, 2, 4, 4, 1]))
    assert (n, known(low) < known(r) < known(high)) == (4, True)


# Simulations


@pytest.mark.timeout(120)
def test_a_version_split_in_two_raises_few_alarms(pool, settings):
    rows = by_name(false_alarm_rows(pool, settings, 40, Silent(), None))
    assert rows["comparisons of two versions with any `changed`"].met
    assert rows["concepts with p <= 0.05"].met


def test_splits_that_are_no_fair_ones_are_caught(pool, settings, monkeypatch):
    """As if replicates of the second half were of another version."""
    moved = pool.images.copy()
    moved[:, 20:] = vectors(np.random.default_rng(3), np.ones((len(NAMES), 20)), 0)
    generator = type("Fixed", (), {"permutation": lambda self, n: np.arange(n)})()
    monkeypatch.setattr("mcas_assets.calibrate.simulations.generator_of", lambda *words: generator)
    rows = by_name(false_alarm_rows(replace(pool, images=moved), replace(settings, images=20), 5, Silent(), None))
    assert rows["comparisons of two versions with any `changed`"].met is False


def test_a_shuffled_axis_means_nothing(pool, settings):
    rows = by_name(null_rows(pool, settings, 40, Silent(), None))
    assert rows["concepts with p <= 0.05"].met
    assert rows["mcas: spread"].value < float(rows["mcas: spread"].detail.split("axis is ")[1].split(";")[0])


def test_a_test_that_finds_meaning_everywhere_is_caught(pool, settings, monkeypatch):
    always = type("Tests", (), {"p_values": np.full((5, 6), 0.01)})()
    monkeypatch.setattr("mcas_assets.calibrate.simulations.concept_tests", lambda *words, **options: always)
    assert [one.met for one in null_rows(pool, settings, 30, Silent(), None)] == [False, False, None]


@pytest.mark.parametrize(
    "simulation",
    [same_version, meaningless_axis, score_coverage, share_coverage, change_coverage, paired_coverage, true_zero],
    ids=["same", "meaningless", "scores", "shares", "changes", "pairs", "zero"],
)
def test_an_audit_is_simulated_alike_whatever_came_before_it(pool, settings, simulation):
    np.testing.assert_array_equal(simulation(pool, settings, range(3))[2], simulation(pool, settings, range(2, 3))[0])


@pytest.mark.timeout(120)
def test_processes_share_the_work_without_changing_the_outcome(pool, settings):
    alone = mapped(share_coverage, pool, settings, 16, lambda items: None, None)
    done = []
    with processes(2) as executor:
        shared = mapped(share_coverage, pool, settings, 16, done.append, executor)
    np.testing.assert_array_equal(shared, alone)
    assert sum(done) == 16


def test_concepts_are_chosen_over_the_range_of_shares(pool):
    assert spread_over_shares(pool, (0.9, 0.1, 0.1)).tolist() == [4, 0, 1]
