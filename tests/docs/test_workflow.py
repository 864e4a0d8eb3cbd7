"""The example workflow of the documents: YAML whose commands of ours exist with the options that it gives them."""

import re
import shlex
from typing import Any

import typer
import yaml

from mcas_assets.cli.app import app
from mcas_assets.core.paths import ROOT

PAGE = (ROOT / "docs" / "how-to" / "gate-a-pull-request.md").read_text(encoding="utf-8")


def test_the_workflow_calls_commands_that_exist_and_reads_the_files_that_they_write():
    found = re.search(r"```yml.*?\n(.*?)```", PAGE, re.S)
    assert found is not None
    steps = yaml.safe_load(found[1])["jobs"]["audit"]["steps"]
    group: Any = typer.main.get_command(app)
    called = [shlex.split(step["run"]) for step in steps if step.get("run", "").startswith("mcas ")]
    for _, *words in called:
        name, *rest = [word for word in words if word != "--quiet"]
        group.commands[name].make_context(name, rest)
    assert [words[1] for words in called] == ["--quiet", "gate"]
    written = [called[1][called[1].index(option) + 1] for option in ("--junit", "--markdown")]
    assert all(any(file in str(step) for step in steps[-2:]) for file in written)
