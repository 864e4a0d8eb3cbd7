"""The papers of the project: the citation file has what its format asks for, and agrees with the package; the licence is whole."""

import tomllib

import pytest
import yaml

from mcas_assets.core.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


@pytest.mark.parametrize("field", ["cff-version", "message", "title", "authors"])
def test_the_citation_has_what_its_format_asks_for(field):
    assert CITATION[field]


def test_every_author_has_a_name():
    people = [*CITATION["authors"], *(author for work in CITATION["references"] for author in work["authors"])]
    assert all(author.get("name") or author.get("family-names") for author in people)


def test_a_reference_has_what_its_format_asks_for():
    assert all({"type", "title", "authors"} <= set(work) for work in CITATION["references"])


def test_the_citation_is_of_this_version_under_this_licence():
    assert (CITATION["version"], CITATION["license"]) == (PROJECT["version"], PROJECT["license"])


def test_the_changelog_tells_of_this_version():
    assert PROJECT["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "mcas_assets" / "py.typed").is_file()
