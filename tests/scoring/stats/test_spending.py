"""Over a whole watch the chance of a false alarm stays below alpha, however the windows depend on each other."""

import numpy as np
import pytest
from scipy.stats import chi2

from mcas_assets.scoring.stats.spending import spent


def test_the_levels_of_all_windows_sum_to_alpha():
    levels = [spent(k, 0.05) for k in range(1, 521)]
    assert sum(levels) == pytest.approx(0.025)
    assert levels == sorted(levels, reverse=True)
    assert sum(spent(k, 0.05) for k in range(1, 200_000)) == pytest.approx(0.05, rel=0.01)


def test_windows_count_from_one():
    with pytest.raises(ValueError, match="from 1"):
        spent(0, 0.05)


def test_of_systems_that_never_move_at_most_alpha_are_ever_called_changed():
    """Windows are normal means in five dimensions, held against the last and the first one: chi-squared tests."""
    rng, n_windows, alpha = np.random.default_rng(11), 520, 0.05
    means = rng.normal(size=(1_000, n_windows + 1, 5))
    levels = np.array([spent(k, alpha) for k in range(1, n_windows + 1)]) / 2
    others = means[:, :-1], means[:, :1]
    p = np.minimum.reduce([chi2.sf(((means[:, 1:] - one) ** 2).sum(axis=2) / 2, 5) for one in others])
    assert (p <= levels).any(axis=1).mean() <= alpha
    assert (p <= 0.01).any(axis=1).mean() > 0.95  # what a level a window, without spending, comes to
