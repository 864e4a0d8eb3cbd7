"""Energy distance within strata: against its definition, and in simulation its false alarms and its power."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.energy import energy_test

PROMPTS, IMAGES, WIDTH = 20, 8, 16


def window(
    generator: np.random.Generator, shift: float = 0.0, share: float = 1.0, prompts: int = PROMPTS
) -> tuple[np.ndarray, np.ndarray]:
    """Points of prompts x 8 images, each prompt around a centre of its own; `share` of the prompts moved by `shift`."""
    centres = np.random.default_rng(0).normal(size=(prompts, 1, WIDTH)) * 3
    moved = np.where(np.arange(prompts) < share * prompts, shift, 0.0)[:, None, None]
    points = centres + generator.normal(size=(prompts, IMAGES, WIDTH))
    points[..., 0] += moved[..., 0]
    return points.reshape(-1, WIDTH), np.repeat(np.arange(prompts), IMAGES)


def test_the_distance_is_that_of_the_definition_written_as_loops():
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(5, 3)), generator.normal(size=(4, 3)) + 1

    def mean(a, b):
        return np.mean([[np.linalg.norm(p - q) for q in b] for p in a])

    test = energy_test(x, y, np.zeros(5), np.zeros(4), draws=99)
    assert test.distance == pytest.approx(2 * mean(x, y) - mean(x, x) - mean(y, y), abs=1e-12)


def test_equal_windows_are_at_distance_0_with_p_1():
    points, prompts = window(np.random.default_rng(2))
    test = energy_test(points, points, prompts, prompts, draws=199)
    assert test.distance == pytest.approx(0, abs=1e-12)
    assert test.p_value == 1.0


def test_false_alarms_stay_at_the_stated_rate_in_simulation():
    generator = np.random.default_rng(3)
    p_values = []
    for _ in range(200):
        (x, prompts), (y, _) = window(generator, prompts=4), window(generator, prompts=4)
        p_values.append(energy_test(x, y, prompts, prompts, draws=99, seed=int(generator.integers(1 << 30))).p_value)
    # 200 trials at 5 %: a rate above 10 % has a chance of about 0.1 % if the test is what it says.
    assert np.mean(np.array(p_values) <= 0.05) <= 0.10
    assert np.mean(np.array(p_values) <= 0.01) <= 0.04
    assert np.mean(np.array(p_values) <= 0.5) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("shift", "share", "least"), [(0.8, 1.0, 0.9), (2.5, 0.25, 0.9)])
def test_a_move_of_the_answers_is_found(shift, share, least):
    generator = np.random.default_rng(4)
    p_values = []
    for _ in range(30):
        (x, prompts), (y, _) = window(generator), window(generator, shift, share)
        p_values.append(energy_test(x, y, prompts, prompts, draws=99, seed=int(generator.integers(1 << 30))).p_value)
    assert np.mean(np.array(p_values) <= 0.01) >= least


def test_what_sets_prompts_apart_is_no_noise():
    """The same windows without strata: the centres of the prompts drown the move."""
    generator = np.random.default_rng(5)
    (x, prompts), (y, _) = window(generator), window(generator, 0.6)
    within = energy_test(x, y, prompts, prompts, draws=999).p_value
    pooled = energy_test(x, y, np.zeros(len(x)), np.zeros(len(y)), draws=999).p_value
    assert within is not None
    assert pooled is not None
    assert within < 0.01 < pooled


def test_prompts_with_too_few_answers_do_not_count():
    points, prompts = window(np.random.default_rng(6))
    some = (prompts != 3) | (np.arange(len(prompts)) % IMAGES == 0)
    assert energy_test(points[some], points, prompts[some], prompts, draws=99).n_strata == PROMPTS - 1
    nothing = energy_test(points[:0], points, prompts[:0], prompts, draws=99)
    assert (nothing.distance, nothing.p_value, nothing.reason) == (
        None,
        None,
        "no prompt has 2 answers in both windows",
    )


def test_the_order_of_points_does_not_matter_and_a_seed_repeats_the_p_value():
    (x, prompts), (y, _) = window(np.random.default_rng(7)), window(np.random.default_rng(8))
    order = np.random.default_rng(9).permutation(len(x))
    straight = energy_test(x, y, prompts, prompts, draws=199, seed=5)
    assert energy_test(x, y, prompts, prompts, draws=199, seed=5) == straight
    assert energy_test(x[order], y, prompts[order], prompts, draws=199, seed=5).distance == pytest.approx(
        straight.distance
    )


def test_points_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        energy_test([[np.nan]], [[1.0]], [0], [0])
