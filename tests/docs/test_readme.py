"""What the README promises a newcomer: two commands, a picture, three minutes. Its links and commands are held in test_pages."""

import re

import pytest

from mcas_assets.core.paths import ROOT
from mcas_assets.declare.audit import load_audit
from mcas_assets.plan.requests import build_plan

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_two_commands_stand_at_the_top():
    block = re.search(r"## Two commands\n\n```\n(.*?)```", README, re.S)
    assert block is not None
    assert block[1].split("\n")[:2] == ["uv run mcas audit", "uv run pytest"]


def test_the_ci_runs_the_test_command_of_the_readme():
    assert "uv run pytest\n" in (ROOT / ".ci" / "run").read_text()


def test_it_shows_what_an_audit_ends_with():
    assert re.search(r"!\[[^]]+\]\(docs/pictures/audit.png\)", README)


def test_the_first_thing_it_shows_is_who_changed():
    assert re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)[0] == "docs/pictures/pairs.png"


def test_it_is_read_in_three_minutes():
    assert len(README.split()) <= 3 * 250


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/audit-a-folder.md"])
def test_the_images_that_the_gender_audit_is_said_to_take_are_those_that_it_plans(page):
    images = build_plan(load_audit("gender")).unique(["prompt", "seed"]).height
    assert f"28 concepts, {images:,} images, by a panel of three embedders." in " ".join(
        (ROOT / page).read_text().split()
    )
