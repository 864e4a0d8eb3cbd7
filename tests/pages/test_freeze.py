"""A report opens from disk in a real browser and asks nothing of anyone; it says what it leaves out; it prints."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.pages import freeze
from mcas_assets.pages.concept import Detail

pytestmark = pytest.mark.timeout(300)

FEW = Detail(2, with_rows=False, with_poles=False)


def test_a_folder_opens_from_disk_and_every_link_of_it_leads_somewhere(shown, reader, seen, tmp_path):
    pages = freeze.version_pages(reader, shown.audit, shown.before, Detail())
    first, *_ = freeze.write_folder(reader, pages, tmp_path / "report")
    page = seen.open(first.as_uri())
    assert page.locator("figure.chart").count() == page.locator("figure.chart svg").count() > 0
    page.locator("table").first.locator("a.number").first.click()
    page.wait_for_selector("section.cell img")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    page.locator(".tile a").first.click()
    assert page.locator("tr:target").count() == 1  # the row of the image
    assert seen.wrong == []
    assert {url.split(":")[0] for url in seen.asked} <= {"file", "data"}
    for file in first.parent.glob("*.html"):
        text = file.read_text()
        for link in re.findall(r'(?:href|src)="([^"#]+)', text):
            assert link.startswith("data:") or (file.parent / unquote(link)).exists(), (file.name, link)
        ids = set(re.findall(r' id="([^"]+)"', text))
        assert set(re.findall(r'href="#([^"]+)"', text)) <= ids, file.name


def test_one_file_holds_everything_says_what_it_leaves_out_and_prints(shown, reader, seen, tmp_path):
    pages = freeze.version_pages(reader, shown.audit, shown.before, FEW)
    file = freeze.write_file(reader, pages, tmp_path / "report.html")
    page = seen.open(file.as_uri())
    assert seen.wrong == []
    assert {url.split(":")[0] for url in seen.asked if url != file.as_uri()} <= {"data"}
    assert page.locator("figure.chart").count() == page.locator("figure.chart svg").count() > 0
    assert page.locator("text=/^2 of \\d+, drawn by seed 0/").count() > 0
    links = page.eval_on_selector_all("a[href^='#']", "all => all.map(one => one.getAttribute('href').slice(1))")
    assert [link for link in links if page.locator(f"[id='{link}']").count() != 1] == []
    closed = page.locator("details:not([open])").count()
    assert closed > 0
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0  # nobody opens anything on paper
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed
    printed = page.pdf()
    assert printed.startswith(b"%PDF")
    assert len(printed) > 50_000
    assert file.stat().st_size < 5 * 2**20


def test_a_comparison_is_reported_with_its_pairs(shown, reader, tmp_path):
    pages = freeze.comparison_pages(reader, shown.audit, shown.before, shown.after, with_all_pairs=True)
    files = freeze.write_folder(reader, pages, tmp_path / "compared")
    assert "before: " in files[0].read_text()
    assert {file.name for file in files} >= {"index.html", "pairs-gender-nurse.html", "trust.html"}


def test_what_is_there_already_is_not_written_over(shown, reader, tmp_path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        freeze.write_folder(reader, [], tmp_path)
    with pytest.raises(BadInput, match="is there already"):
        freeze.write_file(reader, [], tmp_path / "note.txt")
    assert (tmp_path / "note.txt").read_text() == "mine"


def test_what_cannot_be_written_is_said_with_a_remedy(shown, reader, tmp_path):
    pages = freeze.comparison_pages(reader, shown.audit, shown.before, shown.after, with_all_pairs=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot be written.*--out"):
        freeze.write_file(reader, pages, Path(tmp_path / "file" / "report.html"))
