"""What the README says is so: its commands parse, its queries run, its pictures and paths are there."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from mcas_assets.cli.app import app
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"^(?:\| `)?uv run mcas( [^`\n]*)?", README, re.M) + re.findall(r"`uv run mcas( [^`\n]*)?`", README))
)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_mcas_command_is_one_that_exists_with_these_arguments(words):
    command = typer.main.get_command(app)
    name, *rest = shlex.split(words)
    assert name in command.commands
    command.commands[name].make_context(name, rest)  # parses, and raises on an unknown option; runs nothing


def test_the_two_commands_stand_at_the_top():
    block = re.search(r"## Two commands\n\n```\n(.*?)```", README, re.S)
    assert block is not None
    assert block[1].split("\n")[:2] == ["uv run mcas audit", "uv run pytest"]


def test_the_ci_runs_the_test_command_of_the_readme():
    assert "uv run pytest" in (ROOT / ".ci" / "run").read_text()


def test_every_query_runs_on_a_published_store(audited):
    queries = re.findall(r"```sql\n(.*?)```", README, re.S)
    queries += [shlex.split(words)[1] for words in COMMANDS if words.strip().startswith('sql "')]
    assert len(queries) >= 2
    for sql in queries:
        assert len(query(Store(audited.home), sql)) > 0


def test_every_picture_and_path_is_there():
    named = re.findall(r"\]\((data/[^)]*)\)", README) + re.findall(
        r"`((?:data|sql|benchmarks|tests|\.ci)/[\w./-]*)`", README
    )
    missing = [path for path in named if path != "data/home" and not (ROOT / path).exists()]
    assert missing == []
