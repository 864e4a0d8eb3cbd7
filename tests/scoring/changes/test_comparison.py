"""Two versions: the identity behind the pairs, the verdicts, and the false alarms of a version against itself."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.changes.changes import Task
from mcas_assets.scoring.changes.comparison import compare_changes, compare_pairs, paired_difference
from mcas_assets.scoring.changes.pairs import Pairs
from mcas_assets.scoring.mcas.draws import Draws, grouping
from mcas_assets.scoring.stats.power import minimum_detectable
from mcas_assets.scoring.stats.sign_flips import sign_flip_test
from tests.known import known


@pytest.mark.parametrize("neutral", [[], [1], [1, 2]])
def test_the_terms_of_the_pairs_add_up_to_the_change_of_the_score(audit, neutral):
    before, after = audit(1), audit(2, shift=0.3)
    change = after.scores().mcas - before.scores().mcas
    found = compare_components(before, after, neutral)
    np.testing.assert_allclose([c.difference for c in found["mcas"]], change, atol=1e-12)
    if neutral:
        expected = change - change[neutral].mean()
        np.testing.assert_allclose([c.difference for c in found["adjusted"]], expected, atol=1e-12)


def test_a_shift_of_one_concept_is_found_and_the_others_are_not(audit):
    before, after = audit(3, images=60, attributes=60), audit(4, images=60, attributes=60, shift=1.0)
    comparisons = compare_changes(before, after, detectable=0.6)["mcas"]
    assert [c.verdict for c in comparisons] == ["changed", "not shown", "not shown", "not shown"]
    assert known(comparisons[0].low) > 0
    assert all(known(c.low) < 0 < known(c.high) for c in comparisons[1:])


def test_images_that_did_not_change_show_nothing(audit):
    comparisons = compare_changes(audit(5), audit(5))["mcas"]
    assert {c.verdict for c in comparisons} == {"not shown"}
    assert {c.difference for c in comparisons} == {0.0}
    assert {c.reason for c in comparisons} == {"the two versions gave the same images"}


def test_too_few_pairs_or_too_wide_a_band_is_underpowered(audit):
    few = compare_changes(audit(6, images=4), audit(7, images=4))["mcas"]
    assert {c.verdict for c in few} == {"underpowered"}
    assert few[0].reason == "fewer than 5 independent images"
    wide = compare_changes(audit(6), audit(7), detectable=1e-6)["mcas"]
    assert {c.verdict for c in wide} == {"underpowered"}


def test_a_concept_without_pairs_has_a_reason_and_the_others_stand(audit):
    before, after = audit(8), audit(9)
    gone = [replace(v, images=v.images[20:], concept=v.concept[20:]) for v in (before, after)]
    comparisons = compare_changes(*gone)["mcas"]
    assert (comparisons[0].difference, comparisons[0].reason) == (None, "no pair of images of the concept")
    assert comparisons[1].p_value is not None


def test_versions_that_do_not_pair_are_refused(audit):
    vectors = audit(1)
    with pytest.raises(ValueError, match="must pair up"):
        compare_changes(vectors, audit(1, images=19))["mcas"]
    with pytest.raises(ValueError, match="must share a_words"):
        compare_changes(vectors, replace(vectors, a_words=vectors.a_words[::-1]))["mcas"]


def test_a_version_against_itself_alarms_as_often_as_it_says(audit):
    """100 pairs of fresh seeds, 4 concepts: 5 % of p below .05, 95 % of intervals hold 0, within 3 standard errors."""
    alarms, covered = [], []
    for k in range(100):
        comparisons = compare_changes(audit(2 * k + 100), audit(2 * k + 101), resamples=300, draws=300, seed=k)["mcas"]
        alarms.append(np.mean([known(c.p_value) <= 0.05 for c in comparisons]))
        covered.append(np.mean([known(c.low) <= 0 <= known(c.high) for c in comparisons]))
    # Concepts share attribute images, so the audit and not the concept is the independent unit.
    assert np.mean(alarms) <= 0.05 + 3 * np.std(alarms) / 10
    assert abs(np.mean(covered) - 0.95) <= 3 * np.std(covered) / 10


def test_paired_difference_is_the_mean_change():
    generator = np.random.default_rng(0)
    before = generator.standard_normal(30)
    after = before + 0.5 + 0.1 * generator.standard_normal(30)
    comparison = paired_difference(before, after)
    assert comparison.difference == pytest.approx((after - before).mean())
    assert known(comparison.low) < 0.5 < known(comparison.high)
    assert comparison.verdict == "changed"
    assert comparison.q_value == comparison.p_value


def test_swapping_the_versions_turns_the_sign():
    generator = np.random.default_rng(1)
    one, other = generator.standard_normal((2, 25))
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert there.difference == -known(back.difference)
    assert there.p_value == back.p_value
    assert there.low == pytest.approx(-known(back.high), abs=0.1)


def test_prompts_are_drawn_whole():
    """8 prompts that changed by amounts of their own, many images each: the images alone would make it certain."""
    generator = np.random.default_rng(2)
    changes = np.repeat(generator.standard_normal(8) + 0.1, 50)
    before = generator.standard_normal(400)
    after = before + changes + 0.1 * generator.standard_normal(400)
    seeds, prompts = np.tile(np.arange(50), 8), np.repeat(np.arange(8), 50)
    by_image = paired_difference(before, after)
    by_prompt = paired_difference(before, after, seeds=seeds, prompts=prompts)
    assert known(by_prompt.high) - known(by_prompt.low) > 3 * (known(by_image.high) - known(by_image.low))
    assert known(by_image.p_value) < 0.05 < known(by_prompt.p_value)


def test_the_minimum_detectable_change_is_that_of_the_standard_error():
    values = np.random.default_rng(3).standard_normal(40)
    comparison = paired_difference(np.zeros(40), values)
    assert comparison.minimum_detectable == pytest.approx(minimum_detectable(values.std(ddof=1) / np.sqrt(40), 39))


def test_exact_sign_flips_by_hand():
    assert sign_flip_test([1.0, 1.0, 1.0]).value == 2 / 8
    assert sign_flip_test([1.0, -1.0]).value == 1.0
    assert sign_flip_test([3.0, 1.0, -1.0]).value == 6 / 8
    assert sign_flip_test([0.0, 0.0]) == (None, "no pair differs")
    assert sign_flip_test([]) == (None, "no pair differs")


def test_monte_carlo_sign_flips_are_near_the_exact_p():
    terms = np.random.default_rng(4).standard_normal(14) + 0.5
    exact = sign_flip_test(terms).value
    assert sign_flip_test(terms, exact_limit=1, draws=20_000).value == pytest.approx(exact, abs=0.01)


def compare_components(before, after, neutral):
    task = Task(Draws(grouping(before), 50, 0), 0.95, 0.8, "bca", 50, 0)
    return compare_pairs(Pairs(before, after, np.array(neutral, dtype=np.int64)), task)


def test_the_changes_of_the_components_add_up_to_that_of_mcas(audit):
    before, after = audit(11), audit(12, shift=0.4)
    comparisons = compare_components(before, after, [2])
    changes = after.scores().components - before.scores().components
    for k, name in enumerate(("iias", "itpas", "itaas")):
        np.testing.assert_allclose([c.difference for c in comparisons[name]], changes[:, k], atol=1e-12)
    parts = [[c.difference for c in comparisons[name]] for name in ("iias", "itpas", "itaas")]
    np.testing.assert_allclose(np.sum(parts, axis=0), [c.difference for c in comparisons["mcas"]], atol=1e-12)


def test_a_component_that_needs_no_image_of_the_concept_stands_without_any(audit):
    before, after = audit(13), audit(14)
    gone = [replace(v, images=v.images[20:], concept=v.concept[20:]) for v in (before, after)]
    comparisons = compare_components(*gone, [1])
    assert comparisons["itpas"][0].p_value is not None
    assert comparisons["itpas"][0].verdict == "not judged"
    assert {comparisons[name][0].reason for name in ("iias", "itaas", "mcas", "adjusted")} == {
        "no pair of images of the concept"
    }
