"""The schemas that editors read YAML by: they take everything that ships, and refuse what an editor should underline."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from mcas_assets.core.paths import DATA
from mcas_assets.project.make import SCHEMAS, TEMPLATE, make
from mcas_assets.project.schemas import schemas

ALL = schemas()
FOLDERS = {"audits": "audit", "policies": "policy", "canaries": "canary", "mappings": "mapping"}


def shipped() -> list:
    found = [
        ("systems", DATA / "systems.yaml"),
        ("embedders", DATA / "embedders.yaml"),
        ("labellers", DATA / "labellers.yaml"),
        ("project", TEMPLATE / "mcas.yaml"),
    ]
    for folder, name in FOLDERS.items():
        found += [(name, path) for root in (DATA, TEMPLATE) for path in sorted((root / folder).glob("*.yaml"))]
    return [pytest.param(name, path, id=str(path.relative_to(DATA))) for name, path in found]


def mistakes(name: str, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(ALL[name]).iter_errors(document)]


@pytest.mark.parametrize("name", ALL)
def test_a_schema_is_one(name):
    Draft202012Validator.check_schema(ALL[name])


@pytest.mark.parametrize(("name", "path"), shipped())
def test_what_ships_is_taken(name, path):
    assert mistakes(name, yaml.safe_load(path.read_text())) == []


@pytest.mark.parametrize(
    ("name", "path", "at", "value", "says"),
    [
        ("audit", "audits/gender.yaml", ("run_sed",), 1, "run_sed"),
        ("audit", "audits/gender.yaml", ("images_per_prompt", "concept"), "many", "'many' is not of type 'integer'"),
        ("systems", "systems.yaml", ("systems", "phantom-fair", "kind"), "difusers", "is not one of"),
        ("systems", "systems.yaml", ("systems", "phantom-fair", "stepps"), 8, "stepps"),
        ("embedders", "embedders.yaml", ("embedders", "phantom-biased", "kind"), None, "is not one of"),
        ("policy", "policies/release.yaml", ("requirements", 0, "beyond"), "far", "'far' is not of type 'number'"),
        ("policy", "policies/release.yaml", ("requirements", 0, "kind"), "asociation", "is not one of"),
        ("canary", "canaries/hosted.yaml", ("prompts",), [], "[] "),
    ],
)
def test_a_slip_is_underlined(name, path, at, value, says):
    document = copy.deepcopy(yaml.safe_load((DATA / path).read_text()))
    where = document
    for key in at[:-1]:
        where = where[key]
    where[at[-1]] = value
    assert any(says in one for one in mistakes(name, document))


def test_an_editor_shows_what_a_key_means():
    assert ALL["audit"]["properties"]["images_per_prompt"]["description"] == "How many images are requested."


def test_every_yaml_file_of_a_project_names_the_schema_that_it_is_read_by(tmp_path: Path):
    folder = make(tmp_path / "mine").folder
    named = 0
    for path in folder.rglob("*.yaml"):
        first = path.read_text().splitlines()[0]
        if path.name == "workspace.yaml":  # Dagster's
            continue
        schema = (path.parent / first.removeprefix("# yaml-language-server: $schema=")).resolve()
        assert schema.parent == folder / SCHEMAS
        assert schema.stem in ALL
        assert mistakes(schema.stem, yaml.safe_load(path.read_text())) == []
        named += 1
    assert named == 7
