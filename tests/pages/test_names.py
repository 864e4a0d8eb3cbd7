"""Files of a set may be named as they like: what stands in a name is text on every page of it, and in a report."""

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import pytest
import yaml

from mcas_assets.pages import freeze
from mcas_assets.pages.concept import Detail
from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from mcas_assets.store.reading import Published
from tests.pages.conftest import Shown
from tools.served import served

pytestmark = pytest.mark.timeout(600)

NAMES = (
    "<img src=x onerror=alert(1)>.png", "\"><script>alert('2')<!--.png", "\u202egnp.reverof\u200f.png", "two\nlines\tand\r.png",
    "100%25 of %2e%2e%2f {{ 7 * 7 }} ${1}.png", "'; drop table images; -- &lt;b&gt; #x?y=z\\.png",
)  # fmt: skip
"""Six, since so many images are kept of each prompt."""


@pytest.fixture(scope="module")
def named(shown: Shown, tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The images of an audit as a set of folders in which every file has such a name, audited."""
    from mcas_assets.orchestration.runs import run_audit
    from mcas_assets.stages.workplace import Workplace
    from mcas_assets.systems.find import find_system

    root = tmp_path_factory.mktemp("named")
    home = Path(shutil.copytree(shown.home, root / "home"))
    asked = (
        "select f.prompt, f.path from images i join image_facts f using (image_id)"
        f" where i.system_version = '{shown.before}' group by all order by all"
    )
    taken: dict[str, int] = {}
    for prompt, path in query(shown.store, asked).iter_rows():
        folder = root / "set" / prompt.replace(" ", "_")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shown.home / path, folder / NAMES[taken.setdefault(prompt, 0)])
        taken[prompt] += 1
    assert set(taken.values()) == {len(NAMES)}
    entry = {"kind": "import", "path": str(root / "set"), "model": "phantom", "format": "tree"}
    file = root / "systems.yaml"
    file.write_text(yaml.safe_dump({"systems": {"named": entry}}))
    with dg.DagsterInstance.ephemeral() as instance:
        ran = run_audit(tiny, find_system("named", file, cache=home / "digests.json"), Workplace(home=home), instance)
    return Shown(home, shown.audit, shown.before, ran.system_version)


@pytest.fixture(scope="module")
def site_of_names(named: Shown) -> Generator[str]:
    with served(Store(named.home)) as address:
        yield address


def test_every_file_is_an_image_of_the_audit(named):
    kept = query(
        named.store, f"select outcome, count(*) from image_facts where system_version = '{named.after}' group by 1"
    )
    assert kept.rows() == [("ok", 7 * len(NAMES))]


def test_the_page_of_an_image_says_which_record_it_was_and_runs_nothing_of_its_name(named, site_of_names, seen):
    of = f"audit={named.audit}&version={quote(named.after)}"
    rows = query(
        named.store,
        "select image_id, record from image_facts where prompt = 'an image of a nurse'"
        f" and system_version = '{named.after}'",
    ).rows()
    assert {record.rpartition("/")[2] for _, record in rows} == set(NAMES)
    for image, record in rows:
        page = seen.page
        page.goto(f"{site_of_names}/image?{of}&image={image}")
        cell = page.locator("table.facts tr", has_text="record of the set").locator("td")
        assert cell.text_content() == record.replace("\r", "\n")  # which is how HTML has it
        assert page.locator("h1").inner_text() == "an image of a nurse"
        assert page.locator("figure.whole img").evaluate("image => image.naturalWidth") > 0
    for address in (f"/version?{of}", f"/images?{of}&concept=nurse", f"/trust?{of}", f"/map?{of}"):
        seen.page.goto(site_of_names + address)
    assert seen.wrong == []
    assert {url.split("/")[2] for url in seen.asked if not url.startswith("data:")} == {site_of_names.split("/")[2]}


def test_a_report_of_it_opens_from_disk_and_names_its_own_files(named, seen, tmp_path):
    reader = Reader(Published(named.store))
    files = freeze.write_folder(
        reader, freeze.version_pages(reader, named.audit, named.after, Detail()), tmp_path / "report"
    )
    seen.open((tmp_path / "report" / "concept-gender-nurse.html").as_uri())
    assert seen.page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert seen.wrong == []
    assert [file.name for file in files if not file.name.isascii() or set(file.name) & set("<>\"'%\n ")] == []
