"""Permutation of attribute labels of single concepts."""

from dataclasses import replace
from itertools import product

import numpy as np

from mcas_assets.scoring.mcas.concept_tests import concept_tests
from mcas_assets.scoring.stats.permutation import permutation_test
from mcas_assets.scoring.stats.resampling import every_partition

MCAS, DIFFERING = 4, 5


def test_components_are_single_category_tests_of_cosines(audit):
    vectors = audit(1, attributes=6)
    tests = concept_tests(vectors)
    means = vectors.scores().mean_images
    for c in range(4):
        for column, target, poles in (
            (0, means[c], (vectors.a_images, vectors.b_images)),
            (1, vectors.prompts[c], (vectors.a_images, vectors.b_images)),
            (2, means[c], (vectors.a_words, vectors.b_words)),
            (3, vectors.prompts[c], (vectors.a_words, vectors.b_words)),
        ):
            assert tests.p_values[c, column] == permutation_test(*(pole @ target for pole in poles)).value
    assert tests.is_exact == (True, True, True, True, False, False)


def small(audit):
    """Poles of 3 images and 2 words: 20 x 6 partitions."""
    vectors = audit(2)
    return replace(
        vectors,
        a_images=vectors.a_images[:3],
        b_images=vectors.b_images[:3],
        a_words=vectors.a_words[:2],
        b_words=vectors.b_words[:2],
    )


def test_mcas_permutes_images_and_words_independently(audit):
    vectors = small(audit)
    tests = concept_tests(vectors)
    images, words = np.vstack([vectors.a_images, vectors.b_images]), np.vstack([vectors.a_words, vectors.b_words])
    means = vectors.scores().mean_images
    for c in range(4):
        u, v = images @ (means[c] + vectors.prompts[c]), words @ (means[c] + vectors.prompts[c])
        null = np.array(
            [
                u[i == 1].mean() - u[i == 0].mean() + v[j == 1].mean() - v[j == 0].mean()
                for i, j in product(*(np.concatenate(list(every_partition(n, k))) for n, k in ((6, 3), (4, 2))))
            ]
        )
        assert tests.p_values[c, MCAS] == (np.abs(null) >= abs(null[0]) - 1e-12).mean()


def test_monte_carlo_is_near_the_exact_p_of_the_sum(audit):
    vectors = small(audit)
    exact, drawn = concept_tests(vectors), concept_tests(vectors, exact_limit=1, draws=20_000)
    assert exact.is_exact[MCAS]
    assert not drawn.is_exact[MCAS]
    np.testing.assert_allclose(drawn.p_values, exact.p_values, atol=0.015)


def test_a_score_that_is_missing_has_no_test(audit):
    vectors = audit(3)
    none = replace(vectors, images=vectors.images[20:], concept=vectors.concept[20:])
    tests = concept_tests(none, draws=99)
    assert tests.reasons[0] == ("no image of the concept", None) * 2 + ("no image of the concept",) * 2
    np.testing.assert_array_equal(np.isnan(tests.p_values[0]), [True, False, True, False, True, True])
    assert tests.reasons[1] == (None,) * 6
    no_pole = concept_tests(replace(vectors, b_images=vectors.b_images[:0]), draws=99)
    assert no_pole.reasons[1][0] == "no image of pole B"
    assert no_pole.reasons[1][MCAS] == "no image of pole B"
    assert no_pole.p_values[1, 2] > 0


def test_a_clear_association_is_found_and_none_is_not(audit):
    vectors = audit(5)
    tests = concept_tests(vectors)
    assert tests.p_values[0, DIFFERING] < 0.01  # the first concept leans to B, the last to A
    assert tests.p_values[3, DIFFERING] < 0.01
    same = replace(vectors, b_images=vectors.a_images, b_words=vectors.a_words)
    assert concept_tests(same).p_values.min() > 0.99
