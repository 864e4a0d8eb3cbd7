"""A folder of evidence: what is in it, that others can read it with their own tools, and that it is there whole or not at all."""

import json
import shutil
import subprocess

import polars as pl
import pytest
from rocrate.rocrate import ROCrate

from mcas_assets.core.errors import StoreError
from mcas_assets.export.evidence import write_evidence
from mcas_assets.export.manifest import MANIFEST, STATEMENT
from mcas_assets.export.tables import read
from mcas_assets.export.verify import verify
from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published
from mcas_assets.store.schema import frame_schema


def names(folder):
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def about(folder):
    return json.loads((folder / "evidence.json").read_text())


def test_it_holds_the_report_the_tables_the_records_and_every_image_as_it_was_delivered(given, filed):
    there = names(filed.folder)
    wanted = {
        "README.md", "evidence.json", "report/index.html", "report/static/charts.js", "impact-ratios.md", MANIFEST, STATEMENT,
        "crosswalk/eu-ai-act.md", "records/model-card.md", "records/.eval_results/mcas-tiny.yaml", "ro-crate-metadata.json",
    }  # fmt: skip
    assert wanted <= there
    assert {f"tables/{name}.parquet" for name in given.measured.tables} <= there
    assert "0 of 42 delivered images carry a C2PA mark" in (filed.folder / "report/trust.html").read_text()
    for sha256, path in given.measured.images.iter_rows():
        assert (filed.folder / path).read_bytes() == (given.home / path).read_bytes()
        assert sha256 in path


def test_its_tables_are_those_of_the_store_with_the_columns_of_the_schema(given, filed):
    for name in ("scores", "representation", "policy_results", "images"):
        rows = pl.read_parquet(filed.folder / "tables" / f"{name}.parquet")
        assert rows.equals(given.measured.tables[name])
        assert dict(rows.schema).items() >= dict(frame_schema(name)).items()
        assert set(rows["system_version"]) == {given.measured.system_version}


def test_it_says_what_was_declared_which_version_it_was_by_which_instruments_packages_and_code_and_what_policies_said(
    filed, tiny
):
    found = about(filed.folder)
    assert found["declaration"] == json.loads(json.dumps(tiny.document()))
    assert found["identity"]["weights"]
    assert [one["identity"]["weights"][:4] for one in found["embedders"]]
    assert {one["embedder"] for one in found["labellers"]} == set(tiny.embedders)
    assert {stage["asset"] for stage in found["stages"]} >= {"plan", "images", "scores", "representation"}
    assert all(stage["packages"]["torch"] and stage["code_version"] for stage in found["stages"])
    assert found["made_by"]["mcas-assets"]
    assert [one["policy"] for one in found["policies"]] == ["mine"]
    assert found["tables"]["scores"] == 12


def test_sha256sum_checks_its_files(filed):
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", MANIFEST], cwd=filed.folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(": OK\n") == filed.files == len(names(filed.folder)) - 2


def test_its_statement_is_one_of_in_toto_about_the_manifest(filed):
    stated = json.loads((filed.folder / STATEMENT).read_text())
    assert stated["_type"] == "https://in-toto.io/Statement/v1"
    assert stated["subject"] == [{"name": MANIFEST, "digest": {"sha256": filed.manifest}}]
    assert stated["predicateType"].startswith("urn:")
    assert stated["predicate"]["system_version"] == about(filed.folder)["system_version"]


def test_its_crate_opens_and_describes_every_file_but_those_that_list_it(filed):
    crate = ROCrate(filed.folder)
    described = {entity.id for entity in crate.data_entities}
    assert described == names(filed.folder) - {MANIFEST, STATEMENT, "ro-crate-metadata.json"}
    action = crate.get("#audit")
    assert action["instrument"]["name"] == "mcas-assets"
    assert len(action["result"]) == len(described)
    assert crate.get("tables/scores.parquet")["encodingFormat"] == "application/vnd.apache.parquet"


def test_without_images_the_table_has_their_digests_and_without_vectors_no_score_is_computed_again(
    given, tmp_path, origin
):
    filed = write_evidence(
        given.reader, given.measured, tmp_path / "few", with_images=False, with_vectors=False, records=origin
    )
    assert not (filed.folder / "images").exists()
    assert pl.read_parquet(filed.folder / "tables/images.parquet")["sha256"].null_count() == 0
    found = verify(filed.folder)
    assert found.found == ()
    assert "vectors" not in found.checked


def test_where_an_image_was_lost_nothing_is_left_of_what_was_begun(given, tmp_path, origin):
    home = shutil.copytree(given.home, tmp_path / "home")
    reader = Reader(Published(Store(home)))
    measured = read(reader, given.measured.audit, given.measured.system_version)
    (home / measured.images["path"][-1]).unlink()
    with pytest.raises(StoreError, match="deleted behind the store's back"):
        write_evidence(
            reader, measured, tmp_path / "out" / "evidence", with_images=True, with_vectors=True, records=origin
        )
    assert list((tmp_path / "out").iterdir()) == []


def test_the_command_says_the_digest_that_verify_holds_a_folder_against(mcas, tmp_path):
    out = tmp_path / "evidence"
    said = mcas("export", "evidence", "--out", str(out), "phantom-stereotyped")
    digest = said.split("manifest ")[1].split()[0]
    assert "agrees with itself" in mcas("verify", str(out), "--manifest", digest.upper())
