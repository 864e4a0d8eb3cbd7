"""What the documents say is so: links lead somewhere, commands parse, queries run, declarations are taken, code runs."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from markdown_it import MarkdownIt
from typer.core import TyperGroup

from mcas_assets.cli.app import app
from mcas_assets.core.paths import ROOT
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.catalogue import load_entries
from mcas_assets.declare.populations import load_population, populations_of
from mcas_assets.embedders.find import load_embedders
from mcas_assets.policy.load import load_policy, require_fit
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query, questions
from mcas_assets.watch.canary import load_canary

MARKDOWN = MarkdownIt("commonmark").enable("table")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
PLACES = re.compile(r"(?:\.ci|benchmarks|data|docs|mcas_assets|sql|tests|tools)/[\w./-]+")


def tokens(page: Path) -> Iterator:
    for token in MARKDOWN.parse(page.read_text(encoding="utf-8")):
        yield token
        yield from token.children or ()


def anchors(page: Path) -> set[str]:
    """What a link may name after #: the words of each heading, as the site and code hosts make them."""
    parsed = MARKDOWN.parse(page.read_text(encoding="utf-8"))
    headings = [after.content for token, after in pairwise(parsed) if token.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for token in tokens(page):
            target = token.attrs.get("href") or token.attrs.get("src")
            if target and "://" not in target:
                yield page, target


def blocks(language: str) -> list:
    """(page, title, text) of every fenced block of a language."""
    found = []
    for page in PAGES:
        for token in tokens(page):
            if token.type == "fence" and token.info.split(" ")[0] == language:
                title = re.search(r'title="([^"]+)"', token.info)
                named = f"{page.relative_to(ROOT)}:{token.map[0] + 1}"
                found.append(pytest.param(page, title[1] if title else "", token.content, id=named))
    return found


def inline() -> Iterator[str]:
    for page in PAGES:
        yield from (token.content for token in tokens(page) if token.type == "code_inline")


def commands() -> list[str]:
    """The words after `uv run mcas` of every command that is shown whole."""
    fenced = [line for block in (*blocks("sh"), *blocks("")) for line in block.values[2].splitlines()]
    shown = [line.removeprefix("uv run mcas ") for line in (*fenced, *inline()) if line.startswith("uv run mcas ")]
    return sorted({words for words in shown if "..." not in words and words != "COMMAND"})


def queries() -> list[str]:
    """Every query and question that is shown."""
    asked = [shlex.split(words)[1] for words in commands() if re.match(r"sql [^-]", words)]
    return [*(block.values[2] for block in blocks("sql")), *sorted(set(asked))]


def subcommands() -> dict[str, Any]:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return dict(group.commands)


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda one: one if isinstance(one, str) else one.stem)
def test_a_link_leads_to_a_file_and_to_a_heading_of_it(page, target):
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    assert file.is_file()
    assert not anchor or anchor in anchors(file)


@pytest.mark.parametrize("words", commands())
def test_a_command_is_one_that_exists_with_these_arguments(words):
    name, *rest = shlex.split(words, comments=True)
    subcommands()[name].make_context(name, rest)  # parses, and raises on an unknown option; runs nothing


def test_a_command_that_is_only_named_exists_with_the_options_beside_it():
    known = subcommands()
    named = [text.split() for text in inline() if re.match(r"mcas [a-z]", text)]
    assert named
    for _, name, *rest in named:
        options = {option for one in known[name].params for option in (*one.opts, *one.secondary_opts)}
        assert {word for word in rest if word.startswith("--")} <= options


@pytest.mark.parametrize("asked", queries())
def test_a_query_runs_on_a_published_store(asked, audited):
    known = questions()
    answer = query(Store(audited.home), known[asked].read_text(encoding="utf-8") if asked in known else asked)
    assert asked in known or not answer.is_empty()


@pytest.mark.parametrize(("page", "title", "text"), [*blocks("yaml"), *blocks("csv")])
def test_a_declaration_is_taken_by_what_reads_its_file(page, title, text, tmp_path):
    file = tmp_path / Path(title).name
    file.write_text(text, encoding="utf-8")
    match Path(title).parts[1:]:
        case ("systems.yaml",):
            assert load_entries(file, "systems", "mcas_assets.systems")
        case ("labellers.yaml",):
            assert not load_entries(file, "labellers", "mcas_assets.labellers").unusable
        case ("audits", name):
            audit = load_audit(file)
            assert f"{audit.audit}.yaml" == name
            assert set(audit.embedders) <= set(load_embedders())
            assert populations_of(audit)
        case ("policies", _):
            policy = load_policy(file)
            for audit in policy.audits:
                require_fit(policy, load_audit(audit))
        case ("canaries", _):
            assert load_canary(file.stem, tmp_path)
        case ("populations", _):
            assert load_population(file.stem, tmp_path)
        case _:
            pytest.fail("the block does not say in its title which file it is of")


@pytest.mark.parametrize(("page", "title", "text"), blocks("python"))
def test_python_runs_on_a_published_store(page, title, text, audited, monkeypatch):
    monkeypatch.setenv("MCAS_HOME", str(audited.home))
    exec(compile(text, str(page), "exec"), {})


def test_every_file_that_is_named_is_there():
    examples = {block.values[1] for block in (*blocks("yaml"), *blocks("csv"))} | {"data/audits/phantom-64.yaml"}
    named = {text for text in inline() if PLACES.fullmatch(text) and not text.startswith("data/home")}
    assert sorted(place for place in named - examples if not (ROOT / place).exists()) == []


def test_the_architecture_names_every_package_and_no_other():
    tree = re.search(r"```\nmcas_assets/\n(.*?)\nsql/", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.S)
    assert tree is not None
    told = re.findall(r"^  (\w+)/ ", tree[1], re.M)
    assert sorted(told) == sorted(path.parent.name for path in (ROOT / "mcas_assets").glob("*/__init__.py"))


@pytest.mark.long
def test_the_site_is_built_strictly_and_fetches_nothing_from_elsewhere(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], check=True, cwd=tmp_path)
    pages = list((tmp_path / "dist" / "docs").rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        html = page.read_text(encoding="utf-8")
        assert re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"']?(?:https?:)?//[^>]*", html) == []
