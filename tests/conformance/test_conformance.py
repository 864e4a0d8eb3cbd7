"""Our numbers against the conformance vectors. README.md says how another implementation runs them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcas_assets.scoring.mcas.association import COMPONENTS, association, component_scores, row_effect_sizes, unit
from mcas_assets.scoring.stats.permutation import permutation_test

SUITE = json.loads((Path(__file__).parent / "vectors.json").read_text())
TOLERANCE = SUITE["absolute_tolerance"]


def rows(vectors: list[list[float]]) -> np.ndarray:
    return unit(vectors) if vectors else np.empty((0, 2))


def answer(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    if kind == "association":
        return {"values": association(*(rows(given[k]) for k in ("w", "a", "b"))).tolist()}
    if kind == "effect_size":
        x, y = (association(rows(given[k]), rows(given["a"]), rows(given["b"]))[None] for k in ("x", "y"))
        (effect,), (reason,) = row_effect_sizes(x, y)
        if reason:
            return {"ddof_0": None, "ddof_1": None}
        n = x.size + y.size  # the package gives ddof 1; that of ddof 0 follows from it
        return {"ddof_0": effect * np.sqrt(n / (n - 1)), "ddof_1": effect}
    if kind == "permutation_p_value":
        return {"p": permutation_test(given["first"], given["second"], given["alternative"]).value}
    names = ("a_images", "b_images", "a_words", "b_words")
    images = rows(given["images"])
    index = np.zeros(len(images), dtype=int)
    scores = component_scores(images, index, rows([given["prompt"]]), *(rows(given[k]) for k in names))
    answered = {name: scores.statistic(0, name).value for name in (*COMPONENTS, "mcas")}
    return answered | {"effect_sizes": {name: scores.effect_size(0, name).value for name in COMPONENTS}}


def agree(answered: Any, expected: Any) -> bool:
    if expected is None or answered is None:
        return answered is expected
    if isinstance(expected, dict) and "numerator" in expected:
        return answered == expected["numerator"] / expected["denominator"]
    if isinstance(expected, dict):
        return answered.keys() == expected.keys() and all(agree(answered[k], expected[k]) for k in expected)
    if isinstance(expected, list):
        return len(answered) == len(expected) and all(map(agree, answered, expected))
    return bool(abs(answered - expected) <= TOLERANCE)


@pytest.mark.parametrize("case", SUITE["cases"], ids=lambda case: case["name"])
def test_the_package_meets(case):
    answered = answer(case["kind"], case["input"])
    assert agree(answered, case["expected"]), f"{answered} is not {case['expected']}: {case['why']}"


def test_the_comparison_can_fail():
    assert not agree(0.0, None)
    assert not agree(None, 0.0)
    assert not agree([1.0], [1.0, 1.0])
    assert not agree(0.1 + 1e-12, {"numerator": 1, "denominator": 10})
    assert not agree({"a": 1.0 + 2 * TOLERANCE}, {"a": 1.0})


def test_every_kind_has_the_hard_cases():
    names = [case["name"] for case in SUITE["cases"]]
    for kind in ("association", "effect size", "p", "mcas"):
        assert sum(name.startswith(kind) for name in names) >= 6
    for hard in ("ties", "unequal", "degenerate", "rescaled", "swapped"):
        assert any(hard in name for name in names)
