"""Intervals and tests of scores: coverage and size in worlds whose truth is known, and when they are a bootstrap's."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds import World
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, bootstrap_concepts, columns_of
from mcas_assets.scoring.mcas.score_intervals import score_intervals
from mcas_assets.scoring.stats.multiplicity import flagged

IIAS, ITPAS, ITAAS, TTAS, MCAS, DIFFERING = range(6)
WORLD = World()
NEUTRAL = (WORLD.concepts, WORLD.concepts + 1)


def holds(intervals, truth):
    return (intervals.low <= truth) & (truth <= intervals.high)


def of_shares(world, rows):
    """(shares, 6) means over audits and repeats of rows (audits, c + 2, 6)."""
    asked = np.mean(rows, axis=0)[: world.concepts]
    return asked.reshape(world.repeats, len(world.shares), 6).mean(axis=0)


@pytest.mark.parametrize("images", [8, 16, 30])
def test_every_share_is_covered_raw_and_adjusted_and_the_tests_keep_their_size(images):
    """100 audits of 4 concepts a share: 400 intervals a cell, one standard error .011; they are correlated by seed."""
    truth = columns_of(WORLD.truth())
    rows = {"raw": [], "adjusted": []}
    for number in range(100):
        found = score_intervals(WORLD.audit(number, images), NEUTRAL)
        assert set(found.methods) == {"mover"}
        rows["raw"].append(holds(found.raw, truth))
        rows["adjusted"].append(holds(found.adjusted, truth - truth[list(NEUTRAL)].mean(axis=0)))
    for kind, held in rows.items():
        covered = of_shares(WORLD, held)[:, [IIAS, ITPAS, ITAAS, MCAS]]
        assert covered.min() >= 0.91, kind
        assert 0.93 <= covered[:, 3].mean() <= 0.97, kind


@pytest.mark.parametrize("images", [8, 30])
@pytest.mark.parametrize("third", [{"third": 0.4}, {"third": 0.3, "third_at": -0.3}], ids=["between", "beyond"])
def test_three_groups_are_covered_as_two_are(images, third):
    world = replace(WORLD, **third)
    truth = columns_of(world.truth())
    even = columns_of(replace(world, neutral_share=1 / 3, third=0.5).truth())[list(NEUTRAL)].mean(axis=0)
    rows = {"raw": [], "adjusted": [], "parity": []}
    for number in range(60):
        found = score_intervals(world.audit(number, images), NEUTRAL, is_tested=False)
        assert set(found.methods) == {"mover"}
        rows["raw"].append(holds(found.raw, truth))
        rows["adjusted"].append(holds(found.adjusted, truth - truth[list(NEUTRAL)].mean(axis=0)))
        rows["parity"].append(holds(found.parity, truth - even))
    for kind, held in rows.items():
        covered = of_shares(world, held)[:, [IIAS, ITPAS, ITAAS, MCAS]]
        assert covered.min() >= 0.88, kind
        assert 0.925 <= covered[:, 3].mean() <= 0.975, kind


def test_the_gap_of_three_groups_is_that_between_the_poles():
    found = score_intervals(replace(WORLD, third=0.4).audit(5, 64), NEUTRAL, is_tested=False)
    fixed = WORLD._fixed()[0] * (WORLD.gap + 2 * 0.3)
    np.testing.assert_allclose(found.gap[: WORLD.concepts], fixed[: WORLD.concepts], rtol=0.35)
    assert np.corrcoef(found.gap[: WORLD.concepts], fixed[: WORLD.concepts])[0, 1] > 0.6


def test_a_true_score_of_0_is_rejected_as_often_as_the_level_says_and_hardly_ever_flagged():
    """Nothing leans in this world: 28 concepts, seeds alike by .43, one audit in 20 may flag one."""
    world = World(shares=(0.5,) * 7, unequal=0.0, is_plain=True)
    rejected, flags = {"raw": [], "adjusted": []}, []
    for number in range(80):
        found = score_intervals(world.audit(number, 16), NEUTRAL)
        for name, rows in rejected.items():
            rows.append(getattr(found, name).p_values[: world.concepts, MCAS] <= 0.05)
        flags.append(flagged(found.adjusted.p_values[: world.concepts, MCAS], 0.05).sum())
    for name, rows in rejected.items():
        assert 0.03 <= np.mean(rows) <= 0.07, name
    assert sum(flags) <= 4


def test_a_p_value_inverts_its_interval():
    found = score_intervals(WORLD.audit(1, 16), NEUTRAL)
    for one in (found.raw, found.adjusted, found.parity):
        known = ~np.isnan(one.low)
        excluded = (one.low > 0) | (one.high < 0)
        assert (excluded[known] == (one.p_values[known] < 0.05)).all()
        assert excluded[known].any()


def test_estimates_are_the_scores_and_their_zero_points():
    vectors = WORLD.audit(2, 16)
    found = score_intervals(vectors, NEUTRAL)
    raw = columns_of(vectors.scores().components)
    np.testing.assert_array_equal(found.raw.estimates, raw)
    np.testing.assert_array_equal(found.adjusted.estimates, raw - raw[list(NEUTRAL)].mean(axis=0))
    np.testing.assert_allclose(found.parity.estimates, raw - found.parity.zero)


def test_parity_is_the_neutral_score_with_both_groups_at_one_half():
    vectors = replace(WORLD, neutral_share=0.8).audit(3, 16)
    found = score_intervals(vectors, NEUTRAL)
    scores, labels, concept = vectors.scores(), np.asarray(vectors.labels), np.asarray(vectors.concept)
    by_hand = np.mean([
        [values[(concept == b) & (labels == group)].mean() for group in (0, 1)]
        for b in NEUTRAL for values in (scores.s_img + scores.s_word,)
    ])  # fmt: skip
    prompts = scores.components[list(NEUTRAL)][:, [1, 3]].sum(axis=1).mean()
    assert found.parity.zero[MCAS] == pytest.approx(by_hand + prompts)
    assert found.parity.zero[MCAS] < found.adjusted.zero[MCAS] - 0.1


def test_parity_is_surer_than_the_default_and_covers():
    world = replace(WORLD, neutral_share=0.8)
    even = columns_of(replace(world, neutral_share=0.5).truth())
    truth = columns_of(world.truth()) - even[list(NEUTRAL)].mean(axis=0)
    rows, widths = [], []
    for number in range(60):
        found = score_intervals(world.audit(number, 16), NEUTRAL)
        rows.append(holds(found.parity, truth))
        widths.append([(one.high - one.low)[: world.concepts, MCAS].mean() for one in (found.parity, found.adjusted)])
    assert 0.93 <= of_shares(world, rows)[:, MCAS].mean() <= 0.97
    assert np.mean(widths, axis=0)[0] < np.mean(widths, axis=0)[1]


def test_the_gap_is_what_a_score_moves_by():
    gaps = WORLD._fixed()[0]
    found = score_intervals(WORLD.audit(4, 64), NEUTRAL)
    true = gaps * (WORLD.gap + 0.6)
    assert found.gap == pytest.approx(true, rel=0.25)


@pytest.mark.parametrize("images", [16, 30])
def test_intervals_are_no_wider_than_those_of_the_bootstrap(images):
    widths = []
    for number in range(4):
        vectors = WORLD.audit(number, images)
        found = score_intervals(vectors, NEUTRAL)
        other = bootstrap_concepts(vectors, NEUTRAL, resamples=500)
        widths.append([(found.raw.high - found.raw.low)[:, MCAS].mean(), (other.high - other.low)[:, MCAS].mean()])
    assert np.mean(widths, axis=0)[0] <= np.mean(widths, axis=0)[1]


def test_wrong_labels_cost_little_coverage():
    world = replace(WORLD, wrong=0.05)
    truth = columns_of(world.truth())
    rows = [holds(score_intervals(world.audit(number, 16), NEUTRAL).raw, truth) for number in range(60)]
    covered = of_shares(world, rows)[:, MCAS]
    assert covered.min() >= 0.89
    assert covered.mean() >= 0.93


def test_a_concept_that_shows_one_group_has_an_interval_with_a_note():
    vectors = WORLD.audit(9, 8)
    labels, concept = np.asarray(vectors.labels), np.asarray(vectors.concept)
    alone = [len(set(labels[concept == c])) == 1 for c in range(WORLD.concepts)]
    found = score_intervals(vectors, NEUTRAL)
    assert True in alone
    assert [found.note(c) is not None for c in range(WORLD.concepts)] == alone
    assert not np.isnan(found.raw.low[:, MCAS]).any()


def without_labels(vectors):
    return replace(vectors, labels=None)


def half_unclear(vectors):
    labels = np.asarray(vectors.labels).copy()
    labels[(np.asarray(vectors.concept) == 0) & (np.arange(len(labels)) % 2 == 0)] = -1
    return replace(vectors, labels=labels)


def neutral_unclear(vectors):
    return replace(vectors, labels=np.where(np.asarray(vectors.concept) == NEUTRAL[0], -1, np.asarray(vectors.labels)))


def two_wordings(vectors):
    return replace(vectors, wordings=np.arange(len(np.asarray(vectors.concept))) % 2)


def one_group(vectors):
    return replace(vectors, labels=np.zeros(len(np.asarray(vectors.concept)), np.int64))


def one_seed(vectors):
    return replace(vectors, seeds=np.asarray(vectors.seeds) // 2)


@pytest.mark.parametrize(
    ("change", "why", "everywhere", "estimand"),
    [
        (without_labels, "no labels of groups", True, "these prompts"),
        (half_unclear, "50% of the images have no clear group", False, "these prompts"),
        (neutral_unclear, "neutral: 100% of the images have no clear group", True, "these prompts"),
        (
            two_wordings,
            "a concept has 2 wordings, and fewer than 5 say little of a population of prompts",
            True,
            "a population of prompts",
        ),
        (one_group, "no concept shows both groups", True, "these prompts"),
        (one_seed, "images of a concept share a seed", True, "these prompts"),
    ],
)
def test_where_labels_fail_the_interval_is_a_bootstrap_and_says_why(change, why, everywhere, estimand):
    vectors = change(WORLD.audit(5, 16))
    found = score_intervals(vectors, NEUTRAL, resamples=300, seed=3)
    other = bootstrap_concepts(vectors, NEUTRAL, resamples=300, seed=3)
    assert found.methods[0] == "bootstrap"
    assert (set(found.methods) == {"bootstrap"}) == everywhere
    assert found.why_bootstrap[0] == why
    assert str(found.note(0)).startswith(why)
    assert found.estimand == estimand
    np.testing.assert_array_equal(found.raw.low[0], other.low[0])
    np.testing.assert_array_equal(found.adjusted.high[0], other.adjusted_high[0])
    assert 0 < found.raw.p_values[0, MCAS] <= 1


def test_ttas_has_no_interval_and_what_differs_has_that_of_mcas():
    found = score_intervals(WORLD.audit(6, 16), NEUTRAL)
    assert np.isnan(found.raw.low[:, TTAS]).all()
    assert found.raw.reasons[0][TTAS] == "holds no generated image, so nothing is resampled"
    width = found.raw.high - found.raw.low
    np.testing.assert_allclose(width[:, DIFFERING], width[:, MCAS])


def test_without_attribute_images_only_itaas_has_an_interval():
    vectors = WORLD.audit(7, 16)
    none = np.empty((0, np.asarray(vectors.a_images).shape[1]))
    found = score_intervals(replace(vectors, a_images=none, a_seeds=None, a_prompts=None), NEUTRAL)
    known = ~np.isnan(found.raw.low[0])
    assert [COLUMNS[k] for k in np.flatnonzero(known)] == ["itaas"]
    assert found.raw.reasons[0][MCAS] == "no image of pole A"


def test_without_a_neutral_concept_there_is_no_zero_point():
    found = score_intervals(WORLD.audit(8, 16))
    assert found.adjusted.reasons[0][MCAS] == found.parity.reasons[0][MCAS] == "no neutral baseline"
    assert not np.isnan(found.raw.low[:, MCAS]).any()


@pytest.mark.parametrize("labels", [[0, 1], [-2] * 8])
def test_labels_that_are_none_are_an_error(labels, audit):
    vectors = audit(1, images=2)
    with pytest.raises(ValueError, match="labels must be a whole number"):
        score_intervals(replace(vectors, labels=np.array(labels)))
