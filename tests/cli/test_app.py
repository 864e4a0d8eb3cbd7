"""The `mcas` command as a person types it: what it prints, what it refuses, and with which exit status."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest

from mcas_assets.cli.app import app
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.store.engine import CONFIG
from mcas_assets.store.publication import questions
from tests.cli.command import TINY, mcas, refused

HOLD = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('open', flush=True); time.sleep(200)"


@pytest.fixture(scope="module")
def home(audited, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(audited.home, tmp_path_factory.mktemp("cli") / "home"))


@pytest.fixture(scope="module")
def shown(home) -> subprocess.CompletedProcess[str]:
    """An audit whose results are all stored, in a home whose Dagster instance is new: it is run, and makes nothing."""
    return mcas("audit", str(TINY), home=home)


@pytest.mark.timeout(300)
def test_an_audit_shows_progress_and_ends_with_a_table_and_where_to_look_next(shown):
    done = shown
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr
    assert "Where to look next" in done.stderr
    assert re.search(
        r"images +42 *\n +stored already +42 *\n +images of a concept +6 *\n +time +nothing to generate", done.stderr
    )
    assert "gender: woman ◀ ▶ man" in done.stdout
    assert "nurse" in done.stdout
    assert "planted" in done.stdout


@pytest.mark.parametrize("side", ["width", "height"])
def test_a_size_is_given_in_pixels_and_held_to_what_a_declaration_may_say(side, home, monkeypatch):
    monkeypatch.setenv("MCAS_HOME", str(home))
    with pytest.raises(BadInput, match=f"phantom-stereotyped: {side}: .*8"):
        app(["audit", str(TINY), f"--{side}", "4"], standalone_mode=False)


# What the command does, in a process that tells afterwards what it had loaded.
AGAIN = """
import sys
from mcas_assets.cli import app as cli
cli.app(["audit", sys.argv[1], "--no-rows"], standalone_mode=False)
print("loaded", *sys.modules)
"""


def test_an_audit_that_is_current_does_nothing_and_says_so(home, shown):
    def kept() -> list[tuple]:
        with duckdb.connect(str(home / "store.duckdb"), config=CONFIG) as con:
            tables = ("image_facts", "materialisations", "quality_results", "scores_history")
            return [con.execute(f"select count(*) from {table}").fetchone() for table in tables]  # ty: ignore[invalid-explicit-return]

    before, published = kept(), (home / "published.duckdb").stat()
    done = subprocess.run(
        [sys.executable, "-c", AGAIN, str(TINY)],
        env={**os.environ, "MCAS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "up to date: tiny of phantom-stereotyped@" in done.stderr
    assert "nothing was done" in done.stderr
    assert (kept(), (home / "published.duckdb").stat()) == (before, published)
    loaded = next(line for line in done.stdout.splitlines() if line.startswith("loaded ")).split()
    assert not set(loaded) & {"torch", "diffusers", "transformers", "open_clip", "great_expectations"}


def test_a_look_shows_every_system_with_its_state_and_what_it_wants(home, shown, tmp_path, monkeypatch):
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    declared = (DATA / "systems.yaml").read_text().replace("path: phantom/", f"path: {DATA}/phantom/")
    declared = declared.replace("audits: [phantom]", "audits: [tiny]").replace(f"{DATA}/phantom/fair", "gone")
    (tmp_path / "systems.yaml").write_text(declared)
    (tmp_path / "audits").mkdir()
    shutil.copy(TINY, tmp_path / "audits")
    monkeypatch.setenv("MCAS_SYSTEMS", str(tmp_path / "systems.yaml"))
    monkeypatch.setenv("MCAS_AUDITS", str(tmp_path / "audits"))
    done = mcas("watch", home=copy)
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stdout
    assert "phantom-updated: tiny of phantom-updated@" in done.stdout
    assert "phantom-fair: unreachable: " in done.stdout
    rows = {row["system_version"]: row for row in json.loads(mcas("systems", "--format", "json", home=copy).stdout)}
    assert rows["phantom-fair"]["state"] == "unreachable"
    assert [row["state"] for name, row in rows.items() if name.startswith("phantom-stereotyped@")] == ["available"]


def test_a_question_of_the_sql_folder_is_answered_by_its_name(home, monkeypatch, capsys):
    done = mcas("sql", "where-is-the-bias", "--format", "csv", home=home)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("MCAS_HOME", str(home))
    answers = {}
    for name in questions():
        app(["sql", name, "--format", "csv"], standalone_mode=False)
        answers[name] = capsys.readouterr().out
        assert answers[name].count("\n") >= 1
    assert answers["where-is-the-bias"] == done.stdout


def test_without_a_query_the_questions_are_listed(home):
    done = mcas("sql", home=home)
    assert done.returncode == 0
    assert "where-is-the-bias" in done.stdout


def test_a_query_can_be_had_as_json_and_parquet(home, tmp_path):
    done = mcas("sql", "select count(*) as n from scores", "--format", "json", home=home)
    assert json.loads(done.stdout) == [{"n": 12}]
    out = tmp_path / "scores.parquet"
    assert mcas("sql", "select * from scores", "--format", "parquet", "--output", str(out), home=home).returncode == 0
    assert len(pl.read_parquet(out)) == 12


def test_systems_are_listed_with_their_identity(home, audited):
    assert audited.ran.system_version in mcas("systems", home=home).stdout
    (row,) = json.loads(mcas("systems", "--format", "json", home=home).stdout)
    assert row["system_version"] == audited.ran.system_version
    assert row["identity"]["steps"] == 8


def test_a_wrong_query_names_what_is_wrong(home):
    assert "no_such_table" in refused(mcas("sql", "select * from no_such_table", home=home))


def test_the_published_copy_cannot_be_written(home):
    refused(mcas("sql", "delete from scores_history", home=home))


def test_a_query_before_any_audit_says_what_to_do(tmp_path):
    assert "mcas audit" in refused(mcas("sql", "select 1 as x", home=tmp_path))


def test_an_audit_that_is_not_there_is_named_with_the_ones_that_are(tmp_path):
    message = refused(mcas("audit", "fantom", home=tmp_path))
    assert "phantom" in message
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_audit_names_file_line_key_and_remedy(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(TINY.read_text().replace("run_seed: 7", "run_sed: 7"))
    message = mcas("audit", str(wrong), home=tmp_path / "home").stderr
    assert "wrong.yaml" in message
    assert "run_sed" in message
    assert "run_seed" in message
    assert not (tmp_path / "home").exists()


def test_an_unknown_system_is_refused_with_the_known_ones(tmp_path):
    assert "phantom-fair" in refused(mcas("audit", str(TINY), "--system", "phantom-fairr", home=tmp_path))


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    message = refused(mcas("audit", str(TINY), "--system", str(tmp_path / "folder"), home=tmp_path / "home"))
    assert "model_index.json" in message
    assert not (tmp_path / "home" / "images").exists()


@pytest.mark.parametrize("damage", ["cut", "pickle"])
def test_weights_that_are_cut_short_or_no_safetensors_are_refused_before_any_image(tmp_path, damage):
    folder = Path(shutil.copytree(DATA / "phantom" / "stereotyped", tmp_path / "copy"))
    weights = next((folder / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1000] if damage == "cut" else b"\x80\x04pickle" * 100)
    message = refused(mcas("audit", str(TINY), "--system", str(folder), home=tmp_path / "home"))
    assert weights.name in message
    assert not (tmp_path / "home" / "images").exists()


@pytest.mark.long  # half a minute of waiting for it
def test_a_store_that_another_process_holds_is_named_with_its_holder(home, tmp_path):
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(copy / "store.duckdb")],
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        message = refused(mcas("systems", home=copy))
        assert str(holder.pid) in message
    finally:
        holder.kill()
        holder.wait()


def test_a_store_of_a_newer_schema_is_refused(home, tmp_path):
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    with duckdb.connect(str(copy / "store.duckdb")) as con:
        con.execute("update store_schema set version = 999")
    assert "newer" in refused(mcas("systems", home=copy))


def test_a_file_that_is_not_duckdb_is_refused_and_left_alone(tmp_path):
    (tmp_path / "store.duckdb").write_bytes(b"not a database" * 1000)
    refused(mcas("audit", str(TINY), home=tmp_path))
    assert (tmp_path / "store.duckdb").read_bytes() == b"not a database" * 1000


def test_a_second_audit_of_the_same_home_is_told_to_wait(home, tmp_path):
    from filelock import FileLock

    copy = Path(shutil.copytree(home, tmp_path / "home"))
    with FileLock(copy / "audit.lock"):
        assert "another audit is running" in refused(mcas("audit", str(TINY), home=copy))


def test_a_failed_check_has_an_exit_status_of_its_own(home, tmp_path):
    from mcas_assets.embedders.find import find_embedder

    copy = Path(shutil.copytree(home, tmp_path / "home"))
    dim = find_embedder("phantom-balanced").dim
    with duckdb.connect(str(copy / "store.duckdb")) as con:
        con.execute(
            f"update embedding_facts_{dim} set vector = list_transform(vector::float[], lambda x: 2 * x)::float[{dim}]"
        )
        con.execute("delete from materialisations where asset in ('scores', 'embeddings')")
    done = mcas("audit", str(TINY), home=copy)
    assert done.returncode == 3, done.stderr
    assert "vector has unit norm" in done.stderr
    assert "Traceback" not in done.stderr


def test_repair_says_when_there_is_nothing_to_do(home):
    done = mcas("repair", home=home)
    assert done.returncode == 0
    assert "every kept file is as it was made" in done.stdout


def test_a_store_that_is_lost_is_refused_and_repair_makes_it_anew_from_the_published_copy(home, shown, tmp_path):
    copy = Path(shutil.copytree(home, tmp_path / "home"))
    (copy / "store.duckdb").unlink()
    published = (copy / "published.duckdb").read_bytes()
    assert "the store is missing from a home that was used" in refused(mcas("audit", str(TINY), home=copy))
    assert (copy / "published.duckdb").read_bytes() == published
    done = mcas("repair", home=copy)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "the store was made anew from the published copy")
    again = mcas("audit", str(TINY), home=copy)
    assert again.returncode == 0, again.stderr
    assert "up to date" in again.stderr
