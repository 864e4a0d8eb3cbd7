"""All concepts at once: against a loop that scores every replicate and closed forms, and the cases without an interval."""

from dataclasses import replace

import numpy as np
import pytest

from mcas_assets.scoring.mcas.association import component_scores
from mcas_assets.scoring.mcas.concept_bootstrap import COLUMNS, bootstrap_concepts, columns_of
from mcas_assets.scoring.mcas.draws import Draws, grouping
from mcas_assets.scoring.mcas.vectors import AuditVectors
from tests.scoring.oracles import ITAAS, intervals_of_means, one_way_variance, two_way_variance

WORDINGS, SEEDS = 14, 11
IIAS, ITPAS, TTAS, MCAS = (COLUMNS.index(name) for name in ("iias", "itpas", "ttas", "mcas"))


def loop(vectors, neutral, resamples, seed):
    """Score every replicate anew from images repeated as often as they were drawn."""
    draws = Draws(grouping(vectors), resamples, seed)
    n, n_a, n_b = vectors.sizes()
    weights = draws.image_weights(np.arange(n)).astype(int)
    attributes = draws.seed_counts(n + np.arange(n_a + n_b)).astype(int)
    rows = []
    for image, attribute in zip(weights, attributes, strict=True):
        scores = component_scores(
            np.repeat(vectors.images, image, axis=0),
            np.repeat(vectors.concept, image),
            vectors.prompts,
            np.repeat(vectors.a_images, attribute[:n_a], axis=0),
            np.repeat(vectors.b_images, attribute[n_a:], axis=0),
            vectors.a_words,
            vectors.b_words,
        )
        rows.append(columns_of(scores.components))
    raw = np.stack(rows, axis=-1)
    return raw, raw - raw[neutral].mean(axis=0)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("wordings", [False, True])
def test_replicates_equal_scoring_the_drawn_images_anew(audit, shared, wordings):
    vectors = audit(1, shared=shared)
    if wordings:
        vectors = replace(vectors, wordings=np.tile(np.repeat(np.arange(4), 5), 4))
    intervals = bootstrap_concepts(vectors, [3], resamples=60, seed=9)
    raw, adjusted = loop(vectors, [3], 60, 9)
    np.testing.assert_allclose(intervals.replicates, raw, atol=1e-12)
    np.testing.assert_allclose(intervals.replicates - intervals.replicates[3], adjusted, atol=1e-12)


def test_attribute_images_are_drawn_once_for_all_concepts(audit):
    intervals = bootstrap_concepts(audit(2), resamples=300)
    itpas = intervals.replicates[:, 1]
    assert np.abs(np.corrcoef(itpas)[0, 1:]).min() > 0.05  # they move together, since only the attributes move
    alone = bootstrap_concepts(audit(2), resamples=300)
    np.testing.assert_array_equal(intervals.replicates, alone.replicates)


def test_images_that_share_a_seed_are_drawn_together(audit):
    """Two concepts of the very same images: with shared seeds their difference does not vary."""
    vectors = audit(3)
    twice = replace(vectors, images=np.tile(vectors.images[:20], (4, 1)), seeds=np.tile(np.arange(20), 4))
    together = bootstrap_concepts(twice, resamples=200).replicates[:, 2]
    np.testing.assert_allclose(together[0], together[1], atol=1e-12)
    apart = bootstrap_concepts(replace(twice, seeds=None), resamples=200).replicates[:, 2]
    assert np.std(apart[0] - apart[1]) > 0.01


def test_adjusted_scores_are_scores_less_the_neutral_mean(audit):
    intervals = bootstrap_concepts(audit(4), [1, 2], resamples=100)
    np.testing.assert_allclose(intervals.adjusted, intervals.estimates - intervals.estimates[1:3].mean(axis=0))
    np.testing.assert_allclose(intervals.baseline, intervals.estimates[1:3].mean(axis=0))
    np.testing.assert_allclose(intervals.adjusted, intervals.estimates - intervals.baseline)


def test_the_only_neutral_concept_adjusts_to_zero_without_an_interval(audit):
    intervals = bootstrap_concepts(audit(5), [2], resamples=100)
    assert intervals.adjusted[2, MCAS] == 0.0
    assert np.isnan(intervals.adjusted_low[2, MCAS])
    assert intervals.adjusted_reasons[2][MCAS] == "zero variance"


def test_without_a_neutral_concept_the_adjusted_score_has_a_reason(audit):
    intervals = bootstrap_concepts(audit(5), resamples=100)
    assert np.isnan(intervals.adjusted[0, MCAS])
    assert intervals.adjusted_reasons[0][MCAS] == "no neutral baseline"


def test_ttas_has_no_interval_because_nothing_in_it_is_drawn(audit):
    intervals = bootstrap_concepts(audit(5), resamples=100)
    assert not np.isnan(intervals.estimates[0, TTAS])
    assert intervals.reasons[0][TTAS] == "holds no generated image, so nothing is resampled"


def test_few_images_take_the_intervals_that_need_them(audit):
    vectors = audit(6)
    keep = np.concatenate([np.arange(3), np.arange(20, 80)])
    few = replace(vectors, images=vectors.images[keep], concept=vectors.concept[keep])
    intervals = bootstrap_concepts(few, [3], resamples=100)
    assert intervals.reasons[0][MCAS] == "fewer than 5 independent images"
    assert np.isnan(intervals.low[0, MCAS])
    assert not np.isnan([intervals.estimates[0, MCAS], intervals.low[0, ITPAS], intervals.low[1, MCAS]]).any()
    few_poles = replace(vectors, a_images=vectors.a_images[:4])
    assert bootstrap_concepts(few_poles, resamples=100).reasons[1][IIAS] == "fewer than 5 images of pole A"


def test_a_concept_without_images_keeps_the_others_whole(audit):
    vectors = audit(7)
    none = replace(vectors, images=vectors.images[20:], concept=vectors.concept[20:])
    intervals = bootstrap_concepts(none, [0], resamples=100)
    assert intervals.reasons[0][IIAS] == "no image of the concept"
    assert not np.isnan(intervals.low[1, IIAS])
    assert intervals.adjusted_reasons[1][IIAS] == "baseline: no image of the concept"


def test_nan_stands_only_beside_a_reason_and_ends_are_in_order(audit):
    vectors = audit(8)
    none = replace(vectors, images=vectors.images[18:], concept=vectors.concept[18:])
    intervals = bootstrap_concepts(none, [3], resamples=100)
    for low, high, reasons in (
        (intervals.low, intervals.high, intervals.reasons),
        (intervals.adjusted_low, intervals.adjusted_high, intervals.adjusted_reasons),
    ):
        is_missing = np.array([[r is not None for r in row] for row in reasons])
        np.testing.assert_array_equal(np.isnan(low), is_missing)
        np.testing.assert_array_equal(np.isnan(high), is_missing)
        assert (low[~is_missing] <= high[~is_missing]).all()


def test_the_order_of_the_images_changes_no_score(audit):
    vectors = audit(9)
    order = np.random.default_rng(0).permutation(80)
    mixed = replace(vectors, images=vectors.images[order], concept=vectors.concept[order])
    one, other = bootstrap_concepts(vectors, resamples=50), bootstrap_concepts(mixed, resamples=50)
    np.testing.assert_allclose(one.estimates, other.estimates, atol=1e-13)


def test_wordings_widen_the_interval(audit):
    """Templates that pull the images apart: an interval that covers wording is wider."""
    vectors = audit(10)
    wording = np.tile(np.repeat(np.arange(4), 5), 4)
    pulled = vectors.images + np.linspace(-0.4, 0.4, 4)[wording][:, None] * vectors.a_words[0]
    pulled /= np.linalg.norm(pulled, axis=1, keepdims=True)
    one = bootstrap_concepts(replace(vectors, images=pulled), resamples=400)
    other = bootstrap_concepts(replace(vectors, images=pulled, wordings=wording), resamples=400)
    assert other.standard_error[0, 2] > 1.5 * one.standard_error[0, 2]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seeds": np.arange(3)}, "seeds must be"),
        ({"seeds": -np.ones(80, int)}, "seeds must be"),
        ({"a_prompts": [1]}, "a_prompts must"),
    ],
)
def test_labels_that_do_not_fit_are_refused(audit, change, says):
    with pytest.raises(ValueError, match=says):
        bootstrap_concepts(replace(audit(1), **change), resamples=10)


def test_a_neutral_index_out_of_range_is_refused(audit):
    with pytest.raises(ValueError, match="neutral must hold"):
        bootstrap_concepts(audit(1), [4], resamples=10)


def test_columns_add_mcas_and_its_differing_part():
    assert COLUMNS == ("iias", "itpas", "itaas", "ttas", "mcas", "differing")
    assert columns_of(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [1, 2, 4, 8, 15, 7]


# One concept whose images' values are chosen, against the closed forms of METHOD


def crossed():
    """Values (WORDINGS, SEEDS) with effects of both, and the labels of the raveled values, (1, n)."""
    generator = np.random.default_rng(0)
    values = (
        0.5 * generator.standard_normal((WORDINGS, 1))
        + 0.3 * generator.standard_normal((1, SEEDS))
        + generator.standard_normal((WORDINGS, SEEDS))
    )
    wordings, seeds = np.indices(values.shape).reshape(2, 1, -1)
    return 0.1 * values, seeds, wordings


def error_of(values, *labels, resamples=10_000):
    return intervals_of_means(values.reshape(1, -1), *labels, resamples=resamples).standard_error[0, ITAAS]


def test_the_standard_error_over_seeds_meets_its_closed_form():
    values, seeds, _ = crossed()
    assert error_of(values, seeds) == pytest.approx(np.sqrt(one_way_variance(values.mean(axis=0))), rel=0.029)


def test_the_standard_error_over_wordings_and_seeds_meets_its_closed_form():
    values, seeds, wordings = crossed()
    assert error_of(values, seeds, wordings) == pytest.approx(np.sqrt(two_way_variance(values)), rel=0.029)


def test_seeds_of_their_own_in_each_wording_are_drawn_within_it():
    values, _, wordings = crossed()
    within = values.var(axis=1).mean() / values.size
    # A wording drawn twice brings the same draw of its seeds twice, hence 2 - 1/P: wider than needed, never narrower.
    expected = one_way_variance(values.mean(axis=1)) + (2 - 1 / WORDINGS) * within
    assert error_of(values, None, wordings, resamples=4000) ** 2 == pytest.approx(expected, rel=0.1)


def test_one_seed_many_times_is_one_unit():
    values = 0.01 * np.arange(20.0)[None]
    assert intervals_of_means(values, np.zeros((1, 20), int)).reasons[0][ITAAS] == "fewer than 5 independent images"


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not():
    """A change of the pinned ends changes every published interval: bump the code version of the scores."""
    values = 0.01 * np.arange(10.0)[None] ** 2
    one, again, other = (intervals_of_means(values, resamples=500, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.replicates, again.replicates)
    assert (one.replicates != other.replicates).any()
    assert (one.low[0, ITAAS], one.high[0, ITAAS]) == pytest.approx(PINNED, rel=1e-12)


@pytest.mark.parametrize("options", [{"level": 1.0}, {"method": "t"}, {"resamples": 1}, {"seed": -1}])
def test_options_without_meaning_are_refused(audit, options):
    with pytest.raises(ValueError, match="must"):
        bootstrap_concepts(audit(1), **options)


PINNED = (0.11388794003853789, 0.517186503929559)


def test_wordings_that_concepts_share_are_drawn_together_so_that_differences_between_concepts_are_surer():
    generator, width = np.random.default_rng(6), 6
    template = 0.3 * generator.standard_normal((5, 1))  # what a wording adds is the same for both concepts
    rows = np.zeros((2, 5, 8, width))
    rows[..., :1] = template[None, :, None] + 0.02 * generator.standard_normal((2, 5, 8, 1))
    rows[..., 1] = 1.0
    images = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).reshape(80, width)
    pole = np.eye(width)[:1]
    fixed = AuditVectors(
        images=images, concept=np.repeat([0, 1], 40), prompts=np.eye(width)[1:3], a_words=pole, b_words=-pole,
        a_images=np.repeat(pole, 4, axis=0), b_images=np.repeat(-pole, 4, axis=0),
    )  # fmt: skip
    of = np.tile(np.repeat(np.arange(5), 8), 2)
    spread = []
    for wordings in (of, of + 5 * np.repeat([0, 1], 40)):
        found = bootstrap_concepts(replace(fixed, wordings=wordings), resamples=400)
        spread.append(np.nanstd(found.replicates[0, 4] - found.replicates[1, 4]))
    assert spread[0] < 0.2 * spread[1]
