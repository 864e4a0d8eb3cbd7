"""The adapter: one plain result for each rule, in order; what cannot be evaluated is an error, not a pass."""

import json
import subprocess
import sys

import polars as pl
import pytest

from mcas_assets.quality.adapter import SAMPLE_ROWS, RuleResult, result_rows, validate
from mcas_assets.quality.expectations import EXPECTED_ROWS, among, between, exact_rows, present, suite
from mcas_assets.store import quality
from mcas_assets.store.database import Store

KEY = ("day", "hour", "no such column")
RULES = suite(
    "weather",
    {
        "as many rows as hours": exact_rows(),
        "sky is known": among("sky", ("clear", "cloudy")),
        "wind is present": present("wind"),
        "degrees are finite": between("degrees", -100, 100),
    },
)


@pytest.fixture(scope="module")
def results() -> list[RuleResult]:
    """Of thirty hours of two days, without a column of the wind."""
    frame = pl.DataFrame(
        {
            "day": ["Monday"] * 24 + ["Tuesday"] * 6,
            "hour": [*range(24), *range(6)],
            "sky": ["clear"] * 29 + ["green"],
            "degrees": [float("inf")] * 30,
        }
    )
    return validate(frame, "weather", RULES, KEY, {EXPECTED_ROWS: 30})


def test_there_is_one_result_for_each_rule_in_their_order(results):
    assert [one.rule for one in results] == [rule.name for rule in RULES]
    assert [one.status for one in results] == ["pass", "fail", "error", "fail"]
    assert [one.success for one in results] == [True, False, False, False]


def test_a_missing_column_is_an_error_of_its_rule(results):
    broken = results[2]
    assert (broken.status, broken.success, broken.checked) == ("error", False, 0)
    assert "wind" in broken.observed["error"]


def test_a_failure_shows_the_rows_that_broke_the_rule(results):
    found = results[1]
    assert (found.checked, found.unexpected) == (30, 1)
    assert found.sample == [{"sky": "green", "day": "Tuesday", "hour": 5}]


def test_a_sample_is_bounded_and_json(results):
    for one in results:
        json.dumps([one.observed, one.sample], allow_nan=False)
    assert (results[3].unexpected, len(results[3].sample)) == (30, SAMPLE_ROWS)


def test_a_count_says_what_it_saw(results):
    found = results[0]
    assert (found.observed, found.unexpected, found.checked) == ({"observed_value": 30}, None, 30)
    assert found.expectation == "expect_table_row_count_to_be_between"


def test_a_missing_fact_is_a_mistake_of_the_caller():
    with pytest.raises(KeyError, match="expected_rows"):
        validate(pl.DataFrame({"day": ["Monday"]}), "weather", RULES[:1], KEY)


def test_results_become_rows_of_quality_results(results, tmp_path):
    about = {"run_id": "r", "asset": "weather", "partition": "s@1", "audit": "g"}
    with Store(tmp_path).open() as con:
        quality.append(con, result_rows(results, "weather", version=7, **about))
        found = con.sql("select * from quality_results order by rowid").pl()
        quality.append(con, result_rows(results, "weather", version=None, **about))
        unversioned = con.execute("select count(*) from quality_results where version is null").fetchall()
    assert found["rule"].to_list() == [rule.name for rule in RULES]
    assert found["status"].to_list() == ["pass", "fail", "error", "fail"]
    assert found["severity"].unique().to_list() == ["critical"]
    assert found["version"].unique().to_list() == [7]
    assert found["table_name"].unique().to_list() == ["weather"]
    assert json.loads(found["sample"][1]) == results[1].sample
    assert unversioned == [(len(RULES),)]


def test_rules_are_known_without_importing_great_expectations():
    code = (
        "import sys; from mcas_assets.stages import beside, checking; from mcas_assets.stages.registry import STAGES\n"
    )
    code += "assert all(table.suite for stage in STAGES.values() for table in stage.tables)\n"
    code += "print([m for m in ('great_expectations', 'pandas', 'torch', 'dagster') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_validation_prints_nothing_and_asks_nothing_of_the_network():
    code = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(event)
sys.addaudithook(refuse)
import polars as pl
from mcas_assets.quality.adapter import validate
from mcas_assets.quality.expectations import present, suite
(found,) = validate(pl.DataFrame({"sky": ["clear"]}), "weather", suite("weather", {"sky is present": present("sky")}), ["sky"])
assert found.success
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
