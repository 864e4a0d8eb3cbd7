"""Each kind of rule, held against a few rows: which of them break it. Nulls and NaN are passed over, but by `present`."""

import polars as pl
import pytest

from mcas_assets.quality.adapter import RuleResult, validate
from mcas_assets.quality.expectations import (
    EXPECTED_ROWS,
    Build,
    Where,
    among,
    between,
    equal,
    exact_rows,
    matching,
    ordered,
    present,
    suite,
    unique,
)

NAN = float("nan")
ROWS = pl.DataFrame(
    {
        "row": ["a", "b", "c", "d", "e"],
        "number": [0.0, 1.0, 2.0, NAN, None],
        "other": [0.0, 1.5, 1.0, 1.0, 1.0],
        "gapped": [0.0, NAN, None, None, 1.0],
        "word": ["yes", "no", "perhaps", "yes", None],
        "same": ["x", "x", "y", None, None],
        "again": ["1", "1", "1", "2", "2"],
        "rarely": ["1", "2", "3", None, None],
        "is_true": [True, False, True, None, True],
    }
)


def is_yes(column) -> Where:
    return column("word") == "yes"


def expecting(count: int) -> Build:
    """As many rows as other facts say."""
    return lambda _: exact_rows()({EXPECTED_ROWS: count})


WHOLE: dict[str, tuple[Build, bool]] = {
    "as many as expected": (exact_rows(), True),
    "fewer than expected": (expecting(6), False),
    "more than expected": (expecting(4), False),
    "none expected, but one wanted": (expecting(0), False),
    "three in four are known": (among("word", ("yes", "no"), mostly=0.75), True),  # three of the four that there are
    "four in five are known": (among("word", ("yes", "no"), mostly=0.8), False),
}
EACH: dict[str, tuple[Build, set[str]]] = {
    "present: a number": (present("number"), {"d", "e"}),
    "present: a word": (present("word"), {"e"}),
    "present: a boolean": (present("is_true"), {"d"}),
    "present: where": (present("number", where=is_yes), {"d"}),
    "among: words": (among("word", ("yes", "no")), {"c"}),
    "among: numbers": (among("number", (0, 1)), {"c"}),
    "among: booleans": (among("is_true", (True,)), {"b"}),
    "among: where": (among("number", (7,), where=is_yes), {"a"}),
    "between: ends included": (between("number", 0, 1), {"c"}),
    "between: above the low end": (between("number", 0, 1, above_low=True), {"a", "c"}),
    "between: no low end": (between("number", None, 0), {"b", "c"}),
    "between: no high end": (between("number", 1, None), {"a"}),
    "matching": (matching("word", r"^(yes|no)$"), {"c"}),
    "matching: anywhere": (matching("word", "e"), {"b"}),
    "equal": (equal("number", "other"), {"b", "c"}),
    "equal: gaps on either side": (equal("gapped", "number"), set()),
    "ordered": (ordered("number", "other"), {"c"}),
    "ordered: gaps on either side": (ordered("number", "gapped"), set()),
    "unique": (unique("row"), set()),
    "unique: nulls are no two of a kind": (unique("same"), {"a", "b"}),
    "unique: together, nulls are equal": (unique("same", "again"), {"a", "b", "d", "e"}),
    "unique: together, nulls alone are no two of a kind": (unique("same", "rarely"), set()),
    "unique: together, no pair": (unique("row", "again"), set()),
}


@pytest.fixture(scope="module")
def results() -> dict[str, RuleResult]:
    builds = {name: build for kinds in (WHOLE, EACH) for name, (build, _) in kinds.items()}
    found = validate(ROWS, "weather", suite("weather", builds), ["row"], {EXPECTED_ROWS: len(ROWS)})
    return {one.rule: one for one in found}


@pytest.mark.parametrize("name", WHOLE)
def test_a_rule_on_the_table_as_a_whole(name, results):
    assert results[name].status == ("pass" if WHOLE[name][1] else "fail")


@pytest.mark.parametrize("name", EACH)
def test_a_rule_on_each_row(name, results):
    breaking = EACH[name][1]
    assert {row["row"] for row in results[name].sample} == breaking
    assert results[name].status == ("fail" if breaking else "pass")


def test_critical_rules_block_and_warnings_do_not():
    for severity in ("critical", "warning"):
        (rule,) = suite("weather", {"sky is present": present("sky")}, severity)
        assert (rule.name, rule.table, rule.severity, rule.blocking) == (
            "sky is present", "weather", severity, severity == "critical"
        )  # fmt: skip
