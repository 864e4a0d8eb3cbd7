"""Refusal rates and their disparity: known answers, what cannot be computed, and error rates under simulation."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.refusals import (
    NOTHING_DECIDED,
    TOO_FEW,
    Decided,
    design_effect,
    refusal_disparity,
    refusal_rate,
)
from mcas_assets.scoring.shares.representation import wilson_interval
from tests.known import known


def test_the_rate_of_one_prompt_has_wilsons_interval():
    rate = refusal_rate(Decided((3,), (10,)))
    assert (rate.rate, rate.n_effective, rate.reason) == (0.3, 10.0, None)
    assert (rate.low, rate.high) == wilson_interval(3, 10)
    assert (rate.least, rate.most) == (0.3, 0.3)


def test_lost_requests_are_no_decisions_but_bound_the_rate():
    rate = refusal_rate(Decided((3,), (10,), lost=10))
    assert (rate.rate, rate.least, rate.most) == (0.3, 3 / 20, 13 / 20)


def test_where_every_request_was_lost_there_is_a_reason_and_bounds_and_no_rate():
    rate = refusal_rate(Decided((0,), (0,), lost=4))
    assert (rate.rate, rate.low, rate.reason) == (None, None, NOTHING_DECIDED)
    assert (rate.least, rate.most) == (0.0, 1.0)
    assert refusal_rate(Decided((), ())).reason == "nothing was requested"


def test_prompts_that_are_refused_as_a_whole_count_as_few_independent_requests():
    """Two of four prompts refused, 8 images each: no more is known than from about three coin tosses."""
    rate = refusal_rate(Decided((8, 8, 0, 0), (8, 8, 8, 8)))
    assert rate.n_effective == pytest.approx(3.0)
    assert known(rate.high) - known(rate.low) > 0.5
    even = refusal_rate(Decided((4, 4, 4, 4), (8, 8, 8, 8)))
    assert even.n_effective == 32
    assert even.rate == rate.rate


def test_the_design_effect_is_that_of_the_textbook():
    """Clusters of equal size m: k m^2 sum (p_i - p)^2 / ((k - 1) k^2 m^2) over p q / (k m)."""
    counts, m = (1, 4, 2, 7, 0), 8
    shares = np.array(counts) / m
    p = shares.mean()
    textbook = shares.var(ddof=1) / 5 / (p * (1 - p) / 40)
    assert design_effect(Decided(counts, (m,) * 5)) == pytest.approx(textbook)


@pytest.mark.parametrize(
    ("counts", "published"),
    [((56, 70, 48, 80), (0.0524, 0.3339)), ((9, 10, 3, 10), (0.1705, 0.8090)), ((10, 10, 0, 10), (0.6075, 1.0))],
)
def test_the_interval_of_the_difference_is_newcombes(counts, published):
    """Table II of Newcombe (1998), method 10, examples a, b and h."""
    a, m, b, n = counts
    disparity = refusal_disparity(Decided((a,), (m,)), Decided((b,), (n,)))
    assert (disparity.low, disparity.high) == pytest.approx(published, abs=5e-5)


def test_prompts_are_permuted_and_below_four_on_a_side_nothing_is_tested():
    whole, none = Decided((8,) * 4, (8,) * 4), Decided((0,) * 4, (8,) * 4)
    disparity = refusal_disparity(whole, none)
    assert (disparity.unit, disparity.p_value, disparity.reason) == ("prompt", pytest.approx(2 / 70), None)
    for few, many in ((Decided((8,) * 3, (8,) * 3), none), (whole, Decided((0, 0, 0, 0), (8, 8, 8, 0)))):
        disparity = refusal_disparity(few, many)
        assert (disparity.unit, disparity.p_value, disparity.reason) == (None, None, TOO_FEW)
        assert disparity.difference == 1.0


def test_where_nothing_was_refused_the_rates_are_equal_and_the_ratio_has_a_reason():
    disparity = refusal_disparity(Decided((0,), (10,)), Decided((0,), (10,)))
    assert (disparity.difference, disparity.p_value, disparity.ratio) == (0.0, None, None)
    assert disparity.ratio_reason == "nothing was refused of what it is held against"
    assert known(disparity.low) < 0 < known(disparity.high)
    many = refusal_disparity(Decided((0,) * 5, (8,) * 5), Decided((0,) * 5, (8,) * 5))
    assert (many.unit, many.p_value) == ("prompt", 1.0)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_side_without_decisions_leaves_a_reason_and_no_number(swapped):
    sides = [Decided((1,), (2,)), Decided((0,), (0,), lost=3)]
    disparity = refusal_disparity(*(sides[::-1] if swapped else sides))
    assert {
        disparity.difference,
        disparity.low,
        disparity.high,
        disparity.ratio,
        disparity.p_value,
        disparity.unit,
    } == {None}
    assert NOTHING_DECIDED in known(disparity.reason)


@pytest.mark.parametrize("counts", [((2,), (1,), 0), ((-1,), (1,), 0), ((0,), (1,), -1)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="must be within decided"):
        Decided(*counts)


def drawn(generator, prompts: int, images: int, between: float) -> Decided:
    """Prompts whose own rates scatter about 0.3 (beta), as where a filter looks at words."""
    rates = generator.beta(0.3 * between, 0.7 * between, prompts) if between else np.full(prompts, 0.3)
    return Decided(tuple(generator.binomial(images, rates).tolist()), (images,) * prompts)


@pytest.mark.parametrize("between", [0, 2])
def test_intervals_hold_the_truth_also_where_prompts_differ(between):
    """Nominal 95 %; with 12 prompts that scatter widely (intra-class correlation 1/3) somewhat less."""
    generator = np.random.default_rng(7)
    rates = [refusal_rate(drawn(generator, 12, 10, between)) for _ in range(1000)]
    covered = np.mean([known(one.low) <= 0.3 <= known(one.high) for one in rates])
    assert 0.91 <= covered <= 0.985
    naive = np.mean([np.less_equal(*_naive(one)) for one in rates])
    assert between == 0 or naive < 0.8, "images taken for independent: what the design effect is for"


def _naive(rate) -> tuple[float, float]:
    low, high = wilson_interval(rate.rate * 120, 120)
    return abs(rate.rate - 0.3), (rate.rate - low if rate.rate > 0.3 else high - rate.rate)


@pytest.mark.parametrize(("prompts", "others"), [(4, 4), (6, 6), (4, 14)])
@pytest.mark.parametrize("between", [0, 2])
def test_equal_rates_are_rarely_taken_for_unequal_though_prompts_differ(prompts, others, between):
    """Nominal 5 %; four against four can give .029 at most, whatever the data, and ties make it less."""
    generator = np.random.default_rng(11)
    pairs = [(drawn(generator, prompts, 8, between), drawn(generator, others, 8, between)) for _ in range(400)]
    p = np.array([refusal_disparity(one, two).p_value for one, two in pairs])
    assert np.mean(p <= 0.05) <= 0.07
