"""The pages in a real browser: from a number to its images, by mouse and keyboard; hostile text is text; nothing is written."""

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from mcas_assets.store.database import Store
from mcas_assets.store.publication import query
from tests.pages.conftest import HOSTILE
from tools.served import served

pytestmark = pytest.mark.timeout(300)


def pages_of(shown) -> dict[str, str]:
    before, after = quote(shown.before), quote(shown.after)
    of = f"audit={shown.audit}&version={before}"
    return {
        "overview": "/",
        "version": f"/version?{of}",
        "concept": f"/concept?{of}&axis=gender&concept=ceo",
        "images": f"/images?{of}&axis=gender&concept=ceo",
        "image": f"/image?{of}&image={image_of(shown)}",
        "comparison": f"/comparison?audit={shown.audit}&before={before}&after={after}",
        "trend": f"/trend?audit={shown.audit}&system=phantom-updated",
        "trust": f"/trust?{of}",
        "map": f"/map?{of}",
    }


def image_of(shown) -> str:
    """The id of an image of a hostile prompt."""
    asked = f"select min(image_id) from images where concept = 'ceo' and system_version = '{shown.before}'"
    return query(shown.store, asked).item()


def files_of(home: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in home.rglob("*") if path.is_file()}


def test_every_page_opens_without_a_fault_asks_no_other_host_and_writes_nothing(shown, site, seen):
    before = files_of(shown.home)
    for name, address in pages_of(shown).items():
        page = seen.open(site + address)
        assert page.locator("h1").count() == 1, name
        assert page.locator("figure.chart").count() == page.locator("figure.chart svg").count(), name
    assert seen.wrong == []
    assert {urlsplit(url).netloc for url in seen.asked if not url.startswith("data:")} == {urlsplit(site).netloc}
    assert files_of(shown.home) == before


def test_a_score_leads_to_its_images_and_an_image_to_its_row(shown, site, seen):
    page = seen.open(site + pages_of(shown)["version"])
    page.locator("table").first.locator("a.number").first.click()
    page.wait_for_url("**/concept?**")
    group = page.locator("section.cell h3 a").first
    n = int(re.sub(r"\D", "", group.inner_text()))
    group.click()
    page.wait_for_url("**/images?**")
    assert page.locator(".tile img").count() == n
    page.locator(".tile a").first.click()
    page.wait_for_url("**/image?**")
    facts = page.locator("table.facts").inner_text()
    assert re.search(r"sha256\s+[0-9a-f]{64}", facts)
    assert re.search(r"mcas redraw [0-9a-f]{12}", facts)
    assert page.locator("text=phantom-balanced").count() > 1  # of labels and of cosines


def test_every_number_is_a_link_to_what_it_was_made_from(shown, site, seen):
    for name in ("overview", "version", "concept", "image", "comparison", "trend", "trust"):
        page = seen.open(site + pages_of(shown)[name])
        assert [one.get_attribute("title") for one in page.locator("span.number").all()] == [], name
        assert name == "trust" or page.locator("a.number").count() > 0, name
    page = seen.open(site + pages_of(shown)["overview"])
    page.locator("table td.n a").first.click()
    page.wait_for_url("**/images?**role=concept**")
    assert page.locator(".tile img").count() == 12  # six of each of two concepts
    page = seen.open(site + pages_of(shown)["concept"])
    page.locator("table a.number").first.click()
    page.wait_for_url("**/images?**concept=ceo**")


def test_a_score_of_texts_alone_leads_to_its_words(shown, site, seen):
    page = seen.open(site + pages_of(shown)["concept"])
    words = page.locator("details[id^=words]")
    assert not words.locator("table").is_visible()
    page.locator("table").first.locator("tbody tr").first.locator("a.number").last.click()
    words.locator("table").wait_for(state="visible")
    assert {"man", "woman"} <= set(words.locator("tbody td:nth-child(3)").all_inner_texts())


def test_the_page_of_an_image_says_how_it_came_to_be_and_is_walked_by_keyboard(shown, site, seen):
    page = seen.open(site + pages_of(shown)["image"])
    facts = page.locator("table.facts").inner_text()
    for name in ("outcome", "prompt", "seed", "size", "image", "sha256", "batch", "made on", "draw it again"):
        assert re.search(rf"^{name}\t.*\S", facts, re.MULTILINE), name
    assert f"what the system made of it\t{HOSTILE} at work" in facts
    assert page.locator("figure.whole img").evaluate("image => image.naturalWidth") == 64
    page.locator("figure.whole a").focus()
    with page.expect_download() as saved:  # the file as it came
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename.removesuffix(".png") in facts
    page.locator(".ways a", has_text="ceo").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/concept?**concept=ceo**")
    assert [text for text in seen.wrong if "404" not in text] == []


def test_a_point_of_a_chart_is_a_link(shown, site, seen):
    page = seen.open(site + pages_of(shown)["version"])
    page.locator("figure.chart svg .mark-symbol path").first.click()
    page.wait_for_url("**/concept?**")


def test_images_are_walked_through_by_the_arrow_keys_and_opened_by_enter(shown, site, seen):
    page = seen.open(site + pages_of(shown)["images"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator(".tile a").first.focus()
    second = page.locator(".tile a").nth(1).get_attribute("href")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.getAttribute('href')") == second
    page.keyboard.press("Enter")
    page.wait_for_url("**/image?**")


def test_a_hostile_prompt_is_text_wherever_it_stands(shown, site, seen):
    page = seen.open(site + pages_of(shown)["images"])
    assert HOSTILE in page.locator(".tile img").first.get_attribute("alt")
    page.locator(".tile a").first.click()
    page.wait_for_selector("h1")
    assert page.locator("h1").inner_text() == HOSTILE
    seen.open(site + pages_of(shown)["comparison"])
    seen.open(site + pages_of(shown)["map"])
    page.goto(f"{site}/concept?audit={shown.audit}&version=%3Cscript%3Ealert(3)%3C/script%3E&axis=a&concept=b")
    assert "<script>alert(3)</script>" in page.locator("main").inner_text()
    assert [text for text in seen.wrong if "404" not in text] == []


def test_pairs_stand_above_each_other_and_those_that_changed_first(shown, site, seen):
    page = seen.open(site + pages_of(shown)["comparison"])
    for pairs in page.locator(".pairs ol").all():
        marks = ["changed" in pair.get_attribute("class") for pair in pairs.locator(".pair").all()]
        assert marks == sorted(marks, reverse=True)
    box = [one.bounding_box() for one in page.locator(".pair").first.locator("img").all()]
    assert box[0]["x"] == box[1]["x"]
    assert box[0]["y"] < box[1]["y"]


def test_an_address_goes_on_meaning_the_version_of_the_ledger_that_it_names(shown, site):
    answer = httpx2.get(site + pages_of(shown)["version"])
    assert answer.status_code == 307
    assert re.search(r"&at=\d+$", answer.headers["location"])
    before_it_was_audited = pages_of(shown)["trend"] + "&at=3"
    assert httpx2.get(site + before_it_was_audited).status_code == 404


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/version?audit=tiny&version=nobody@0&at=1", 404), ("/version?audit=tiny&at=1", 404), ("/nothing", 404),
        ("/images?audit=tiny&version=x&at=%C2%B2", 404), ("/?at=99999999999999999", 404), ("/?at=-1", 404),
        ("/pictures/160/..%2F..%2Fstore.duckdb", 404), ("/pictures/160/" + "0" * 64 + ".png", 503),
        ("/pictures/7/" + "0" * 64 + ".png", 404), ("/files/" + "0" * 64, 404), ("/static/..%2Fapp.py", 404),
        ("/average/mean?audit=tiny", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_a_sentence(site, address, status):
    answer = httpx2.get(site + address, follow_redirects=True)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert len(re.sub(r"<[^>]+>", "", answer.text).strip()) > 40


def test_pictures_are_named_by_their_bytes_and_kept_by_the_browser(shown, site):
    text = httpx2.get(site + pages_of(shown)["images"], follow_redirects=True).text
    picture = re.findall(r'src="(/pictures/[^"]+)"', text)[0]
    answer = httpx2.get(site + picture)
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    file = httpx2.get(site + picture.replace("/pictures/160/", "/files/"))
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["x-content-type-options"] == "nosniff"


def test_a_home_without_a_published_copy_says_what_fills_it(tmp_path):
    with served(Store(tmp_path)) as address:
        answer = httpx2.get(address)
    assert answer.status_code == 503
    assert "mcas audit" in answer.text
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_name_is_refused(site):
    assert httpx2.get(site, headers={"Host": "evil.example"}).status_code == 421
