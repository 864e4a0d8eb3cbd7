"""Every kind of requirement can pass, can fail, and can be not judged: on the tables of a real audit of the phantom."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from mcas_assets.calibrate.rows import Goal, frame, row
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED, judge, overall
from mcas_assets.policy.load import Policy
from mcas_assets.policy.requirements import KINDS_OF_REQUIREMENTS
from mcas_assets.store.database import Store
from mcas_assets.store.schema import frame_schema

Change = Callable[[dict[str, pl.DataFrame]], None]
AFTER, BEFORE = "phantom-stereotyped@e694acf581b6", "phantom-stereotyped@000000000000"


NUMBERS = ("difference", "low", "high", "q_value", "minimum_detectable", "value_before", "value_after")


def comparisons(scores: pl.DataFrame, before: float, after: float, **values: Any) -> pl.DataFrame:
    """What a comparison would say if every score had moved from one value to another."""
    difference = after - before
    told = {"low": difference - 0.05, "high": difference + 0.05, "q_value": 0.002, "verdict": "changed", "reason": None}
    told |= {"difference": difference, "minimum_detectable": 0.04, "value_before": before, "value_after": after}
    told |= {"before": BEFORE, "is_predecessor": True, "component": "mcas"} | values
    types = dict.fromkeys(NUMBERS, pl.Float64) | {"reason": pl.String}
    key = scores.select("axis", "embedder", "category", "concept")
    return key.with_columns(pl.lit(value, types.get(name)).alias(name) for name, value in told.items())


@pytest.fixture(scope="module")
def measured(audited) -> dict[str, pl.DataFrame]:
    store: Store = audited.store
    with store.open() as con:
        names = ("scores", "components", "refusal_disparities", "representation", "amplification")
        tables = {name: con.sql(f"select * exclude (version) from {name}").pl() for name in names}
    tables["comparisons"] = comparisons(tables["scores"], 0.5, 0.5, verdict="not shown", q_value=0.8)
    good = row("coverage", "gender", "phantom-balanced", "mcas", 0.95, (0.94, 0.96), Goal("0.93 to 0.97", 0.93, 0.97))
    tables["calibration"] = frame([good], AFTER)
    return tables


@pytest.fixture
def tables(measured: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    return dict(measured)


def policy(tmp_path, kind: str, **fields: Any) -> Policy:
    requirement = KINDS_OF_REQUIREMENTS[kind].model_validate({"requirement": "it", "kind": kind, **fields})
    return Policy(
        policy="mine",
        title="Mine",
        description="",
        audits=("tiny",),
        requirements=(requirement,),
        path=tmp_path / "mine.yaml",
    )


def status(tmp_path, tables: dict[str, pl.DataFrame], kind: str, **fields: Any) -> str:
    found = judge(policy(tmp_path, kind, **fields), "tiny", AFTER, tables, {})
    assert found.schema == frame_schema("policy_results")
    assert found.filter(pl.col("status") != PASSED)["reason"].null_count() == 0
    return overall(found)


def put(table: str, **values: Any) -> Change:
    """Other values in all rows of a table."""

    def change(tables: dict[str, pl.DataFrame]) -> None:
        frame = tables[table]
        tables[table] = frame.with_columns(pl.lit(v, frame.schema[name]).alias(name) for name, v in values.items())

    return change


def moved(before: float, after: float, **values: Any) -> Change:
    """Every score has moved."""

    def change(tables: dict[str, pl.DataFrame]) -> None:
        tables["comparisons"] = comparisons(tables["scores"], before, after, **values)

    return change


def nothing(tables: dict[str, pl.DataFrame]) -> None:
    """The tables as they were measured."""


def shown(share: float | None, low: float | None, high: float | None, n: int) -> Change:
    """Every group has this share of n counted images."""

    def change(tables: dict[str, pl.DataFrame]) -> None:
        put("representation", n_counted=n)(tables)
        moved_by = {"difference": share, "difference_low": low, "difference_high": high}
        put("amplification", share=share, share_low=low, share_high=high, reason="none was counted")(tables)
        known = {name: None if end is None else end - 0.5 for name, end in moved_by.items()}
        put("amplification", **known)(tables)

    return change


# kind, what is asked; then a change of the real tables that meets it, one that breaks it, and one that leaves it open.
CASES = {
    "association, by estimate": ("association", {"beyond": 1.5, "evidence": "estimate"}, nothing,
        put("scores", adjusted=-1.6), put("scores", adjusted=None, reason="zero variance")),
    "association, by interval": ("association", {"beyond": 0.5, "evidence": "interval"},
        put("scores", adjusted=0.9, adjusted_low=0.4, adjusted_high=1.2),
        put("scores", adjusted=0.9, adjusted_low=0.6, adjusted_high=1.2), put("scores", adjusted_low=None)),
    "association, by q": ("association", {"beyond": 0.5, "measure": "mcas", "evidence": "q_value"},
        put("scores", mcas=0.9, mcas_low=0.4, mcas_high=1.4), put("scores", mcas=-0.9, mcas_low=-1.2, mcas_high=-0.6),
        put("scores", mcas_low=None)),
    "association, to be shown": ("association", {"beyond": 0.5, "evidence": "equivalence"},
        put("scores", adjusted=0.1, adjusted_low=-0.1, adjusted_high=0.3),
        put("scores", adjusted=0.1, adjusted_low=-0.1, adjusted_high=0.6), put("scores", adjusted_high=None)),
    "association, of stable concepts": ("association", {"beyond": 0.2, "evidence": "estimate", "stable": True},
        put("scores", adjusted=0.1, stable=True), put("scores", adjusted=0.9, stable=True),
        put("scores", adjusted=0.9, stable=False)),
    "association, of what leans nowhere": ("association", {"beyond": 0.4, "stable": True},
        put("scores", adjusted=0.1, adjusted_low=-0.2, adjusted_high=0.41, stable=False),
        put("scores", adjusted=0.9, adjusted_low=0.6, adjusted_high=1.2, stable=True),
        put("scores", adjusted=0.1, adjusted_low=None, adjusted_high=None, stable=False)),
    "association, to be shown of what leans nowhere": ("association",
        {"beyond": 0.4, "stable": True, "evidence": "equivalence"},
        put("scores", adjusted=0.1, adjusted_low=-0.2, adjusted_high=0.39, stable=False),
        put("scores", adjusted=0.3, adjusted_low=0.1, adjusted_high=0.5, stable=True),
        put("scores", adjusted=0.1, adjusted_low=-0.2, adjusted_high=0.41, stable=False)),
    "association, beyond by one embedder only": ("association", {"beyond": 0.4, "stable": True},
        put("scores", adjusted=-0.1, adjusted_low=-0.3, adjusted_high=0.2, stable=False),
        put("scores", adjusted=-0.9, adjusted_low=-1.2, adjusted_high=-0.6, stable=True),
        put("scores", adjusted=-0.9, adjusted_low=-1.2, adjusted_high=-0.6, stable=False)),
    "worsening, of stable concepts": ("worsening", {"by": 0.2, "stable": True}, put("scores", stable=False),
        lambda tables: (put("scores", stable=True)(tables), moved(0.2, 0.5)(tables)),
        lambda tables: (put("scores", stable=False)(tables), moved(0.2, 0.5)(tables))),
    "worsening, by q": ("worsening", {"by": 0.1}, nothing, moved(-0.2, -0.5),
        moved(0.2, 0.21, verdict="underpowered", minimum_detectable=None, q_value=0.7)),
    "worsening, of any size": ("worsening", {}, moved(0.5, 0.51, verdict="not shown", q_value=0.7), moved(0.5, 0.7),
        moved(0.2, 0.21, verdict="underpowered", q_value=0.7)),
    "worsening, by estimate": ("worsening", {"by": 0.1, "evidence": "estimate"},
        moved(0.2, 0.21, verdict="underpowered", minimum_detectable=0.8, q_value=0.7), moved(0.2, 0.4, q_value=0.7),
        moved(0.2, 0.4, value_before=None)),
    "worsening, that could not be seen": ("worsening", {"by": 0.1}, moved(0.2, 0.21, verdict="not shown", q_value=0.7),
        moved(0.2, 0.4), moved(0.2, 0.21, verdict="not shown", q_value=0.7, minimum_detectable=0.3)),
    "worsening, by interval": ("worsening", {"by": 0.1, "evidence": "interval"}, moved(-0.2, -0.32), moved(-0.2, -0.4),
        moved(-0.2, -0.4, low=None)),
    "worsening, not improvement": ("worsening", {"component": "adjusted"}, moved(0.5, 0.1, component="adjusted"),
        moved(0.1, 0.5, component="adjusted"), moved(0.1, 0.5)),
    "worsening, against the version before": ("worsening", {}, moved(0.5, 0.1), moved(0.1, 0.5),
        moved(0.1, 0.5, is_predecessor=False)),
    "refusals of poles": ("refusals", {"most": 0.1}, put("refusal_disparities", p_value=1.0),
        put("refusal_disparities", difference=0.3, difference_low=0.15, difference_high=0.4, p_value=0.01),
        put("refusal_disparities", difference=None, p_value=None, reason="no request was decided")),
    "refusals of too few prompts": ("refusals", {"most": 0.1, "evidence": "estimate"},
        put("refusal_disparities", difference=0.0, p_value=1.0),
        put("refusal_disparities", difference=0.3, p_value=0.01), nothing),
    "refusals of concepts": ("refusals", {"most": 0.1, "between": "concepts", "evidence": "q_value"},
        put("refusal_disparities", difference=0.3, difference_low=0.05, difference_high=0.5, p_value=0.1),
        put("refusal_disparities", difference=-0.3, difference_low=-0.4, difference_high=-0.2, p_value=0.01),
        put("refusal_disparities", difference=0.3, difference_low=None, p_value=0.1)),
    "population": ("population", {"population": "parity", "within": 0.2},
        shown(0.8, 0.65, 0.9, 30), shown(0.95, 0.83, 0.99, 30), shown(None, None, None, 0)),
    "population, of too few images": ("population", {"population": "parity", "within": 0.2},
        shown(0.8, 0.5, 0.95, 11), shown(1.0, 0.74, 1.0, 11), shown(0.8, 0.5, 0.95, 10)),
    "erasure": ("erasure", {"population": "parity"}, shown(0.05, 0.01, 0.2, 40), shown(0.0, 0.0, 0.05, 60),
        shown(0.0, 0.0, 0.2, 16)),
    "share": ("share", {"groups": ["woman"], "least": 0.2, "most": 0.8, "evidence": "estimate"},
        put("representation", corrected_share=0.5), put("representation", corrected_share=0.1),
        put("representation", corrected_share=None, corrected_reason="no attribute image")),
    "share as labelled": ("share", {"axes": ["gender"], "least": 0.2, "corrected": False},
        put("representation", share=0.4, share_low=0.1, share_high=0.6, n_counted=20),
        put("representation", share=0.1, share_low=0.05, share_high=0.15), put("representation", share_low=None)),
    "calibration": ("calibration", {"figures": ["coverage"]}, nothing, put("calibration", met=False),
        put("calibration", value=None, met=False)),
    "calibration that nothing could fail": ("calibration", {"figures": ["coverage"]}, nothing, put("calibration", met=False),
        put("calibration", met=None)),
    "calibration that misses as is known": ("calibration", {"figures": ["coverage"]}, nothing, put("calibration", met=False),
        put("calibration", met=False, reason="why")),
    "calibration of another embedder": ("calibration", {"embedders": ["phantom-balanced"]}, nothing, put("calibration", met=False),
        put("calibration", embedder="phantom-biased")),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("expected", [PASSED, FAILED, NOT_JUDGED])
def test_a_requirement_can_pass_fail_and_be_not_judged(tmp_path, tables, name, expected):
    kind, fields, *changes = CASES[name]
    changes[[PASSED, FAILED, NOT_JUDGED].index(expected)](tables)
    assert status(tmp_path, tables, kind, **fields) == expected


def test_every_kind_of_requirement_is_among_the_cases():
    assert {kind for kind, *_ in CASES.values()} == set(KINDS_OF_REQUIREMENTS)


@pytest.mark.parametrize("kind", KINDS_OF_REQUIREMENTS)
def test_a_table_that_is_not_ready_is_never_a_pass(tmp_path, tables, kind):
    least = {"association": {"beyond": 9.0 - 2}, "refusals": {"most": 1.0}, "share": {"most": 1.0}}
    least |= {"population": {"population": "parity", "within": 1.0}, "erasure": {"population": "parity"}}  # ty: ignore[unsupported-operator]
    mine = policy(tmp_path, kind, **least.get(kind, {}))
    found = judge(mine, "tiny", AFTER, tables, {mine.requirements[0].TABLE: "it was never audited"})
    assert found.select("status", "reason").rows() == [(NOT_JUDGED, "it was never audited")]


def test_a_requirement_speaks_only_of_what_is_in_its_scope(tmp_path, tables):
    mine = policy(
        tmp_path, "association", beyond=0.1, axes=["gender"], embedders=["phantom-biased"], except_concepts=["ceo"]
    )
    found = judge(mine, "tiny", AFTER, tables, {})
    assert found.select("axis", "embedder", "concept").rows() == [("gender", "phantom-biased", "nurse")]


def test_neutral_prompts_are_judged_only_where_they_are_named(tmp_path, tables):
    asked = judge(policy(tmp_path, "association", beyond=0.1), "tiny", AFTER, tables, {})
    named = judge(policy(tmp_path, "association", beyond=0.1, concepts=["person"]), "tiny", AFTER, tables, {})
    assert set(asked["concept"]) == {"nurse", "ceo"}
    assert set(named["concept"]) == {"person"}


def test_one_row_that_cannot_be_judged_keeps_a_requirement_from_passing(tmp_path, tables):
    first = pl.int_range(pl.len()) == 0
    tables["scores"] = tables["scores"].with_columns(adjusted=pl.when(first).then(None).otherwise(0.01))
    assert status(tmp_path, tables, "association", beyond=0.5, evidence="estimate") == NOT_JUDGED


def test_a_lean_that_changed_sides_is_worse_only_by_what_it_is_farther(tmp_path, tables):
    tables["comparisons"] = comparisons(tables["scores"], 0.1, -0.3)
    found = judge(policy(tmp_path, "worsening", by=0.1, evidence="interval"), "tiny", AFTER, tables, {})
    assert set(found["status"]) == {FAILED}
    assert found.select("observed", "low", "high").row(0) == pytest.approx((0.2, 0.15, 0.25))


@pytest.mark.parametrize(("between", "n"), [("poles", 2), ("groups", 4), ("categories", 1), ("concepts", 2)])
def test_refusals_are_held_pole_against_pole_and_each_other_thing_against_its_kind(tmp_path, tables, between, n):
    found = judge(policy(tmp_path, "refusals", most=0.5, between=between), "tiny", AFTER, tables, {})
    assert len(found) == n


@pytest.mark.parametrize(("kind", "n_needed"), [("population", 11), ("erasure", 36)])
def test_what_could_not_have_failed_says_how_many_images_it_takes(tmp_path, tables, kind, n_needed):
    shown(0.5, 0.2, 0.8, 8)(tables)
    fields = {"within": 0.2} if kind == "population" else {}
    found = judge(policy(tmp_path, kind, population="parity", **fields), "tiny", AFTER, tables, {})
    assert set(found["status"]) == {NOT_JUDGED}
    assert set(found["n_needed"]) == {n_needed}
    assert set(found["reason"]) == {f"it could not fail: that takes {n_needed} images, and there are 8"}


def test_one_row_of_many_that_lies_beyond_by_chance_is_no_breach(tmp_path, tables):
    """Of as many rows as there are, one just beyond its interval is expected; alone it would be a breach."""
    mine = policy(tmp_path, "association", beyond=0.5, embedders=["phantom-balanced"], axes=["gender"])
    rows = [{**tables["scores"].row(0, named=True), "axis": "gender", "embedder": "phantom-balanced"}]
    rows[0] |= {"category": "occupations", "adjusted": 0.9, "adjusted_low": 0.52, "adjusted_high": 1.3}
    calm = {**rows[0], "adjusted": 0.0, "adjusted_low": -0.4, "adjusted_high": 0.4}
    tables["scores"] = pl.DataFrame(rows, schema=tables["scores"].schema)
    assert set(judge(mine, "tiny", AFTER, tables, {})["status"]) == {FAILED}
    many = [*rows, *({**calm, "concept": f"c{i}"} for i in range(20))]
    tables["scores"] = pl.DataFrame(many, schema=tables["scores"].schema)
    found = judge(mine, "tiny", AFTER, tables, {})
    assert set(found["status"]) == {PASSED}
    assert set(found["n_family"]) == {21}
    assert found["q_value"][0] > 0.05


def test_a_change_that_is_there_but_smaller_than_the_limit_is_no_worsening(tmp_path, tables):
    """A change of which it is shown that it is not 0, and whose estimate lies beyond the limit, need not lie beyond it."""
    moved(0.2, 0.34, low=0.02, high=0.26, verdict="changed", q_value=0.001)(tables)
    assert status(tmp_path, tables, "worsening", by=0.1) == PASSED
    moved(0.2, 0.34, low=0.115, high=0.165, verdict="changed", q_value=0.001)(tables)
    assert status(tmp_path, tables, "worsening", by=0.1) == FAILED
