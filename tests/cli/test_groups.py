"""The habits of a command line: a version, quiet, completion, and a help whose groups hold every command once."""

import os
import subprocess
import sys
from importlib import metadata
from itertools import chain
from typing import Any

import pytest
import typer

from mcas_assets.cli.app import app
from mcas_assets.cli.groups import EXAMPLES, GROUPS
from mcas_assets.core import terminal

GROUP: Any = typer.main.get_command(app)


def mcas(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mcas_assets", *words],
        env={**os.environ, **env}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_every_command_stands_in_one_group():
    assert sorted(chain.from_iterable(GROUPS.values())) == sorted(GROUP.commands)


def test_the_help_shows_the_groups_with_their_commands_and_examples():
    shown = mcas("--help").stdout
    for title, names in GROUPS.items():
        section = shown.partition(f"{title}:\n")[2].partition("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()] == list(names)
    assert all(example in shown for example in EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_help_is_a_command_that_exists(example):
    _, name, *rest = example.partition("   ")[0].replace("  what changed", "").split()
    GROUP.commands[name].make_context(name, rest)


def test_an_example_within_the_help_of_a_command_is_one_that_exists():
    shown = 0
    for command in GROUP.commands.values():
        if "Example: " in (command.help or ""):
            words = command.help.split("Example: ")[1].split("mcas ", 1)[1].split()
            GROUP.commands[words[0]].make_context(words[0], words[1:])
            shown += 1
    assert shown > len(GROUP.commands) // 2


def test_it_says_its_version():
    assert mcas("--version").stdout == f"mcas-assets {metadata.version('mcas-assets')}\n"


def test_a_shell_can_complete_its_commands():
    asked = {"_MCAS_COMPLETE": "complete_bash", "COMP_WORDS": "mcas pl", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['mcas']; from mcas_assets.cli.app import app; app()"],
        env={**os.environ, **asked}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.split() == ["plan"]


def test_quiet_leaves_out_notes_and_keeps_results_warnings_and_errors(monkeypatch, capsys):
    monkeypatch.setattr(terminal, "_is_quiet", False)
    terminal.be_quiet()
    terminal.say("result")
    terminal.say("note", err=True)
    terminal.say("warning", err=True, always=True)
    terminal.console(stderr=True).print("note of rich")
    terminal.console().print("table")
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("result\ntable\n", "warning\n")


def test_an_error_is_told_though_quiet(tmp_path):
    done = mcas("--quiet", "audit", "nothing", MCAS_HOME=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith("error: audit 'nothing': does not exist")
