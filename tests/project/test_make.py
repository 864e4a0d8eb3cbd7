"""A project: what `mcas init` makes is found from below, is valid, stands before what ships, and is never overwritten."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import list_audits, load_audit
from mcas_assets.declare.catalogue import Catalogue, load_entries
from mcas_assets.declare.populations import populations_of
from mcas_assets.declare.project import load_project
from mcas_assets.policy.load import load_policy, require_fit
from mcas_assets.project.make import make
from mcas_assets.watch.canary import load_canary


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new project, worked in from a folder below it."""
    for name in ("MCAS_PROJECT", "MCAS_HOME", "MCAS_SYSTEMS", "MCAS_AUDITS"):
        monkeypatch.delenv(name, raising=False)
    folder = make(tmp_path / "mine").folder
    (folder / "notes" / "deep").mkdir(parents=True)
    monkeypatch.chdir(folder / "notes" / "deep")
    return folder


def systems(folder: Path) -> Catalogue:
    return load_entries(folder / "systems.yaml", "systems", "mcas_assets.systems")


def mcas(*words: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MCAS_")}
    return subprocess.run(
        [sys.executable, "-m", "mcas_assets", *words],
        cwd=cwd, env={**environment, **env}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip


def test_a_project_is_found_from_any_folder_below_it_and_keeps_what_runs_produce(project):
    assert paths.project() == project
    assert paths.home() == project / "home"


def test_a_project_that_is_named_is_taken_wherever_one_is(project, tmp_path, monkeypatch):
    other = make(tmp_path / "other").folder
    monkeypatch.setenv("MCAS_PROJECT", str(other))
    assert paths.project() == other
    monkeypatch.setenv("MCAS_PROJECT", str(tmp_path))
    with pytest.raises(BadInput, match=r"MCAS_PROJECT: is .*, which holds no mcas.yaml\. Make it one"):
        paths.project()


def test_a_project_of_another_user_is_not_taken_because_it_lies_above(project, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    with pytest.raises(BadInput, match=r"belongs to another user\. If you trust it: MCAS_PROJECT="):
        paths.project()
    monkeypatch.setenv("MCAS_PROJECT", str(project))
    assert paths.project() == project


def test_without_a_project_everything_lies_where_it_ships(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MCAS_PROJECT", raising=False)
    assert paths.place("policies") == DATA / "policies"
    assert paths.layers(DATA / "audits") == (DATA / "audits",)


def test_every_example_is_valid_and_fits_the_others(project):
    audit = load_audit("my-audit", project / "audits")
    assert populations_of(audit, project / "populations")
    require_fit(load_policy("my-policy", project / "policies"), audit)
    assert load_canary("my-canary", project / "canaries")
    assert load_project(project).project == "my-project"


def test_what_is_commented_out_in_the_examples_is_valid_too(project):
    for name in ("systems", "embedders", "labellers"):
        file = project / f"{name}.yaml"
        lines = file.read_text().splitlines()
        written = [line[1:] if line.startswith("#  ") and not line.startswith("#   mcas") else line for line in lines]
        file.write_text("\n".join(written))
        catalogue = load_entries(file, name, f"mcas_assets.{name}")
        assert not catalogue.unusable
        (mine,) = (one for one, path in catalogue.files.items() if path == file)
        assert catalogue.base(mine) == project


def test_own_audits_stand_beside_and_before_those_that_ship(project):
    shutil.copyfile(DATA / "audits" / "gender.yaml", project / "audits" / "gender.yaml")
    audits = list_audits(project / "audits")
    assert set(audits) == {*list_audits(DATA / "audits"), "my-audit"}
    assert audits["gender"] == project / "audits" / "gender.yaml"
    assert audits["phantom"] == DATA / "audits" / "phantom.yaml"


def test_own_systems_stand_beside_and_before_those_that_ship_each_relative_to_its_file(project):
    (project / "systems.yaml").write_text(
        "systems:\n  phantom-fair: {kind: diffusers, path: models/fair}\n  mine: {kind: diffusers, path: models/mine}\n"
    )
    found = systems(project)
    assert set(found) == {"mine", *systems(DATA)}
    assert (found["phantom-fair"].path, found.base("phantom-fair")) == ("models/fair", project)
    assert found.base("phantom-updated") == DATA


def test_an_own_entry_that_cannot_be_used_does_not_give_way_to_the_built_in_one(project):
    (project / "systems.yaml").write_text("systems:\n  phantom-fair: {kind: nothing}\n")
    found = systems(project)
    assert "phantom-fair" not in found
    assert set(found.unusable) == {"phantom-fair"}


def test_nothing_that_is_there_is_overwritten_and_a_deleted_example_stays_so(project):
    (project / "systems.yaml").write_text("systems: {}\n# mine\n")
    (project / "audits" / "my-audit.yaml").unlink()
    (project / "workspace.yaml").unlink()
    (project / ".mcas" / "schemas" / "audit.json").write_text("old")
    made = make(project)
    assert made.written == [Path("workspace.yaml")]
    assert (project / "systems.yaml").read_text() == "systems: {}\n# mine\n"
    assert not (project / "audits" / "my-audit.yaml").exists()
    assert (project / ".mcas" / "schemas" / "audit.json").read_text().startswith("{")


def test_a_folder_of_what_ships_is_made_no_project():
    with pytest.raises(BadInput, match="is part of what ships"):
        make(DATA / "audits")


def test_a_file_is_made_no_project(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be made a project"):
        make(tmp_path / "file")


def test_the_list_says_where_each_thing_is_from_and_what_is_wrong_with_it(project):
    (project / "systems.yaml").write_text("systems:\n  mine: {kind: diffusers, path: x}\n  bad: {kind: nothing}\n")
    shutil.copyfile(DATA / "policies" / "release.yaml", project / "policies" / "release.yaml")
    (project / "audits" / "draft.yaml").write_text("audit: draft\n")
    done = mcas("list", "--format", "csv", cwd=project / "notes")
    assert done.returncode == 0, done.stderr
    rows = {(row["kind"], row["name"]): row for row in pl.read_csv(done.stdout.encode()).iter_rows(named=True)}
    assert rows["systems", "mine"]["from"] == "systems.yaml"
    assert "is 'nothing', which is no kind" in rows["systems", "bad"]["problem"]
    assert rows["systems", "phantom-fair"]["from"] == "built in"
    assert rows["policies", "release"]["from"] == "policies/release.yaml, before the built-in one"
    assert "mistakes" in rows["audits", "draft"]["problem"]
    assert rows["questions", "history"]["from"] == "built in"


def test_an_own_audit_is_planned_from_within_the_project(project):
    done = mcas("plan", "my-audit", cwd=project)
    assert done.returncode == 0, done.stderr
    assert not (project / "home").exists(), "a plan makes nothing"
    refused = mcas("plan", "my-audit", cwd=project.parent)
    assert "audit 'my-audit': does not exist" in refused.stderr
