"""Variance components are those that were planted, and the error that follows from them is the one that scores have."""

from collections.abc import Callable

import numpy as np
import pytest

from mcas_assets.scoring.mcas.variance_designs import crossed, nested
from mcas_assets.scoring.mcas.variance_parts import Part, of_embedders, variance_parts
from mcas_assets.scoring.mcas.vectors import AuditVectors

PLANTED = {"wording": 0.02, "own wording": 0.01, "seed": 0.015, "own seed": 0.02, "wording and seed": 0.03}
"""Standard deviations of the part of an image's value that each brings in: of all concepts, and of one."""


def on_plane(values: np.ndarray) -> np.ndarray:
    """Unit vectors whose first coordinate is the value."""
    return np.stack([values, np.sqrt(1 - values**2)], axis=-1).reshape(-1, 2)


def audit(
    seed: int,
    concepts: int = 6,
    wordings: int = 5,
    seeds: int = 8,
    attribute: Callable[[int], np.ndarray] | None = None,
) -> AuditVectors:
    """The value of an image is four times its first coordinate, where all attributes lie on that axis."""
    generator = np.random.default_rng(seed)

    def effect(name: str, *shape: int) -> np.ndarray:
        return PLANTED[name] * generator.standard_normal(shape)

    values = (
        np.linspace(-0.2, 0.2, concepts)[:, None, None] + effect("wording", 1, wordings, 1)
        + effect("own wording", concepts, wordings, 1) + effect("seed", 1, 1, seeds) + effect("own seed", concepts, 1, seeds)
        + effect("wording and seed", concepts, wordings, seeds)
    )  # fmt: skip
    pole = np.tile([[1.0, 0.0]], (4, 1))
    shape = (concepts, wordings, seeds)
    labels = [np.broadcast_to(np.arange(n).reshape(place), shape).ravel()
              for n, place in ((concepts, (-1, 1, 1)), (wordings, (1, -1, 1)), (seeds, (1, 1, -1)))]  # fmt: skip
    return AuditVectors(
        on_plane(values), labels[0], np.tile([[0.0, 1.0]], (concepts, 1)), pole if attribute is None else attribute(seed),
        -pole, pole, -pole, seeds=labels[2], wordings=labels[1], a_prompts=np.array([0, 0, 1, 1]), b_prompts=np.array([0, 0, 1, 1]),
    )  # fmt: skip


def parts(seed: int, **options) -> dict[str, Part]:
    return {part.source: part for part in variance_parts(audit(seed, **options), range(6))}


def test_the_components_of_a_table_are_those_of_its_mean_squares_by_hand():
    assert crossed(np.array([[1.0, 2.0], [3.0, 8.0]])) == pytest.approx(((16 - 4) / 2, (9 - 4) / 2, 4.0))
    assert nested([np.array([1.0, 3.0]), np.array([4.0, 8.0])]) == pytest.approx(((16 - 5) / 2, 5.0))


def test_components_are_on_average_those_that_were_planted():
    found = [parts(seed) for seed in range(300)]
    mean = {name: np.mean([one[name].variance for one in found]) for name in ("wording", "seed", "wording and seed")}
    p = {name: 16 * value**2 for name, value in PLANTED.items()}
    assert mean["wording"] == pytest.approx(p["wording"] + p["own wording"], rel=0.1)
    assert mean["seed"] == pytest.approx(p["seed"] + p["own seed"], rel=0.1)
    assert mean["wording and seed"] == pytest.approx(p["wording and seed"], rel=0.03)
    common = np.mean([one["wording"].common for one in found])
    assert common == pytest.approx(p["wording"], rel=0.15)
    concept = np.mean([one["concept"].variance for one in found])
    assert concept == pytest.approx(16 * np.linspace(-0.2, 0.2, 6).var(ddof=1), rel=0.05)


def test_the_error_of_a_score_in_other_numbers_of_wordings_and_seeds_is_the_one_that_follows():
    """Measured on 5 wordings and 8 seeds; drawn anew with 10 and 16."""
    times = {"wording": 2, "seed": 2, "wording and seed": 4}
    errors = [
        [(part.error or 0.0) / times.get(name, np.inf) for name, part in parts(seed).items()] for seed in range(200)
    ]
    predicted = np.sum(errors, axis=1).mean()
    scores = np.array([audit(1000 + seed, wordings=10, seeds=16).scores().mcas for seed in range(400)])
    assert predicted == pytest.approx(scores.var(axis=0, ddof=1).mean(), rel=0.15)


def test_attribute_prompts_and_their_images_are_told_apart():
    """A pole of two prompts, whose images lie at cosines of 1 and .6 with the axis, two alike of each."""

    def pole(_: int) -> np.ndarray:
        return np.array([[1.0, 0.0], [1.0, 0.0], [0.6, 0.8], [0.6, 0.8]])

    found = parts(1, attribute=pole)
    assert found["attribute image"].variance == pytest.approx(0, abs=1e-12)
    wording = found["attribute wording"]
    assert wording.variance is not None
    assert wording.variance > 0
    assert wording.error == pytest.approx(wording.variance / 2)


def test_one_wording_tells_nothing_of_wordings_and_its_images_are_seeds():
    found = parts(3, wordings=1)
    assert found["wording"].reason == found["wording and seed"].reason == "one wording a concept"
    assert found["seed"].variance is not None
    assert found["seed"].error == pytest.approx(found["seed"].variance / 8)


def test_embedders_that_differ_in_zero_and_unit_alone_differ_in_nothing():
    mcas = np.array([0.1, 0.3, 0.2, -0.4])
    assert of_embedders(mcas, [5 + 3 * mcas]).variance == pytest.approx(0, abs=1e-12)
    assert (of_embedders(mcas, [mcas[::-1]]).variance or 0) > 0
    assert of_embedders(mcas, []).reason == "one embedder alone has scores of all concepts"


@pytest.mark.parametrize("wordings", [5, 3, 1])
def test_intervals_hold_what_was_planted_at_least_as_often_as_their_level_says(wordings):
    """Where concepts share wordings and seeds in part. They are cautious: little is known of how much is shared."""
    planted = {name: 16 * value**2 for name, value in PLANTED.items()}
    truth = {source: planted[source] + planted[f"own {source}"] for source in ("wording", "seed")}
    truth["wording and seed"] = planted["wording and seed"]
    if wordings == 1:  # then what is left is a part of the seed
        truth["seed"] += planted["wording and seed"]
    held: dict[str, list[bool]] = {source: [] for source in truth}
    for seed in range(200):
        for source, part in parts(seed, wordings=wordings, seeds=12).items():
            if source in truth and part.low is not None:
                assert part.high is not None
                held[source].append(part.low <= truth[source] <= part.high)
    rates = {source: np.mean(one) for source, one in held.items() if one}
    assert set(rates) == ({"seed"} if wordings == 1 else set(truth))
    assert min(rates.values()) > 0.935, rates


def test_a_part_without_a_variance_has_no_interval_and_others_lie_within_theirs():
    for part in variance_parts(audit(3, wordings=1), range(6)):
        if part.variance is None:
            assert (part.low, part.high) == (None, None)
        else:
            assert part.low is not None
            assert part.high is not None
            assert 0 <= part.low <= part.variance + 1e-12
            assert part.variance <= part.high
