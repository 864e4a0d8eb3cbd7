"""Diversity: closed forms, the edges, and that intervals cover."""

import numpy as np
import pytest

from mcas_assets.scoring.fidelity.diversity import similarity, vendi


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_images_that_are_all_alike_are_one_image():
    alike = np.tile(unit(np.array([[1.0, 2.0, 2.0]])), (6, 1))
    assert similarity(alike).value == pytest.approx(1)
    assert vendi(alike).value == pytest.approx(1)
    assert similarity(alike).with_interval(0.95).reason == "zero variance"


def test_images_at_right_angles_are_as_many_as_there_are():
    assert vendi(np.eye(7)).value == pytest.approx(7)
    assert similarity(np.eye(7)).value == pytest.approx(0, abs=1e-12)


def test_two_kinds_of_images_count_by_the_entropy_of_their_shares():
    rows = np.repeat(np.eye(2), (9, 3), axis=0)
    shares = np.array([0.75, 0.25])
    assert vendi(rows).value == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    # 36 pairs of the first kind and 3 of the second among 66
    assert similarity(rows).value == pytest.approx(39 / 66)


def test_the_mean_cosine_is_that_of_all_pairs_and_its_parts_are_those_of_leaving_one_out():
    rows = unit(np.random.default_rng(0).normal(size=(9, 4)))
    cosines = rows @ rows.T

    def by_hand(kept: list[int]) -> float:
        return float(np.mean([cosines[i, j] for i in kept for j in kept if i != j]))

    found = similarity(rows)
    assert found.value == pytest.approx(by_hand(list(range(9))))
    without = [by_hand([i for i in range(9) if i != left_out]) for left_out in range(9)]
    assert found.pseudo == pytest.approx(9 * found.value - 8 * np.array(without))


def test_of_many_images_several_are_left_out_at_a_time():
    rows = unit(np.random.default_rng(1).normal(size=(150, 8)))
    assert len(vendi(rows).pseudo) == 64
    assert 1 < vendi(rows).value < 9


def test_a_single_image_has_no_pair_and_is_one():
    with pytest.raises(ValueError, match="a pair takes two images"):
        similarity(np.eye(1))
    assert vendi(np.eye(1)).value == pytest.approx(1)
    assert vendi(np.eye(3)[:2]).with_interval(0.95).reason == "fewer than 5 independent images"


# At 8 images a kind that a fifth of them show is not seen at all in one set of six, and no set knows of what it does not hold.
@pytest.mark.parametrize(("n", "share", "least"), [(8, 0.2, 0.8), (8, 0.5, 0.9), (30, 0.2, 0.9), (30, 0.5, 0.9)])
def test_intervals_cover_where_images_of_two_kinds_vary_within_a_kind(n, share, least):
    random = np.random.default_rng(7)
    middle = unit(np.random.default_rng(1).normal(size=(2, 32)) + 1.5)

    def drawn(size: int) -> np.ndarray:
        kinds = (random.random(size) < share).astype(int)
        return unit(middle[kinds] + 0.6 * random.normal(size=(size, 32)) / np.sqrt(32))

    truth = np.mean([similarity(drawn(300)).value for _ in range(60)])
    of_n = np.mean([vendi(drawn(n)).value for _ in range(800)])
    held = np.zeros(2)
    for _ in range(300):
        rows = drawn(n)
        for k, (found, true) in enumerate(((similarity(rows), truth), (vendi(rows), of_n))):
            about = found.with_interval(0.95)
            assert about.low is not None
            assert about.high is not None
            held[k] += about.low <= true <= about.high
    assert held.min() / 300 >= least
    assert held.max() / 300 <= 0.99
