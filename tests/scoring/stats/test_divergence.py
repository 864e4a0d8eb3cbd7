"""Distances from a reference over declared groups, and what a fair generator reads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.stats.divergence import DIVERGENCES, divergence
from tests.known import known

HALF = [0.5, 0.5]


def test_a_fair_generator_of_8_images_reads_0_137_and_not_0():
    """The floor that made an unbiased generator look biased in HEIM."""
    distance = divergence([4, 4], HALF)
    assert distance.value == 0.0
    assert distance.floor == pytest.approx(0.13671875)
    assert distance.excess == pytest.approx(-0.13671875)


def test_total_collapse_is_the_farthest_and_not_ideal():
    assert divergence([8, 0], HALF).value == 0.5
    assert divergence([8, 0], HALF).p_value == pytest.approx(2 / 256)
    third = [1 / 3] * 3
    assert (
        known(divergence([9, 0, 0], third).value)
        > known(divergence([5, 4, 0], third).value)
        > known(divergence([3, 3, 3], third).value)
    )


@pytest.mark.parametrize("kind", DIVERGENCES)
@given(counts=st.lists(st.integers(0, 12), min_size=2, max_size=4))
@settings(deadline=None, max_examples=15)
def test_a_distance_is_zero_at_the_reference_and_above_it_elsewhere(kind, counts):
    if sum(counts) == 0:
        return
    shares = np.array(counts) / sum(counts)
    assert divergence(counts, shares, kind).value == pytest.approx(0.0, abs=1e-12)
    assert known(divergence(counts, np.full(len(counts), 1 / len(counts)), kind).value) >= 0


def test_the_p_value_is_uniform_or_above_for_a_fair_generator():
    generator = np.random.default_rng(0)
    reference = [0.2, 0.3, 0.5]
    p = [divergence(generator.multinomial(20, reference), reference).p_value for _ in range(150)]
    assert np.mean(np.array(p) <= 0.1) <= 0.1 + 3 * np.sqrt(0.09 / 150)


def test_without_an_image_there_is_a_reason():
    assert divergence([0, 0], HALF).reason == "no image shows a declared group"


@pytest.mark.parametrize(
    ("counts", "reference", "says"),
    [([1, -1], HALF, "whole numbers"), ([1, 1], [0.5, 0.6], "sum to 1"), ([1, 1, 1], HALF, "2 entries where 3")],
)
def test_what_is_no_count_and_no_share_is_refused(counts, reference, says):
    with pytest.raises(ValueError, match=says):
        divergence(counts, reference)
