"""Every rule of every table is shown to fail, by rows that break it and no other; an empty table always fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from mcas_assets.quality.adapter import validate
from mcas_assets.quality.expectations import EXPECTED_ROWS
from mcas_assets.stages.beside import BESIDE
from mcas_assets.stages.checking import check
from mcas_assets.stages.contract import AS_MANY_ROWS, Checked, Table, Work
from mcas_assets.stages.registry import STAGES
from mcas_assets.stages.workplace import Workplace
from mcas_assets.store.schema import frame_schema
from tests.stages import (
    examples_of_changes,
    examples_of_fidelity,
    examples_of_files,
    examples_of_people,
    examples_of_scores,
    examples_of_shares,
)
from tests.stages.breaches import GENERAL, GOOD, Example, StoredExample, as_stored, broken

TABLES = {table.name: table for stage in STAGES.values() for table in stage.tables} | {one.name: one for one in BESIDE}
EXAMPLES: dict[str, Example | StoredExample] = {
    one.table: one
    for module in (
        examples_of_scores,
        examples_of_shares,
        examples_of_changes,
        examples_of_people,
        examples_of_fidelity,
    )
    for one in vars(module).values()
    if isinstance(one, Example)
} | {
    "images": examples_of_files.IMAGES,
    "import_account": examples_of_files.IMPORT_ACCOUNT,
    "embeddings": examples_of_files.EMBEDDINGS,
}


def test_every_rule_has_rows_that_break_it():
    shown = {(name, rule) for name, one in EXAMPLES.items() for rule in one.rules}
    shown |= {("images", rule) for rule in examples_of_files.OVER_ALL_IMAGES}
    rules = {(table.name, rule) for table in TABLES.values() for rule in (*table.rules, *table.hints)}
    assert shown == rules


@pytest.mark.parametrize("name", TABLES)
def test_rows_break_the_rule_that_they_were_made_to_break_and_no_other_and_good_rows_none(name, tmp_path):
    table, example = TABLES[name], EXAMPLES[name]
    frame = table.checkable(example.checked(tmp_path))
    assert GOOD in frame[example.mark].to_list()
    assert broken(table, frame, example.mark) == example.breaks


@pytest.mark.parametrize(
    ("delivered", "changes", "rule"),
    [
        (2, {}, "nine in ten requests gave an image"),
        (40, {"record": "0.png"}, "imported and generated images never share a version"),
    ],
)
def test_what_is_wrong_with_images_as_a_whole_is_found(delivered, changes, rule, tmp_path):
    kept = examples_of_files.good_images(tmp_path, delivered)
    kept.facts[1].update(changes)
    frame = TABLES["images"].checkable(kept.recorded("images"))
    results = validate(frame, "images", TABLES["images"].suite, TABLES["images"].key, {EXPECTED_ROWS: len(frame)})
    assert {one.rule: one.status for one in results if not one.success} == {rule: "fail"}


def test_images_of_one_prompt_that_all_show_the_same_are_found_whatever_their_files_are(tmp_path):
    kept = examples_of_files.Kept(tmp_path, "prompt_id")
    for mark, numbers in {"alike": (1, 1, 1), "apart": (1, 1, 2), "alone": (3,)}.items():
        for place, number in enumerate(numbers):
            kept.request(mark, kept.file(examples_of_files.png(number) + b"\0" * place))
    frame = TABLES["images"].checkable(kept.recorded("images"))
    results = validate(frame, "images", TABLES["images"].suite, TABLES["images"].key, {EXPECTED_ROWS: len(frame)})
    (found,) = (one for one in results if not one.success)
    assert (found.rule, found.unexpected, found.checked) == ("images of one prompt differ", 3, 7)
    assert not found.blocking


def test_a_missing_row_a_row_twice_and_a_nan_are_found_in_any_table():
    table, good = TABLES["panel"], {"n_concepts": 3, "rank_agreement": 0.9}
    marks = [(GOOD, 0.5), ("twice", 0.5), ("twice", 0.5), ("nan", float("nan"))]
    rows = as_stored("panel", [good | {"audit": mark, "lowest_correlation": value} for mark, value in marks])
    frame = table.checkable(Checked(rows))
    results = validate(frame, "panel", table.suite, table.key, {EXPECTED_ROWS: 5})
    failed = {one.rule: {row["audit"] for row in one.sample} for one in results if one.status == "fail"}
    assert failed == {GENERAL[0]: set(), GENERAL[1]: {"twice"}, GENERAL[2]: {"nan"}}
    assert all(one.blocking for one in results if one.rule in GENERAL)


def test_every_table_has_the_general_rules_first_and_that_of_nan_where_a_column_could_hold_one():
    for table in TABLES.values():
        general = GENERAL if any(kind.is_float() for kind in frame_schema(table.name).values()) else GENERAL[:2]
        names = [rule.name for rule in table.suite]
        assert names == [*general, *table.rules, *table.hints]
        assert len(set(names)) == len(names)
        assert {rule.table for rule in table.suite} == {table.name}


def test_rules_block_and_hints_warn():
    for table in TABLES.values():
        hints = {rule.name for rule in table.suite if not rule.blocking}
        assert hints == {rule.name for rule in table.suite if rule.severity == "warning"} == set(table.hints)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_fails_even_where_none_are_expected(name, tmp_path):
    table = TABLES[name]
    frame = table.checkable(without_rows(name, tmp_path))
    assert frame.is_empty()
    (count,) = validate(frame, name, table.suite[:1], table.key, {EXPECTED_ROWS: 0})
    assert (count.rule, count.status, count.blocking) == (AS_MANY_ROWS, "fail", True)


def without_rows(name: str, home: Path) -> Checked:
    """A table that was made, of nothing that was planned."""
    nothing = examples_of_files.Kept(home, "prompt_id").recorded("images")
    return replace(nothing, rows=as_stored(name, []))


def test_tables_in_which_there_may_be_nothing_to_tell():
    told = {
        "import_account",
        "image_labels",
        "intersections",
        "multiverse",
        "comparisons",
        "share_comparisons",
        "refusal_comparisons",
        "comparison_factors",
        "further_labels",
        "fidelity_comparisons",
        "rater_agreement",
        "people_confusion",
        "people_shares",
        "labeller_agreement",
    }
    assert {table.name for table in TABLES.values() if table.may_be_empty} == told


def test_where_there_may_be_nothing_to_tell_no_rule_is_held_against_no_rows_unless_some_are_expected():
    table, rows = replace(TABLES["panel"], may_be_empty=True, expected_rows=lambda _: 0), as_stored("panel", [])
    assert check(table, Checked(rows)) == []
    results = check(replace(table, expected_rows=lambda _: 2), Checked(rows))
    assert [one.rule for one in results if not one.success] == [AS_MANY_ROWS]


def test_how_many_rows_a_table_must_have_is_known_without_its_rows(audited, tiny):
    work = Work(STAGES, tiny, Workplace(home=audited.home), audited.ran.system_version, "run")
    expected, there = {}, {}
    for stage in STAGES.values():
        version = work.newest(stage.name).version
        for table in (one for one in stage.tables if one.expected_rows is not Table.expected_rows):
            (rows,) = work.read(table.name)
            expected[table.name] = table.expected_rows(Checked(rows.clear(), version, work))
            there[table.name] = len(rows)
    assert expected == there
    told_by_themselves = {
        "plan", "texts", "import_account", "canary", "attributions", "system_ranks", "multiverse", "rater_agreement",
        "people_confusion", "people_shares", "labeller_agreement",
    }  # fmt: skip
    assert set(expected) == set(TABLES) - told_by_themselves
