"""Mean squares have the degrees of freedom that their sets bring in, and differences of them intervals that hold."""

import numpy as np
import pytest
from scipy.stats import chi2

from mcas_assets.scoring.stats.mean_squares import MeanSquare, added, difference_ends, pooled


def test_the_ends_are_those_of_chi_square():
    low, high = MeanSquare(2.0, 7.0).ends(0.9)
    assert (low, high) == pytest.approx((14 / chi2.ppf(0.95, 7), 14 / chi2.ppf(0.05, 7)))


def test_sets_that_share_everything_are_one_and_sets_that_share_nothing_are_nearly_as_many_as_they_are():
    generator = np.random.default_rng(3)
    rows = generator.standard_normal((5, 60))
    rows -= rows.mean(axis=1, keepdims=True)
    assert pooled([rows[0]] * 5, 59.0).freedom == pytest.approx(59)
    assert pooled(list(rows), 59.0).freedom > 4 * 59
    assert pooled([rows[0], rows[1][:30] - rows[1][:30].mean()], 29.0).freedom == 29
    assert pooled([np.zeros(4), np.zeros(4)], 3.0) == (0.0, 3.0)


def test_a_sum_has_the_degrees_of_freedom_of_satterthwaite():
    assert added([MeanSquare(3.0, 9.0), MeanSquare(1.0, 1.0)]) == pytest.approx((4.0, 16 / (1 + 1)))


@pytest.mark.parametrize(("first", "second"), [(4, 20), (9, 9), (20, 4)])
@pytest.mark.parametrize("ratio", [1.0, 3.0, 20.0])
def test_the_interval_of_a_difference_holds_it(first, second, ratio):
    generator, held = np.random.default_rng(11), []
    for one, other in zip(
        generator.chisquare(first, 600) / first, generator.chisquare(second, 600) / second, strict=True
    ):
        low, high = difference_ends(MeanSquare(ratio * one, first), MeanSquare(other, second), 0.95)
        held.append(low <= ratio - 1 <= high)
    assert np.mean(held) > 0.93
