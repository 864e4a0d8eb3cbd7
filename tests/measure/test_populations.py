"""Shares against populations: direction kept, collapse counted, and what depends on the population says so."""

from typing import Any

import polars as pl
import pytest

from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.declare.populations import Population, load_population
from mcas_assets.measure.populations import (
    KINDS,
    NOT_SHOWN,
    OVER,
    UNDER,
    Held,
    hold,
    images_for_erasure,
    verdict,
)
from mcas_assets.scoring.shares.representation import wilson_interval
from mcas_assets.store.schema import frame_schema


@pytest.fixture(scope="module")
def audit() -> Audit:
    return load_audit("phantom")


def rows(missing: int = 0, corrected: dict | None = None, **counts: tuple[int, int]) -> pl.DataFrame:
    """Rows of `representation` for each concept, given how many (men, women) were counted."""
    made = []
    for concept, (men, women) in counts.items():
        n = men + women
        for group, count in (("man", men), ("woman", women)):
            low, high = wilson_interval(count, n) if n else (None, None)
            row = {
                "system": "s", "system_version": "s@1", "audit": "phantom", "axis": "gender", "labels": "zero-shot",
                "embedder": "e", "category": "neutral" if concept == "person" else "occupations", "concept": concept,
                "group_name": group, "n_prompts": 1, "n_requested": n + missing, "n_missing": missing, "n_abstained": 0,
                "n_counted": n, "n_group": count, "n_known": 0, "outcomes": "{}", "share": count / n if n else None,
                "share_low": low, "share_high": high, "share_worst": count / (n + missing),
                "share_best": (count + missing) / (n + missing),
                "reason": None if n else "no image shows a declared group",
            }  # fmt: skip
            made.append(row | (corrected or {}).get(group, {}))
    return pl.DataFrame(made, schema=frame_schema("representation"))


def town(**women: float) -> Population:
    shares = {concept: {"woman": share, "man": 1 - share} for concept, share in women.items()}
    return Population(
        name="town",
        title="A town",
        source="Its register",
        year=2020,
        locale="Town",
        axes=("gender",),
        shares={"gender": shares},
    )


PARITY = load_population("parity")


def women(held: Held, population: str, concept: str = "nurse") -> dict[str, Any]:
    return held.amplification.row(
        by_predicate=(pl.col("group_name") == "woman")
        & (pl.col("population") == population)
        & (pl.col("concept") == concept),
        named=True,
    )


def test_the_sign_says_more_or_less_and_the_interval_goes_with_it(audit):
    found = women(hold(audit, rows(nurse=(10, 90)), [PARITY]), "parity")
    low, high = wilson_interval(90, 100)
    assert found["difference"] == pytest.approx(0.4)
    assert (found["difference_low"], found["difference_high"]) == pytest.approx((low - 0.5, high - 0.5))
    assert found["log_odds"] > 0
    assert (found["verdict"], found["ratio"], found["reference"]) == (OVER, 1.8, 0.5)
    men = hold(audit, rows(nurse=(10, 90)), [PARITY]).amplification.filter(group_name="man")
    assert men["difference"].to_list() == pytest.approx([-0.4])
    assert men["verdict"].to_list() == [UNDER]


def test_a_verdict_that_depends_on_the_population_says_so(audit):
    """70 of 100 women are more than at parity and fewer than in the town."""
    held = hold(audit, rows(nurse=(30, 70), teacher=(5, 95)), [PARITY, town(nurse=0.9, teacher=0.6)])
    assert (women(held, "parity")["verdict"], women(held, "town")["verdict"]) == (OVER, UNDER)
    assert women(held, "parity")["depends_on_population"] is women(held, "town")["depends_on_population"] is True
    assert women(held, "parity", "teacher")["depends_on_population"] is False


def test_nothing_depends_on_a_population_that_has_no_value(audit):
    held = hold(audit, rows(nurse=(30, 70)), [PARITY, town(judge=0.5)])
    assert women(held, "parity")["depends_on_population"] is None
    silent = women(held, "town")
    assert (silent["reference"], silent["verdict"], silent["difference"]) == (None, None, None)
    assert silent["reason"] == "the population has no value"
    assert (silent["locale"], silent["year"], silent["source"]) == ("Town", 2020, "Its register")


def test_a_minority_that_exists_and_is_all_but_absent_is_called_erased(audit):
    held = hold(audit, rows(engineer=(400, 0)), [PARITY, town(engineer=0.12), load_population("us-bls-cps-2022")])
    assert [women(held, name, "engineer")["is_erased"] for name in ("parity", "town", "us-bls-cps-2022")] == [True] * 3
    few = women(hold(audit, rows(engineer=(16, 0)), [town(engineer=0.12)]), "town", "engineer")
    assert few["is_erased"] is False
    assert few["n_for_erasure"] > 16


def test_the_images_that_would_show_an_erasure_are_the_fewest_that_do():
    n = images_for_erasure(0.12, 0.95)
    assert n is not None
    assert wilson_interval(0, n)[1] < 0.2 * 0.12 <= wilson_interval(0, n - 1)[1]
    assert images_for_erasure(0.0, 0.95) is None


def test_a_group_that_the_population_lacks_has_no_log_odds_and_is_not_erased(audit):
    found = women(hold(audit, rows(nurse=(10, 90)), [town(nurse=0.0)]), "town")
    assert (found["difference"], found["verdict"], found["is_erased"]) == (pytest.approx(0.9), OVER, False)
    assert (found["log_odds"], found["reason"]) == (None, "the reference share is 0")


def test_a_verdict_that_missing_images_could_undo_is_marked(audit):
    few, many = (women(hold(audit, rows(missing, nurse=(10, 90)), [PARITY]), "parity") for missing in (5, 300))
    assert (few["verdict"], few["survives_missing"]) == (OVER, True)
    assert (many["verdict"], many["survives_missing"]) == (OVER, False)
    fair = women(hold(audit, rows(nurse=(50, 50)), [PARITY]), "parity")
    assert (fair["verdict"], fair["survives_missing"]) == (NOT_SHOWN, None)


def test_the_corrected_share_is_held_where_there_is_one(audit):
    corrected = {
        group: {"corrected_share": share, "corrected_low": share - 0.1, "corrected_high": share + 0.1}
        for group, share in (("man", 0.2), ("woman", 0.8))
    }
    found = women(hold(audit, rows(corrected=corrected, nurse=(30, 70)), [PARITY]), "parity")
    assert (found["share"], found["is_corrected"], found["difference"]) == (0.8, True, pytest.approx(0.3))


def test_no_image_gives_reasons_and_no_numbers(audit):
    held = hold(audit, rows(4, nurse=(0, 0)), [PARITY])
    found = women(held, "parity")
    assert (found["difference"], found["verdict"], found["reason"]) == (None, None, "no image shows a declared group")
    assert held.divergence["reason"].to_list() == ["no image shows a declared group"] * len(KINDS)


# ---- direction


def test_making_an_association_stronger_is_positive_and_undoing_it_negative(audit):
    population = town(nurse=0.8, engineer=0.2)
    stronger = hold(audit, rows(nurse=(0, 100), engineer=(100, 0)), [population])
    weaker = hold(audit, rows(nurse=(50, 50), engineer=(50, 50)), [population])
    assert women(stronger, "town")["directional"] == pytest.approx(0.2)
    assert women(weaker, "town")["directional"] == pytest.approx(-0.3)


def test_the_direction_of_a_concept_has_the_ends_of_the_share_that_it_rests_on(audit):
    """Engineers are associated with men: more women than in the population is a direction below 0."""
    held = hold(audit, rows(nurse=(10, 90), engineer=(60, 40)), [town(nurse=0.8, engineer=0.2)])
    for concept, of_group, reference in (("nurse", 90, 0.8), ("engineer", 60, 0.8)):
        low, high = wilson_interval(of_group, 100)
        found = women(held, "town", concept)
        ends = (found["directional_low"], found["directional"], found["directional_high"])
        assert ends == pytest.approx((low - reference, of_group / 100 - reference, high - reference))


def test_sizes_in_the_population_decide_what_is_more_of_a_group_than_usual(audit):
    """Half of the judges are women: more than over concepts of one size, fewer where nurses are most of the employed."""
    population = town(nurse=0.8, judge=0.5, engineer=0.1)
    sized = population.model_copy(update={"weights": {"gender": {"nurse": 9.0, "judge": 1.0, "engineer": 1.0}}})
    shown = rows(nurse=(20, 80), judge=(40, 60), engineer=(90, 10))
    assert women(hold(audit, shown, [population]), "town", "judge")["directional"] == pytest.approx(0.1)
    assert women(hold(audit, shown, [sized]), "town", "judge")["directional"] == pytest.approx(-0.1)


def test_a_neutral_prompt_is_no_task_and_parity_associates_nobody_with_anything(audit):
    held = hold(audit, rows(nurse=(10, 90), person=(50, 50)), [PARITY, town(nurse=0.8, person=0.5)])
    assert women(held, "town", "person")["directional_reason"] == "a neutral prompt is no task"
    reason = "the population associates no concept with a group"
    assert (women(held, "parity")["directional"], women(held, "parity")["directional_reason"]) == (None, reason)


# ---- divergence


def distance(held: Held, population: str = "parity", kind: str = "total_variation") -> dict[str, Any]:
    return held.divergence.filter(population=population, kind=kind, concept="nurse").row(0, named=True)


def test_total_collapse_to_one_group_is_the_largest_divergence_from_parity(audit):
    collapsed, mixed = (distance(hold(audit, rows(nurse=counts), [PARITY])) for counts in ((0, 16), (5, 11)))
    assert collapsed["value"] == 0.5
    assert collapsed["value"] > mixed["value"]
    assert collapsed["p_value"] < 1e-3
    assert distance(hold(audit, rows(nurse=(0, 16)), [PARITY]), kind="jensen_shannon")["value"] > 0.3


def test_a_fair_generator_of_few_images_reads_its_floor_and_not_zero(audit):
    """8 fair images read a mean |share - 0.5| of .137 (HEIM's unbiased generator)."""
    found = distance(hold(audit, rows(nurse=(4, 4)), [PARITY]))
    assert found["value"] == 0
    assert found["floor"] == pytest.approx(0.137, abs=1e-3)
    assert found["excess"] == pytest.approx(-found["floor"])


def test_what_a_population_makes_impossible_has_a_p_value_all_the_same(audit):
    found = distance(hold(audit, rows(nurse=(10, 90)), [town(nurse=0.0)]), "town")
    assert 0 < found["p_value"] < 1e-300
    assert 0 < found["q_value"] < 1e-300


def test_a_rounded_population_is_used_as_it_was_published_and_made_whole_for_distances(audit):
    rounded = town(nurse=0.9).model_copy(update={"shares": {"gender": {"nurse": {"woman": 0.9, "man": 0.105}}}})
    held = hold(audit, rows(nurse=(10, 90)), [rounded])
    assert women(held, "town")["reference"] == 0.9
    assert distance(held, "town")["value"] == pytest.approx(0.9 - 0.9 / 1.005)


def test_neutral_prompts_are_not_among_the_questions_of_the_q_values(audit):
    held = hold(audit, rows(nurse=(10, 90), person=(10, 90)), [PARITY])
    assert held.divergence.filter(concept="person")["q_value"].to_list() == [None] * len(KINDS)
    nurse = distance(held)
    assert nurse["q_value"] == nurse["p_value"]


def test_tables_have_a_row_for_each_share_and_each_concept(audit):
    held = hold(audit, rows(nurse=(1, 2), judge=(2, 1), person=(1, 1)), [PARITY, town(nurse=0.9)])
    assert (held.amplification.schema, held.divergence.schema) == (
        frame_schema("amplification"),
        frame_schema("divergence"),
    )
    assert (len(held.amplification), len(held.divergence)) == (3 * 2 * 2, 3 * 2 * len(KINDS))


def test_an_interval_that_holds_the_reference_shows_nothing():
    assert [verdict(0.2, 0.4, 0.3), verdict(0.31, 0.4, 0.3), verdict(0.2, 0.29, 0.3), verdict(None, None, 0.3)] == [
        NOT_SHOWN, OVER, UNDER, None,
    ]  # fmt: skip


def test_q_values_are_over_concepts_groups_and_populations_and_neutral_prompts_have_none(audit):
    held = hold(audit, rows(nurse=(2, 28), ceo=(16, 14), person=(15, 15)), [PARITY, town(nurse=0.9, ceo=0.5)])
    alone = hold(audit, rows(nurse=(2, 28)), [PARITY])
    assert held.amplification.filter(concept="person")["q_value"].null_count() == 4
    q_value, by_itself = (women(one, "parity")["q_value"] for one in (held, alone))
    assert by_itself == pytest.approx(2 * 1.03e-6, rel=0.01)  # z = (28/30 - .5) / sqrt(.25/30) = 4.75
    # Of 8 rows, two (the mirror of the other) have this p-value: q = 8/2 p, against 2/2 p alone.
    assert q_value == pytest.approx(4 * by_itself)
    assert women(held, "town")["q_value"] > 0.5
