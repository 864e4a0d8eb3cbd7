"""What an audit can see."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.power import Spread, change_error, images_needed, minimum_detectable
from tests.known import known


def test_the_textbook_factor_is_2_8():
    assert minimum_detectable(1.0) == pytest.approx(1.959964 + 0.841621, abs=1e-5)


def test_few_degrees_of_freedom_ask_for_more():
    assert minimum_detectable(1.0, 9) == pytest.approx(2.262157 + 0.883404, abs=1e-5)


def test_four_times_the_images_see_half_the_change():
    spread = Spread(image=0.1)
    assert change_error(spread, 40, 1) == pytest.approx(change_error(spread, 10, 1) / 2)


def test_the_images_needed_are_the_fewest():
    spread = Spread(image=0.05, attribute=0.02)
    needed = known(images_needed(0.03, spread, 100).value)

    def reach(n):
        return minimum_detectable(change_error(spread, int(n), 100), n - 1)

    assert reach(needed) <= 0.03 < reach(needed - 1)


def test_the_promised_power_is_met_by_simulation():
    spread = Spread(image=0.05)
    n = int(known(images_needed(0.03, spread, 1).value))
    generator = np.random.default_rng(0)
    change = 0.03 + 0.05 * (generator.standard_normal((4000, n)) - generator.standard_normal((4000, n)))
    t = change.mean(axis=1) / (change.std(axis=1, ddof=1) / np.sqrt(n))
    from scipy.stats import t as student

    rate = (np.abs(t) > student.ppf(0.975, n - 1)).mean()
    assert rate == pytest.approx(0.8, abs=0.02)


def test_paired_seeds_need_fewer_images():
    apart, together = Spread(image=0.1), Spread(image=0.1, correlation=0.8)
    assert known(images_needed(0.03, together, 1).value) < 0.3 * known(images_needed(0.03, apart, 1).value)


def test_attribute_images_bound_what_can_be_reached():
    needed = images_needed(0.001, Spread(image=0.05, attribute=0.05), 8)
    assert needed.value is None
    assert "8 attribute images per pole alone allow" in known(needed.reason)


@pytest.mark.parametrize("arguments", [(0.0,), (np.nan,), (1.0, 0.0)])
def test_errors_without_meaning_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must be|freedom"):
        minimum_detectable(*arguments)
    with pytest.raises(ValueError, match="correlation"):
        Spread(image=1.0, correlation=1.0)
