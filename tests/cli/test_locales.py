"""Every command in the locales and on the terminals that people have: it runs, and what it prints ends in no traceback."""

import os
import subprocess
import sys

import pytest

from mcas_assets.cli.app import app
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish

PLACES = {
    "C": {"LC_ALL": "C", "LANG": "C"},
    "C as ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "German, not installed": {"LC_ALL": "de_DE.UTF-8", "LANG": "de_DE.UTF-8", "LANGUAGE": "de"},
    "Turkish as Windows has it": {"LC_ALL": "tr_TR.UTF-8", "PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1254"},
}
COMMANDS = {
    ("plan", "phantom"): 0,
    ("sql",): 0,
    ("sql", "select 'ı█—é字' as signs, 0.5 as half"): 0,
    ("sql", "where-is-the-bias"): 0,
    ("systems",): 0,
    ("doctor",): 0,
    ("prune",): 0,
    ("repair",): 0,
    ("audit", "ıntérêt"): 2,
    ("--help",): 0,
}
COMMA = """
import _locale, locale, sys
from mcas_assets.cli.app import main
conv = locale.localeconv()
locale.localeconv = _locale.localeconv = lambda: {**conv, 'decimal_point': ',', 'thousands_sep': '.'}
sys.argv = ['mcas', 'plan', 'phantom']
main()
"""


@pytest.fixture
def home(new_home):
    publish(Store(new_home))
    return new_home


def start(words: list[str], home, **place: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(words, env={**env, "MCAS_HOME": str(home), **place}, capture_output=True, check=False)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", [("sql", "select 'ı█—é字' as signs, 0.5 as half"), ("doctor",), ("audit", "ıntérêt")])
def test_a_command_runs_in_every_locale(place, words, home):
    done = start([sys.executable, "-m", "mcas_assets", *words], home, **PLACES[place])
    assert done.returncode == COMMANDS[words], done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout or done.stderr


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_runs_in_every_locale(place, words, home):
    done = start([sys.executable, "-m", "mcas_assets", *words], home, **PLACES[place])
    assert done.returncode == COMMANDS[words], done.stderr
    assert b"Traceback" not in done.stderr


def test_where_numbers_have_commas_a_plan_is_the_same(home):
    plain = start([sys.executable, "-m", "mcas_assets", "plan", "phantom"], home, LC_ALL="C.UTF-8")
    comma = start([sys.executable, "-c", COMMA], home, LC_ALL="C.UTF-8")
    assert (comma.returncode, comma.stdout) == (0, plain.stdout)


def test_commands_have_an_example_in_their_help(capsys):
    for name in ("doctor", "prune", "backup", "restore"):
        app([name, "--help"], standalone_mode=False)
        assert f"mcas {name}" in " ".join(capsys.readouterr().out.split())
