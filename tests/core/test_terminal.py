"""What comes from elsewhere reaches a terminal as text: it commands nothing, hides nothing, and is no markup."""

import io
import json
import os
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from mcas_assets.core.paths import DATA
from mcas_assets.core.progress import TerminalProgress
from mcas_assets.core.terminal import console, escaped, escaped_json
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish

HOSTILE = {
    "clears the screen": "\x1b[2J\x1b[H",
    "a link that leads elsewhere": "\x1b]8;;http://evil.example\x07mcas\x1b]8;;\x07",
    "a title of the window": "\x1b]0;owned\x07",
    "one-byte commands": "\x9b2J\x9d0;owned\x9c",
    "backspaces": "safe\b\b\b\bevil",
    "returns": "failed\rpassed",
    "a turned line": "exe.\u202egnp",
    "isolates": "a\u2066b\u2069",
    "what nobody sees": "a\u200bb\ufeffc\U000e0041",
    "a half of a sign": "a\ud800b",
    "markup": "[bold red]x[/b] [link=http://evil.example]y[/link] [/]",
}


def commands(text: str) -> str:
    """Signs that a terminal would act on, or that would not show."""
    return "".join(
        sign for sign in text if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and sign not in "\n\t"
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_text_is_printed_as_what_it_is(name):
    page = io.StringIO()
    table = Table(title=HOSTILE[name])
    table.add_column(HOSTILE[name])
    table.add_row(HOSTILE[name])
    terminal = console(file=page, width=400)
    terminal.print(HOSTILE[name])
    terminal.print(table)
    shown = page.getvalue()
    assert commands(shown) == ""
    if name == "markup":
        assert shown.count("[bold red]x[/b]") == 4


@given(st.text())
def test_of_any_text_no_command_is_left_and_json_says_the_same(text):
    assert commands(escaped(text)) in ("", *"\u00ad") or set(commands(escaped(text))) <= REMAINING
    whole = json.dumps({"a": text}, ensure_ascii=False)
    assert json.loads(escaped_json(whole)) == {"a": text}


REMAINING = {chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"} - set(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Signs of writing systems and of emoji: joiners, soft hyphens, marks of numbers."""


def test_what_people_write_stays():
    text = "né ☤ 日本 👩‍🎨 \ta\n[1] ½"
    assert escaped(text) == text


def test_a_bar_of_progress_prints_no_command_of_a_name(monkeypatch):
    monkeypatch.setattr(sys, "stderr", page := io.StringIO())
    with TerminalProgress() as bars, bars.task(HOSTILE["clears the screen"] + "[/b]", 1) as advance:
        advance(1)
    assert "[/b]" in page.getvalue()
    assert "\x1b[2J" not in page.getvalue()


def run(home, *words: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "mcas_assets", *words],
        env={**os.environ, "MCAS_HOME": str(home), **environment},
        capture_output=True,
        check=False,
        timeout=550,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="surrogateescape")


CODES = "\x1b]8;;http://evil.example\x07x\x9b2J\u202e[/b]"


@pytest.fixture(scope="module")
def hostile_home(tmp_path_factory):
    """A home whose very path is hostile, and a declaration of every kind that says such things."""
    home = tmp_path_factory.mktemp("hostile") / "[" / "b]\x1b[2J\u202e"
    home.mkdir(parents=True)
    publish(Store(home))
    return home


@pytest.mark.parametrize("format", ["table", "json"])
def test_cells_of_a_query_command_nothing(hostile_home, format):
    query = "select chr(27) || ']8;;http://evil.example' || chr(7) || chr(155) || '2J' || chr(8238) || '[/b]' as cell"
    status, printed = run(hostile_home, "sql", query, "--format", format)
    assert (status, commands(printed)) == (0, "")
    assert "[/b]" in printed


@pytest.mark.parametrize(
    "words",
    [("sql", f"select '{CODES}"), ("sql", f"select * from \"{CODES}\""), ("audit", CODES),
     ("plan", CODES), ("plan", "--system", CODES),
     ("compare", CODES, CODES), ("gate", CODES), ("redraw", CODES), ("systems", "--format", CODES), ("canary", CODES), ("doctor",)],
    ids=lambda words: words[0],
)  # fmt: skip
def test_every_command_tells_its_mistakes_without_a_command_to_the_terminal(hostile_home, words):
    status, printed = run(hostile_home, *words)
    assert commands(printed) == "", printed
    assert "Traceback" not in printed
    assert status in (0, 2, 7), printed


@pytest.mark.long
@pytest.mark.timeout(600)
def test_an_audit_whose_title_and_home_are_markup_is_run_and_shown(tmp_path):
    home = tmp_path / "[" / "b]\x1b[2J"
    text = (DATA.parent / "tests" / "data" / "tiny.yaml").read_text(encoding="utf-8")
    declared = tmp_path / "tiny.yaml"
    first = next(line for line in text.splitlines() if line.startswith("title:"))
    declared.write_text(text.replace(first, 'title: "A [/b] title [/]"'), encoding="utf-8")
    status, printed = run(home, "audit", str(declared))
    assert status == 0, printed
    assert "A [/b] title [/]" in printed
    assert "[/b]" in printed
    assert commands(printed) == ""
