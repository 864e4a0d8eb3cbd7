"""The Dagster UI on the installation's own instance, in a real browser: lineage, checks and history are there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system
from tests.served import serving
from tools.browser import CHROMIUM, FLAGS

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def audited_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which the phantom audit's declaration was run small."""
    home = tmp_path_factory.mktemp("ui")
    from mcas_assets.declare.audit import load_audit

    declared = load_audit("phantom")
    small = declared.model_copy(
        update={
            "concepts": declared.concepts[:2],
            "images_per_prompt": declared.images_per_prompt.model_copy(
                update={"concept": 2, "attribute": 2, "neutral": 2}
            ),
        }
    )
    instance = open_instance(home)
    try:
        run_audit(small, find_system("phantom-stereotyped"), Workplace(home=home), instance)
    finally:
        instance.dispose()
    return home


@pytest.fixture(scope="module")
def ui(audited_home) -> Iterator[str]:
    with serving(audited_home) as (address, _):
        yield address


@pytest.fixture(scope="module")
def page(ui) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1600, "height": 900})
        opened.base = ui  # ty: ignore[missing-attribute]
        yield opened
        browser.close()


def test_the_lineage_of_an_audit_shows_every_stage(page):
    # The graph draws only the nodes that its window shows, so the window is wide enough for all of them.
    page.set_viewport_size({"width": 7000, "height": 1600})
    page.goto(f"{page.base}/locations/mcas_assets/jobs/audit_phantom")
    for stage in ("plan", "texts", "images", "refusals", "embeddings", "scores", "representation", "publication"):
        page.get_by_text(stage, exact=True).first.wait_for(timeout=60_000)


def test_the_checks_of_a_stage_show_as_passed(page):
    page.goto(f"{page.base}/assets/phantom/images?view=checks")
    page.get_by_text("images_hints").first.wait_for(timeout=60_000)
    page.get_by_text("Passed").first.wait_for(timeout=60_000)


def test_the_history_holds_the_run_of_the_command(page):
    page.goto(f"{page.base}/assets/phantom/scores?view=events")
    page.get_by_text("phantom-stereotyped@").first.wait_for(timeout=60_000)


def test_the_lineage_of_all_audits_opens_unfolded(page):
    page.set_viewport_size({"width": 1600, "height": 900})
    page.goto(f"{page.base}/asset-groups")
    page.get_by_text("publication", exact=True).first.wait_for(timeout=60_000)
    assert page.get_by_text("representation", exact=True).count() >= 3  # one an audit, in the list beside the graph


def test_the_landing_page_shows_the_run_of_the_command(page):
    page.goto(page.base)
    page.get_by_text("audit_phantom").first.wait_for(timeout=60_000)


def test_the_page_of_scores_carries_the_table_of_the_terminal_and_the_way_to_the_pages(page):
    page.goto(f"{page.base}/assets/phantom/scores?view=events")
    page.get_by_text("http://127.0.0.1:3333/version?audit=phantom").first.wait_for(timeout=60_000)
    page.get_by_text("[Show Markdown]").first.click(timeout=60_000)  # longer ones open beside the page
    page.get_by_text("gender: woman ◀ ▶ man").first.wait_for(timeout=60_000)


def test_the_page_of_images_carries_thumbnails_that_are_pictures(page):
    page.goto(f"{page.base}/assets/phantom/images?view=events")
    page.get_by_text("[Show Markdown]").first.click(timeout=60_000)
    strip = page.locator("img[src^='data:image/webp']").first
    strip.wait_for(timeout=60_000)
    assert strip.evaluate("image => image.naturalWidth") > 0
