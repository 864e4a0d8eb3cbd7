"""The adapter: one plain result for each rule, in order; what cannot be evaluated is an error, not a pass."""

import json
import subprocess
import sys

import polars as pl
import pytest

from mcas_assets.quality.adapter import SAMPLE_ROWS, result_rows, validate
from mcas_assets.quality.rules import SUITES
from mcas_assets.store import ledger
from mcas_assets.store.database import Store


def test_a_missing_column_is_an_error_of_its_rule(good, facts):
    results = {one.rule: one for one in validate(good["scores"].drop("p_value"), "scores", facts["scores"])}
    broken = results["p_value in (0, 1]"]
    assert (broken.outcome, broken.success, broken.checked) == ("error", False, 0)
    assert "p_value" in broken.observed["error"]
    assert [one.outcome for one in results.values()].count("error") == 1


def test_a_failure_shows_the_rows_that_broke_the_rule(good, facts):
    frame = good["scores"].with_columns(mcas=pl.Series([9.0, -0.06, None]))
    found = {one.rule: one for one in validate(frame, "scores", facts["scores"])}["mcas within bounds"]
    assert (found.checked, found.unexpected) == (3, 1)
    assert found.sample == [
        {
            "mcas": 9.0,
            "system_version": "s@1",
            "audit": "g",
            "axis": "gender",
            "embedder": "e@1",
            "concept": "nurse",
        }
    ]


def test_a_sample_is_bounded_and_json(good):
    frame = pl.concat([good["embeddings"]] * 50).with_columns(norm=pl.lit(float("inf")))
    results = validate(frame, "embeddings", {"expected_rows": 150})
    for one in results:
        assert len(one.sample) <= SAMPLE_ROWS
        json.dumps([one.observed, one.sample], allow_nan=False)
    assert {one.rule: one.unexpected for one in results}["vector has unit norm"] == 150


def test_a_count_says_what_it_saw(good):
    found = validate(good["plan"], "plan")[0]
    assert (found.observed, found.unexpected, found.checked) == ({"observed_value": 20}, None, 20)


def test_a_missing_fact_is_a_mistake_of_the_caller(good):
    with pytest.raises(KeyError, match="expected_rows"):
        validate(good["images"], "images")


def test_results_become_rows_of_quality_results(good, facts, tmp_path):
    results = validate(good["scores"].drop("p_value"), "scores", facts["scores"])
    rows = result_rows(results, "scores", run_id="r", version=7, asset="scores", partition="s@1", audit="g")
    with Store(tmp_path).open() as con:
        ledger.append_quality(con, rows)
        found = con.sql("select * from quality_results order by rowid").pl()
    assert found["rule"].to_list() == [rule.name for rule in SUITES["scores"]]
    assert found.filter(~pl.col("success"))["outcome"].to_list() == ["error"]
    assert found["version"].unique().to_list() == [7]
    assert found["table_name"].unique().to_list() == ["scores"]


def test_results_without_a_version_are_rows_too(good, tmp_path):
    about = {"run_id": "r", "version": None, "asset": "plan", "partition": "", "audit": "g"}
    rows = result_rows(validate(good["plan"], "plan"), "plan", **about)
    with Store(tmp_path).open() as con:
        ledger.append_quality(con, rows)
        assert con.execute("select count(*) from quality_results where version is null").fetchall() == [(len(rows),)]


def test_rules_are_known_without_importing_great_expectations():
    code = "import sys, mcas_assets.quality.rules, mcas_assets.quality.adapter as a; assert a.SUITES;"
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
from mcas_assets.quality import frames
rows = pl.DataFrame({"text_id": ["a"], "text": ["b"], "kind": ["word"], "axis": "g", "pole": "a", "concept": None})
validate(frames.texts(rows), "texts")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
