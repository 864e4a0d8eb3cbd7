"""Records for others to show: each validated by the schema or the classes of those who show it."""

import json
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
import yaml
from huggingface_hub import ModelCard, ModelCardData, parse_eval_result_entries
from huggingface_hub.repocard_data import model_index_to_eval_results
from jsonschema import Draft7Validator

from mcas_assets.core.errors import BadInput
from mcas_assets.export import every_eval_ever, hub
from mcas_assets.export.origin import Origin

SCHEMAS = Path(__file__).parents[1] / "data" / "every_eval_ever"


def validator(name: str):
    schema = json.loads((SCHEMAS / name).read_text())
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


@pytest.fixture(scope="module")
def record(given, tmp_path_factory):
    origin = Origin("A laboratory", "third_party", "owner/model", "owner/set")
    return every_eval_ever.write(given.measured, tmp_path_factory.mktemp("records"), origin)


def test_a_record_of_every_eval_ever_and_each_of_its_samples_hold_to_its_schema(record):
    results, samples = record
    assert [error.message for error in validator("eval.schema.json").iter_errors(json.loads(results.read_text()))] == []
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    check = validator("instance_level_eval.schema.json")
    assert [error.message for line in lines for error in check.iter_errors(line)] == []
    assert len(lines) == 36  # three concepts of six images, on two axes


def test_its_results_are_the_numbers_of_the_tables_with_their_intervals(record, given):
    found = {one["evaluation_result_id"]: one for one in json.loads(record[0].read_text())["evaluation_results"]}
    for row in given.measured.tables["scores"].iter_rows(named=True):
        details = found[f"score/{row['axis']}/{row['embedder']}/{row['concept']}"]["score_details"]
        assert details["score"] == row["adjusted"]
        if row["adjusted_low"] is not None:
            interval = details["uncertainty"]["confidence_interval"]
            assert (interval["lower"], interval["upper"], interval["confidence_level"]) == (
                row["adjusted_low"],
                row["adjusted_high"],
                0.95,
            )
        if row["interval_method"] == "bootstrap":
            assert details["uncertainty"]["num_bootstrap_samples"] == given.measured.declaration.inference.resamples
    shares = given.measured.tables["representation"].filter(pl.col("corrected_share").is_not_null())
    for row in shares.iter_rows(named=True):
        of = found[f"share/{row['axis']}/{row['embedder']}/{row['concept']}/{row['group_name']}"]
        assert of["score_details"]["score"] == row["corrected_share"]
        assert of["metric_config"]["metric_unit"] == "proportion"


def test_its_samples_are_listed_with_their_digest_and_join_its_results(record):
    results, samples = json.loads(record[0].read_text()), record[1].read_bytes()
    listed = results["detailed_evaluation_results"]
    assert listed["checksum"] == sha256(samples).hexdigest()
    assert listed["file_path"].endswith(record[1].name)
    known = {one["evaluation_result_id"] for one in results["evaluation_results"]}
    for line in map(json.loads, samples.decode().splitlines()):
        assert line["evaluation_id"] == results["evaluation_id"]
        assert line.get("evaluation_result_id") in known | {None}


def test_it_says_who_gives_it_and_that_no_answer_is_right(record, given):
    results = json.loads(record[0].read_text())
    assert results["source_metadata"]["source_organization_name"] == "A laboratory"
    assert results["source_metadata"]["evaluator_relationship"] == "third_party"
    assert results["model_info"]["developer"] == "owner"
    known = results["model_info"]["additional_details"]
    assert (known["deployment_type"], known["model_availability"]) == ("self_deployed", "unknown")
    assert known["system_version"] == given.measured.system_version
    assert all(
        "neither direction" in one["metric_config"]["additional_details"]["direction"]
        for one in results["evaluation_results"]
    )


def test_the_same_numbers_make_the_same_record(record, given, tmp_path):
    origin = Origin("A laboratory", "third_party", "owner/model", "owner/set")
    again = every_eval_ever.write(given.measured, tmp_path, origin)
    assert [one.name for one in again] == [one.name for one in record]
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in record]


def test_results_of_a_hub_are_read_back_by_its_library_as_the_mean_scores(given, tmp_path, origin):
    _, file = hub.write(given.measured, tmp_path, origin)
    assert file.relative_to(tmp_path).as_posix() == ".eval_results/mcas-tiny.yaml"
    entries = parse_eval_result_entries(yaml.safe_load(file.read_text()))
    means = given.measured.tables["mean_scores"].filter(embedder="phantom-balanced")
    assert [(one.dataset_id, one.task_id) for one in entries] == [
        ("owner/set", "tiny_gender"),
        ("owner/set", "tiny_skin_tone"),
    ]
    assert [one.value for one in entries] == pytest.approx(means["mean_adjusted"].to_list(), abs=1e-6)


def test_without_a_data_set_there_is_a_card_and_no_results_of_a_hub(given, tmp_path):
    assert [file.name for file in hub.write(given.measured, tmp_path, Origin())] == ["model-card.md"]


def test_a_model_card_is_read_by_the_hubs_library_with_its_results_and_holds_what_the_numbers_do_not_say(
    given, tmp_path, origin
):
    card = ModelCard(hub.write(given.measured, tmp_path, origin)[0].read_text())
    assert isinstance(card.data, ModelCardData)
    name, results = model_index_to_eval_results(card.data.to_dict()["model-index"])
    assert name == "owner/model"
    assert [one.metric_type for one in results] == ["mcas", "mcas"]
    assert "## Associations and representation (MCAS)" in card.text
    assert given.measured.system_version in card.text
    assert "no share, no probability and no harm" in card.text
    assert "Positive leans to man, negative to woman" in card.text


@pytest.mark.parametrize("name", ["model", "a/b/c", "/b", "a/", "../a", "a/..", "a b/c"])
def test_a_name_that_no_hub_has_is_refused(name):
    with pytest.raises(BadInput, match="OWNER/NAME"):
        Origin(model=name)


def test_the_command_writes_them_whole_or_not_at_all(mcas, tmp_path):
    with pytest.raises(BadInput, match="OWNER/NAME"):
        mcas("export", "records", "--out", str(tmp_path / "records"), "--dataset", "none")
    assert list(tmp_path.glob("*records*")) == []
    assert mcas("export", "records", "--out", str(tmp_path / "records")).count("made ") == 3
    with pytest.raises(BadInput, match="Use one of first_party"):
        mcas("export", "records", "--out", str(tmp_path / "more"), "--relationship", "mother")
