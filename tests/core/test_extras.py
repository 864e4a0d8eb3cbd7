"""Extras: what they bring is what the package declares, and where one is not there the message says how to have it."""

import tomllib
from importlib import metadata

import pytest

from mcas_assets.core import extras
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import ROOT


@pytest.mark.parametrize("extra", extras.MODULES)
def test_what_an_extra_is_said_to_bring_is_what_is_declared_of_it(extra):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    names = metadata.packages_distributions()
    brought = {names[module][0].lower() for module in extras.MODULES[extra]}
    assert brought == {line.split(">")[0].split("=")[0] for line in declared}
    extras.require_extra(extra, "mcas something")


def test_one_that_is_not_there_is_told_with_how_to_have_it(monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "vl_convert" else name)
    with pytest.raises(BadInput, match=r"mcas view: needs vl_convert, which is not installed.*uv sync --extra view"):
        extras.require_extra("view", "mcas view")


def test_an_installation_is_told_to_use_pip(monkeypatch):
    monkeypatch.setattr(extras, "IS_INSTALLED", True)
    assert extras.remedy("ui") == "Install the extra: pip install 'mcas-assets[ui]'"
