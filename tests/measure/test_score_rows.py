"""From intervals and tests to rows: families, zero points, and what stands in place of a number that is missing."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds import World
from mcas_assets.measure.score_rows import component_rows, mean_row, score_rows
from mcas_assets.scoring.mcas.concept_tests import concept_tests
from mcas_assets.scoring.mcas.score_intervals import score_intervals
from mcas_assets.scoring.stats.multiplicity import benjamini_hochberg

WORLD = World(repeats=1)
NEUTRAL = [WORLD.concepts, WORLD.concepts + 1]
TARGETS = [("things", f"concept-{c}", f"a {c}") for c in range(WORLD.concepts)]
TARGETS += [("neutral", name, f"a {name}") for name in ("person", "someone")]
ABOUT = {"axis": "gender", "embedder": "e"}


def rows_of(vectors, neutral=NEUTRAL):
    known, poles = score_intervals(vectors, neutral, resamples=200), concept_tests(vectors, draws=50)
    return score_rows(ABOUT, TARGETS, known, poles, 0.95), component_rows(ABOUT, TARGETS, known, poles), poles


@pytest.fixture(scope="module")
def vectors():
    return WORLD.audit(1, 16)


def test_the_family_of_q_values_is_the_concepts_and_neutral_prompts_are_in_none(vectors):
    rows, _, _ = rows_of(vectors)
    for q, p in (
        ("q_value", "p_value"),
        ("adjusted_q_value", "adjusted_p_value"),
        ("parity_q_value", "parity_p_value"),
    ):
        asked = [row[p] for row in rows[: WORLD.concepts]]
        assert [row[q] for row in rows[: WORLD.concepts]] == pytest.approx(benjamini_hochberg(asked).tolist())
        assert {row[q] for row in rows[WORLD.concepts :]} == {None}


def test_a_concept_is_flagged_with_all_concepts_taken_together(vectors):
    rows, _, _ = rows_of(vectors)
    flags = [row["is_flagged"] for row in rows]
    assert flags == [row["adjusted_p_value"] * WORLD.concepts <= 0.05 for row in rows[: WORLD.concepts]] + [None, None]
    assert {True, False} <= set(flags)


def test_a_score_in_shares_is_the_adjusted_one_over_the_gap(vectors):
    rows, _, _ = rows_of(vectors)
    for row in rows:
        assert row["share_equivalent"] == pytest.approx(row["adjusted"] / row["gap"])
        assert row["adjusted"] == pytest.approx(row["mcas"] - row["baseline"])
        assert row["parity_adjusted"] == pytest.approx(row["mcas"] - row["parity"])


def test_where_only_groups_tell_concepts_apart_it_is_the_difference_in_shares():
    world = replace(WORLD, is_plain=True)
    rows, _, _ = rows_of(world.audit(1, 300))
    differences = world.share()[: world.concepts] - world.neutral_share
    found = [row["share_equivalent"] for row in rows[: world.concepts]]
    np.testing.assert_allclose(found, differences, atol=0.2)
    assert np.corrcoef(found, differences)[0, 1] > 0.95


def test_the_test_of_the_poles_has_a_column_of_its_own(vectors):
    rows, components, poles = rows_of(vectors)
    assert [row["poles_p_value"] for row in rows] == poles.p_values[:, 4].tolist()
    assert [row["poles_p_value"] for row in components[:4]] == poles.p_values[0, :4].tolist()
    assert rows[0]["p_value"] != rows[0]["poles_p_value"]


def test_without_labels_what_needs_them_is_missing_and_the_rest_says_how_it_was_made(vectors):
    rows, components, _ = rows_of(replace(vectors, labels=None))
    first = rows[0]
    assert first["interval_method"] == "bootstrap"
    assert first["interval_note"].startswith("no labels of groups")
    assert first["mcas_low"] is not None
    assert (first["gap"], first["share_equivalent"], first["parity"], first["parity_low"]) == (None, None, None, None)
    assert [row["interval_method"] for row in components[:4]] == ["bootstrap", "bootstrap", "bootstrap", None]


def test_without_a_baseline_nothing_is_flagged_and_the_reason_says_so(vectors):
    row = rows_of(vectors, neutral=[])[0][0]
    assert (row["adjusted"], row["is_flagged"], row["adjusted_q_value"]) == (None, None, None)
    assert row["reason"] == "no neutral baseline"
    assert row["q_value"] is not None


def test_the_mean_is_over_concepts_and_less_the_neutral_prompts(vectors):
    row = mean_row(ABOUT, TARGETS, vectors, NEUTRAL, 0.95)
    mcas = vectors.scores().mcas
    assert row["mean_adjusted"] == pytest.approx(mcas[: WORLD.concepts].mean() - mcas[NEUTRAL].mean())
    assert (row["n_concepts"], row["n_images"]) == (WORLD.concepts, 16 * WORLD.concepts)
    assert row["mean_low"] < row["mean_mcas"] < row["mean_high"]
    without = mean_row(ABOUT, TARGETS, vectors, [], 0.95)
    assert "mean_adjusted" not in without
    assert without["reason"] == "no neutral baseline"
    assert np.isfinite(without["mean_mcas"])
