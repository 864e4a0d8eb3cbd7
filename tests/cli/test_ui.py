"""The Dagster UI on the installation's own instance, in a real browser: lineage, checks and history are there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcas_assets.declare.audit import list_audits, load_audit
from mcas_assets.orchestration.instance import open_instance
from mcas_assets.orchestration.runs import run_audit, run_comparison
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
        workplace = Workplace(home=home)
        names = ("phantom-stereotyped", "phantom-updated")
        versions = [run_audit(small, find_system(name), workplace, instance).system_version for name in names]
        run_comparison(small, *versions, workplace, instance)
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
    listed = page.get_by_text("comparison", exact=True)  # an audit each, near the top of the list beside the graph
    assert listed.count() >= len(list_audits())


def test_the_landing_page_shows_the_run_of_the_command(page):
    page.goto(page.base)
    page.get_by_text("audit_phantom").first.wait_for(timeout=60_000)


@pytest.mark.parametrize(
    ("stage", "address", "table"),
    [
        ("images", "images?audit=phantom", "outcome"),
        ("scores", "version?audit=phantom", "gender: woman ◀ ▶ man"),
        ("representation", "version?audit=phantom", "Who is shown, as labelled"),
        ("comparison", "comparison?audit=phantom", "verdict"),
    ],
)
def test_the_page_of_an_asset_carries_pictures_the_table_of_the_terminal_and_the_way_to_the_pages(
    page, stage, address, table
):
    page.goto(f"{page.base}/assets/phantom/{stage}?view=events")
    page.get_by_text(f"http://127.0.0.1:3333/{address}").first.wait_for(timeout=60_000)
    longer = page.get_by_text("[Show Markdown]")  # which open beside the page; shorter ones stand on it
    longer.first.wait_for(timeout=60_000)
    told = [page.locator("body").inner_text()]
    for place in range(longer.count()):
        longer.nth(place).click(timeout=60_000)
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        told.append(dialog.inner_text())
        for strip in dialog.locator("img[src^='data:image/webp']").all():
            assert strip.evaluate("image => image.naturalWidth") > 0
            told.append("a picture")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
    assert "a picture" in told
    assert any(table in text for text in told), told
