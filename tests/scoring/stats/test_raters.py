"""Krippendorff's alpha: the examples that he published, the ends of the scale, and an interval that covers."""

import numpy as np
import pytest

from mcas_assets.scoring.stats.raters import krippendorff


def counts(*raters: str) -> np.ndarray:
    """(items, values) of answers by rater, one sign an item; a dot is no answer."""
    values = sorted(set("".join(raters)) - {"."})
    return np.array(
        [[sum(answer == value for answer in item) for value in values] for item in zip(*raters, strict=True)]
    )


@pytest.mark.parametrize(
    ("raters", "alpha"),
    [
        (("0100000010", "1110010000"), 0.095),
        (("aabbdcccedda", "babbbccceddd"), 0.692),
        (("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_the_examples_of_krippendorff_2011(raters, alpha):
    """Sections A (binary, two observers), B (nominal, two) and C (nominal, four, with answers missing)."""
    found = krippendorff(counts(*raters))
    assert found.alpha == pytest.approx(alpha, abs=5e-4)
    assert found.low <= found.alpha <= found.high


def test_who_agrees_in_everything_has_1_and_an_interval_that_more_items_narrow():
    few, many = (krippendorff(counts("ab" * n, "ab" * n)) for n in (5, 50))
    assert (few.alpha, few.high, many.alpha, many.high) == (1, 1, 1, 1)
    assert few.low < many.low < 1


def test_who_always_differs_is_below_chance():
    assert krippendorff(counts("abababab", "babababa")).alpha < -0.8


@pytest.mark.parametrize(
    ("raters", "reason"),
    [
        (("ab..", "..ab"), "fewer than 2 items have two answers"),
        (("aaaa", "aaaa"), "all answers are the same, so chance could not have given another"),
    ],
)
def test_where_there_is_no_alpha_it_is_said_why(raters, reason):
    found = krippendorff(counts(*raters))
    assert found.reason == reason
    assert np.isnan([found.alpha, found.low, found.high]).all()


def test_an_item_with_one_answer_counts_for_nothing():
    assert krippendorff(counts("aabbab", "aabab.")) == krippendorff(counts("aabba", "aabab"))


@pytest.mark.parametrize(("right", "n"), [(0.9, 60), (0.75, 60)])
def test_intervals_cover_the_alpha_of_endlessly_many_items(right, n):
    """Two raters who see the truth with a chance, else the other of two: at least 90 % of 200 held."""
    generator = np.random.default_rng(n)

    def rated(items: int) -> np.ndarray:
        truth = generator.random(items) < 0.3
        votes = np.where(generator.random((2, items)) < right, truth, ~truth).sum(axis=0)
        return np.column_stack([2 - votes, votes])

    true = _alpha_of(right)
    held = [found.low <= true <= found.high for found in (krippendorff(rated(n), seed=i) for i in range(200))]
    assert np.mean(held) >= 0.9


def _alpha_of(right: float) -> float:
    """Two raters differ in 2 right (1 - right) of items; one answers the first value in share p of them."""
    p = 0.3 * right + 0.7 * (1 - right)
    return 1 - 2 * right * (1 - right) / (2 * p * (1 - p))
