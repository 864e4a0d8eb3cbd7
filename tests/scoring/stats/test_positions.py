"""The interval of a mean position is Wilson's for two groups, and holds its level for three, of which one may be unseen."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.mover import Terms, mover_ends, mover_p_values, wilson_ends
from mcas_assets.scoring.stats.positions import QUANTILES, position_distances

Z95 = 1.959963984540054


def ends(counts, positions):
    """(k,) low and high ends at 95 %."""
    counts, positions = np.asarray(counts, dtype=np.float64), np.asarray(positions, dtype=np.float64)
    falls, rises = position_distances(counts, positions)
    means = counts @ positions / counts.sum(axis=1)
    return (
        means - [np.interp(Z95, QUANTILES, row) for row in falls],
        means + [np.interp(Z95, QUANTILES, row) for row in rises],
    )


@pytest.mark.parametrize("n", [8, 30, 64])
def test_two_groups_have_wilsons_interval_wherever_they_lie(n):
    seen = np.arange(n + 1.0)
    low, high = ends(np.stack([seen, n - seen], axis=1), [0.7, 0.2])
    shares, counts = seen / n, np.full(n + 1, float(n))
    wilson = wilson_ends(shares, counts, np.full(n + 1, Z95))
    np.testing.assert_allclose(low, 0.2 + 0.5 * wilson[0], atol=2e-4)
    np.testing.assert_allclose(high, 0.2 + 0.5 * wilson[1], atol=2e-4)


@pytest.mark.parametrize("positions", [(1.0, 0.0, 0.3), (1.0, 0.0, -0.4)])
@pytest.mark.parametrize("shares", [(0.02, 0.93, 0.05), (0.1, 0.8, 0.1), (0.3, 0.4, 0.3), (0.9, 0.05, 0.05)])
def test_three_groups_hold_their_level_at_few_images_and_many(positions, shares):
    generator, held = np.random.default_rng(7), []
    for n in (8, 30):
        low, high = ends(generator.multinomial(n, shares, size=400), positions)
        truth = np.dot(shares, positions)
        held.append(np.mean((low <= truth) & (truth <= high)))
    assert min(held) > 0.89
    assert 0.93 < np.mean(held) < 0.985


def test_a_group_that_no_image_shows_may_still_be_there():
    low, high = ends([[10, 0, 0]], [0.0, 1.0, -2.0])
    assert low[0] == pytest.approx(-2 * (Z95**2 / (10 + Z95**2)), abs=1e-3)
    assert high[0] == pytest.approx(Z95**2 / (10 + Z95**2), abs=1e-3)


def test_a_set_without_images_and_groups_at_one_place_have_no_width():
    falls, rises = position_distances(np.array([[0.0, 0.0], [3.0, 4.0]]), np.array([0.5, 0.5]))
    assert not falls.any()
    assert not rises.any()


def test_tabulated_distances_give_the_ends_and_p_values_that_wilsons_do():
    counts = np.array([[3.0, 13.0], [0.0, 16.0]])
    shares, n = counts[:, :1] / 16, np.full((2, 1), 16.0)
    plain = Terms(
        np.array([0.4, -0.2]), shares, n, np.full((2, 1), 0.8), np.ones((2, 1, 1)), np.full(2, 0.01), np.full(2, 20.0)
    )
    tabulated = plain._replace(distances=np.stack(position_distances(counts, np.array([1.0, 0.0])))[:, :, None])
    np.testing.assert_allclose(mover_ends(tabulated, 0.95), mover_ends(plain, 0.95), atol=1e-4)
    np.testing.assert_allclose(mover_p_values(tabulated), mover_p_values(plain), rtol=0.02)
