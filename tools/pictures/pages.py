"""Pictures of the pages, as a browser shows them."""

import io
from pathlib import Path
from urllib.parse import quote, urlencode

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.reading import Published
from tools.browser import CHROMIUM, FLAGS
from tools.served import served

WIDTH = 1200
HEIGHTS = {"overview": 900, "version": 1000, "concept": 900, "comparison": 900, "trend": 800, "trust": 900, "map": 900}
"""Pixels of each picture: as much of a page as says what it is."""


def addresses(store: Store, audit: str, before: str, after: str, axis: str, concept: str) -> dict[str, str]:
    """The address of each page of `HEIGHTS` within a server of the pages.

    Args:
        store: Whose published copy is shown.
        audit: Its name.
        before: A system version, its beginning or a system's name; pages of one version are of it.
        after: The same, the later one.
        axis: Of the audit.
        concept: Of the audit.

    Raises:
        NotThere: One of them was not audited.
    """
    reader = Reader(Published(store))
    of, later = reader.resolve(audit, before), reader.resolve(audit, after)
    one = {"audit": audit, "version": of}
    asked = {
        "overview": {}, "version": one, "concept": one | {"axis": axis, "concept": concept}, "trust": one, "map": one,
        "comparison": {"audit": audit, "before": of, "after": later},
        "trend": {"audit": audit, "system": of.rpartition("@")[0]},
    }  # fmt: skip
    return {
        page: f"/{'' if page == 'overview' else page}?{urlencode(keys, quote_via=quote)}"
        for page, keys in asked.items()
    }


def draw(store: Store, pages: dict[str, str], folder: Path) -> list[Path]:
    """A picture of each page as `view-<page>.png`.

    Args:
        store: Whose published copy is shown.
        pages: See `addresses`.
        folder: Where pictures go.

    Returns:
        The files.
    """
    with served(store) as site, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": WIDTH, "height": max(HEIGHTS.values())})
        files = []
        for page, address in pages.items():
            opened.goto(site + address)
            files.append(_kept(_shot(opened, page), folder / f"view-{page}.png"))
        browser.close()
    return files


def _shot(opened: Page, page: str) -> bytes:
    opened.wait_for_selector("html[data-drawn]", state="attached")
    opened.wait_for_load_state("networkidle")
    if page == "map":  # with the image under the cursor
        opened.locator("figure.chart svg .mark-symbol.role-mark path").last.hover()
        opened.wait_for_function("document.querySelector('#vg-tooltip-element img')?.naturalWidth > 0")
    return opened.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": HEIGHTS[page]})


def _kept(data: bytes, file: Path) -> Path:
    picture = Image.open(io.BytesIO(data)).convert("RGB").quantize(255, dither=Image.Dither.NONE)
    picture.save(file, optimize=True)
    return file
