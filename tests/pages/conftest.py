"""What tests of pages share: a home in which two versions were audited and compared, its pages served, and a browser."""

import json
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.publication import publish
from mcas_assets.store.reading import Published
from tools.browser import CHROMIUM, FLAGS
from tools.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> &amp; [link](http://example.com)'


@dataclass(frozen=True)
class Shown:
    """A home with pages, and what it holds."""

    home: Path
    audit: str
    before: str
    after: str

    @property
    def store(self) -> Store:
        return Store(self.home)


@pytest.fixture(scope="session")
def shown(audited: Any, tiny: Any, made_once: Any) -> Shown:
    """The audit of two versions of the phantom, compared. One prompt is hostile: some images say that they were drawn for it."""
    before = audited.ran.system_version

    def audit(home: Path) -> dict[str, str]:
        import dagster as dg

        from mcas_assets.orchestration.runs import run_audit, run_comparison
        from mcas_assets.stages.workplace import Workplace
        from mcas_assets.systems.find import find_system

        shutil.copytree(audited.home, home)
        with dg.DagsterInstance.ephemeral() as instance:
            after = run_audit(tiny, find_system("phantom-updated"), Workplace(home=home), instance).system_version
            run_comparison(tiny, before, after, Workplace(home=home), instance)
        store = Store(home)
        with store.open() as con:
            con.execute("update images_history set prompt = ? where concept = 'ceo'", [HOSTILE])
            rewritten = json.dumps({"revised_prompt": f"{HOSTILE} at work"})
            con.execute("update image_facts set provider = json_merge_patch(provider, ?)", [rewritten])
        publish(store)
        return {"after": after}

    home, known = made_once("shown", audit)
    return Shown(home, tiny.audit, before, known["after"])


@pytest.fixture
def reader(shown: Shown) -> Reader:
    return Reader(Published(shown.store))


@pytest.fixture(scope="session")
def site(shown: Shown) -> Generator[str]:
    with served(shown.store) as address:
        yield address


class Seen:
    """A page of a browser that keeps what it asked for and what went wrong in it."""

    def __init__(self, page: "Page") -> None:
        self.page = page
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.set_default_timeout(120_000)  # of a machine that is busy; what is there is seen at once
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", self._dismiss)
        page.on("console", lambda told: self.wrong.append(told.text) if told.type == "error" else None)

    def _dismiss(self, dialog: Any) -> None:
        self.wrong.append(dialog.message)
        dialog.dismiss()

    def open(self, address: str) -> "Page":
        self.page.goto(address)
        self.page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
        return self.page


@pytest.fixture
def seen() -> Generator[Seen]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Seen(browser.new_page(viewport={"width": 1200, "height": 900}))
        browser.close()
