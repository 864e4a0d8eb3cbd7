"""The score, against numbers worked out by hand, the loop over pairs, and the properties of its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcas_assets.scoring.mcas.association import COMPONENTS, association, component_scores, row_effect_sizes, unit

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]
SLANT = [0.6, 0.8]


def vectors(seed: int, n: int, d: int = 7) -> np.ndarray:
    """n random unit vectors."""
    return unit(np.random.default_rng(seed).standard_normal((n, d)))


def audit(seed: int, per_concept: tuple[int, ...] = (5, 3, 4)) -> dict[str, np.ndarray]:
    """A small audit with concepts of unequal numbers of images."""
    concept = np.repeat(np.arange(len(per_concept)), per_concept)
    return {
        "images": vectors(seed, len(concept)),
        "concept": concept,
        "prompts": vectors(seed + 1, len(per_concept)),
        "a_images": vectors(seed + 2, 6),
        "b_images": vectors(seed + 3, 4),
        "a_words": vectors(seed + 4, 3),
        "b_words": vectors(seed + 5, 5),
    }


def test_association_of_hand_worked_vectors():
    values = association([EAST, NORTH, SLANT], [EAST], [NORTH])
    np.testing.assert_allclose(values, [1.0, -1.0, -0.2], atol=1e-15)


def test_association_takes_the_mean_over_each_pole_and_not_the_sum():
    values = association([EAST], [EAST, NORTH], [NORTH])
    np.testing.assert_allclose(values, [0.5])


def test_association_equals_the_loop_over_pairs_for_more_rows_than_one_block():
    w, a, b = vectors(1, 1300, 16), vectors(2, 9, 16), vectors(3, 4, 16)
    loop = [np.mean([x @ y for y in a]) - np.mean([x @ y for y in b]) for x in w]
    np.testing.assert_allclose(association(w, a, b), loop, atol=1e-14)


def test_association_of_float32_is_summed_in_float64():
    w, a, b = (vectors(i, 40, 512).astype(np.float32) for i in (1, 2, 3))
    exact = w.astype(np.float64) @ (a.astype(np.float64).mean(0) - b.astype(np.float64).mean(0))
    np.testing.assert_allclose(association(w, a, b), exact, rtol=0, atol=1e-15)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_swapping_the_poles_negates_every_component(seed):
    given_ = audit(seed)
    swapped = given_ | {
        "a_images": given_["b_images"],
        "b_images": given_["a_images"],
        "a_words": given_["b_words"],
        "b_words": given_["a_words"],
    }
    one, other = component_scores(**given_), component_scores(**swapped)
    np.testing.assert_allclose(one.components, -other.components, atol=1e-14)
    np.testing.assert_allclose(one.effect_sizes, -other.effect_sizes, atol=1e-12)


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-6, 1e6))
@settings(max_examples=25, deadline=None)
def test_scaling_before_unit_changes_nothing(seed, factor):
    raw = np.random.default_rng(seed).standard_normal((6, 5))
    np.testing.assert_allclose(unit(raw * factor), unit(raw), atol=1e-14)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_rotation_of_the_whole_space_changes_no_score(seed):
    given_ = audit(seed)
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((7, 7)))[0]
    turned = {k: (v if k == "concept" else v @ turn) for k, v in given_.items()}
    np.testing.assert_allclose(component_scores(**given_).components, component_scores(**turned).components, atol=1e-13)


def test_components_equal_their_definition_as_loops_over_pairs():
    g = audit(3)
    scores = component_scores(**g)
    for c in range(3):
        own = g["images"][g["concept"] == c]
        for k, (targets, a, b) in enumerate(
            [
                (own, g["a_images"], g["b_images"]),
                (g["prompts"][[c]], g["a_images"], g["b_images"]),
                (own, g["a_words"], g["b_words"]),
                (g["prompts"][[c]], g["a_words"], g["b_words"]),
            ]
        ):
            loop = np.mean([np.mean([w @ x for x in a]) - np.mean([w @ y for y in b]) for w in targets])
            assert scores.components[c, k] == pytest.approx(loop, abs=1e-14)
            cos_a, cos_b = targets.mean(0) @ a.T, targets.mean(0) @ b.T
            size = (cos_a.mean() - cos_b.mean()) / np.concatenate([cos_a, cos_b]).std(ddof=1)
            assert scores.effect_sizes[c, k] == pytest.approx(size, abs=1e-12)
        assert scores.statistic(c, "mcas").value == pytest.approx(scores.components[c].sum())
        assert scores.statistic(c, "differing").value == pytest.approx(scores.components[c, :3].sum())


def test_values_per_image_average_to_the_components():
    g = audit(4)
    scores = component_scores(**g)
    np.testing.assert_allclose(scores.s_img, association(g["images"], g["a_images"], g["b_images"]), atol=1e-15)
    for c in range(3):
        assert scores.s_img[g["concept"] == c].mean() == pytest.approx(scores.components[c, 0], abs=1e-14)
        assert scores.s_word[g["concept"] == c].mean() == pytest.approx(scores.components[c, 2], abs=1e-14)


def test_the_order_of_the_images_does_not_matter():
    g = audit(5)
    order = np.random.default_rng(0).permutation(len(g["concept"]))
    mixed = g | {"images": g["images"][order], "concept": g["concept"][order]}
    one, other = component_scores(**g), component_scores(**mixed)
    np.testing.assert_allclose(one.components, other.components, atol=1e-14)
    np.testing.assert_allclose(one.s_img[order], other.s_img, atol=1e-15)


def test_a_concept_without_images_has_a_reason_and_keeps_the_components_of_its_prompt():
    g = audit(6, (4, 0, 3))
    scores = component_scores(**g)
    assert scores.statistic(1, "iias") == (None, "no image of the concept")
    assert scores.statistic(1, "mcas") == (None, "no image of the concept")
    assert scores.statistic(1, "itpas").value is not None
    assert scores.statistic(0, "mcas").value is not None
    assert np.isnan(scores.mcas[1])
    assert scores.n_images.tolist() == [4, 0, 3]


def test_a_pole_without_images_takes_the_two_components_that_need_it():
    g = audit(7) | {"a_images": np.empty((0, 7))}
    scores = component_scores(**g)
    for c in range(3):
        assert scores.statistic(c, "iias") == (None, "no image of pole A")
        assert scores.statistic(c, "itpas") == (None, "no image of pole A")
        assert scores.statistic(c, "itaas").value is not None
        assert scores.effect_size(c, "iias") == (None, "no image of pole A")


def test_nan_stands_only_beside_a_reason():
    scores = component_scores(**audit(8, (0, 2, 0, 1)))
    for array, reasons in (
        (scores.components, scores.reasons),
        (scores.effect_sizes, scores.effect_reasons),
    ):
        is_missing = np.array([[reason is not None for reason in row] for row in reasons])
        np.testing.assert_array_equal(np.isnan(array), is_missing)


def test_identical_attributes_have_zero_variance_and_say_so():
    g = audit(9) | {"a_words": np.array([[1.0] + [0.0] * 6]), "b_words": np.array([[1.0] + [0.0] * 6] * 2)}
    scores = component_scores(**g)
    assert scores.effect_size(0, "itaas") == (None, "zero variance")
    assert scores.statistic(0, "itaas").value == pytest.approx(0.0, abs=1e-15)


def test_effect_sizes_of_hand_worked_values():
    effects, reasons = row_effect_sizes(np.array([[1.0, 2.0, 3.0]]), np.array([[-1.0, -2.0, -3.0]]))
    assert effects.tolist() == [pytest.approx(4 / np.sqrt(28 / 5))]
    assert reasons == [None]


def test_an_effect_size_has_a_reason_where_there_is_nothing_to_compare():
    ones = np.ones((1, 2))
    assert row_effect_sizes(ones, ones)[1] == ["zero variance"]
    few = ["fewer than 3 attributes in the two poles together"]
    assert row_effect_sizes(ones[:, :0], ones)[1] == few
    assert row_effect_sizes(ones[:, :1], ones[:, :1])[1] == few


@pytest.mark.parametrize(
    ("w", "says"),
    [
        (EAST, "must be a matrix"),
        ([[1.0, 0.0, 0.0]], "3 wide where 2 is needed"),
        ([[2.0, 0.0]], "has length 2, not 1"),
        ([[np.nan, 0.0]], "has length nan, not 1"),
        ([["a", "b"]], "must hold real numbers"),
    ],
)
def test_input_that_would_give_a_wrong_number_is_refused(w, says):
    with pytest.raises(ValueError, match=says):
        association(w, [EAST], [NORTH])


def test_an_empty_pole_of_words_is_refused():
    with pytest.raises(ValueError, match="attribute set B is empty"):
        association([EAST], [EAST], np.empty((0, 2)))


def test_a_zero_vector_has_no_direction():
    with pytest.raises(ValueError, match="row 1 is zero"):
        unit([EAST, [0.0, 0.0]])


def test_a_concept_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 3\)"):
        component_scores(**(audit(1) | {"concept": np.full(12, 3)}))


def test_components_are_named_in_the_order_of_the_paper():
    assert COMPONENTS == ("iias", "itpas", "itaas", "ttas")


@pytest.mark.parametrize("order", [np.arange(1400), np.arange(1400)[::-1]])
def test_the_row_that_is_no_unit_vector_is_named_wherever_it_lies(order):
    w = vectors(1, 1400)
    w[1203] *= 2
    concept = np.repeat([0, 1], 700)[order]
    with pytest.raises(ValueError, match="w row 1203 has length 2"):
        association(w, w[:1], w[1:2])
    with pytest.raises(ValueError, match="images row 1203 has length 2"):
        component_scores(w, concept, w[:2], w[:3], w[3:5], w[:2], w[2:4])


def test_half_precision_and_memory_mapped_vectors_are_taken_as_they_are(tmp_path):
    w, a, b = vectors(1, 600, 64), vectors(2, 5, 64), vectors(3, 5, 64)
    np.save(tmp_path / "w.npy", w.astype(np.float16))
    mapped = np.load(tmp_path / "w.npy", mmap_mode="r")
    np.testing.assert_allclose(association(mapped, a, b), association(w, a, b), atol=1e-3)
