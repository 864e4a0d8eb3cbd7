"""Provenance marks: pictures that are signed here are read back with issuer and source type, and spoiled marks are not valid."""

import io
import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from PIL import Image
from starlette.testclient import TestClient

from mcas_assets.cli.app import app
from mcas_assets.export.tables import read
from mcas_assets.measure import marks
from mcas_assets.measure.marks import C2paReader, Mark, read_all_marks, read_marks
from mcas_assets.pages.app import build_app
from mcas_assets.pages.reader import Reader
from mcas_assets.store.database import Store
from mcas_assets.store.files import write_image
from mcas_assets.store.publication import publish, query, questions
from mcas_assets.store.reading import Published
from tests.mutations import spoiled
from tests.signing import TRAINED, signed

READER = C2paReader()


def picture(format: str = "PNG", colour: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.radial_gradient(colour).convert("RGB").save(buffer, format)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def marked() -> bytes:
    return signed(picture())


@pytest.mark.parametrize(("format", "suffix", "kind"), [
    ("PNG", ".png", "image/png"), ("JPEG", ".jpg", "image/jpeg"), ("WEBP", ".webp", "image/webp"), ("TIFF", ".tif", "image/tiff"),
])  # fmt: skip
def test_a_signed_picture_says_that_it_is_valid_by_whom_and_of_what_source_type(format, suffix, kind):
    found = READER.mark(signed(picture(format), kind), suffix)
    assert found == Mark(True, True, "A maker of images", TRAINED, "a-model")


def test_a_picture_without_a_mark_has_none():
    assert READER.mark(picture(), ".png") == Mark(has_mark=False)
    assert READER.mark(picture() + b"c2pa", ".png") == Mark(has_mark=False)


def test_a_mark_of_another_picture_is_not_valid_and_says_why(marked):
    changed = bytearray(marked)
    changed[-100] ^= 1  # within the pixels
    found = READER.mark(bytes(changed), ".png")
    assert (found.has_mark, found.is_valid) == (True, False)
    assert "dataHash.mismatch" in (found.reason or "")


def test_half_of_a_signed_picture_has_a_mark_that_cannot_be_read(marked):
    found = READER.mark(marked[: len(marked) // 2], ".png")
    assert (found.has_mark, found.is_valid) == (True, False)
    assert (found.reason or "").startswith("cannot be read")


def test_a_spoiled_mark_is_valid_only_where_nothing_of_it_was_changed(marked):
    dice = random.Random(3)
    for _ in range(60):
        data = spoiled(marked, dice)
        found = READER.mark(data, ".png")
        assert not found.is_valid or data == marked
        assert found.is_valid or not found.has_mark or found.reason


def test_nothing_is_fetched(marked, monkeypatch):
    def refused(*_: object) -> None:
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr("socket.socket.connect", refused)
    assert READER.mark(marked, ".png").is_valid
    assert marks._SETTINGS["verify"] == {"remote_manifest_fetch": False, "ocsp_fetch": False}


@pytest.fixture(scope="module")
def home(audited, tmp_path_factory, marked):
    """A home in which three images of ceo carry a mark, one of which does not fit; the copy is published."""
    home = Path(shutil.copytree(audited.home, tmp_path_factory.mktemp("marked") / "home"))
    store = Store(home)
    broken = bytearray(marked)
    broken[-100] ^= 1
    files = [write_image(home, data, ".png") for data in (marked, signed(picture(), by="Another maker"), bytes(broken))]
    with store.open() as con:
        con.execute("delete from mark_facts")  # as before the extra was installed
        old = con.execute(
            "select distinct sha256 from images_history where concept = 'ceo' order by 1 limit 3"
        ).fetchall()
        for (sha256, path), (former,) in zip(files, old, strict=True):
            for table in ("images_history", "image_facts"):
                con.execute(f"update {table} set sha256 = ?, path = ? where sha256 = ?", [sha256, path, former])
    publish(store)
    return store


def test_what_was_drawn_before_is_read_once_by_repair_and_counted_by_version(home, monkeypatch, capsys):
    monkeypatch.setenv("MCAS_HOME", str(home.home))
    before = query(home, questions()["which-images-are-marked"].read_text())
    assert before.select("images", "read", "marked", "share_valid").rows() == [(42, 0, 0, None)]
    app(["repair"], standalone_mode=False)
    assert "42 images looked at for a provenance mark" in capsys.readouterr().out
    assert read_all_marks(home, READER) == 0
    (row,) = query(home, questions()["which-images-are-marked"].read_text()).to_dicts()
    assert (row["images"], row["read"], row["marked"], row["valid"]) == (42, 42, 3, 2)
    assert row["share_valid"] == pytest.approx(2 / 42)
    assert row["issuers"] == "A maker of images, Another maker"
    assert row["source_types"] == "trainedAlgorithmicMedia"
    assert "dataHash.mismatch" in row["reasons"]


def test_the_page_of_trust_says_how_many_are_marked(home, audited, tiny):
    read_all_marks(home, READER)
    publish(home)
    client = TestClient(build_app(home))
    page = client.get("/trust", params={"audit": tiny.audit, "version": audited.ran.system_version}).text
    section = page.partition("<h2>Provenance marks</h2>")[2].partition("</section>")[0]
    assert "3 of 42 delivered images carry a C2PA mark" in section
    assert "by A maker of images, Another maker, of source type" in section
    assert "trainedAlgorithmicMedia" in section


def test_a_copy_from_before_marks_were_read_has_a_page_of_trust_without_them(audited, tiny, tmp_path):
    store = Store(Path(shutil.copytree(audited.home, tmp_path / "home")))
    with store.open() as con:
        con.execute("drop table mark_facts")
    publish(store)
    keys = {"audit": tiny.audit, "version": audited.ran.system_version}
    answer = TestClient(build_app(store)).get("/trust", params=keys)
    assert (answer.status_code, "Provenance marks" in answer.text) == (200, False)
    assert "mark_facts" not in read(Reader(Published(store)), *keys.values()).tables


def test_evidence_has_the_marks_of_its_images(home, audited, tiny):
    read_all_marks(home, READER)
    publish(home)
    rows = read(Reader(Published(home)), tiny.audit, audited.ran.system_version).tables["mark_facts"]
    assert len(rows) == 42
    assert rows.filter(pl.col("is_valid"))["issuer"].sort().to_list() == ["A maker of images", "Another maker"]


def test_an_audit_reads_the_marks_of_what_it_draws(audited):
    assert audited.rows("select count(*), count(*) filter (has_mark) from mark_facts") == [(42, 0)]


def test_what_is_kept_of_a_file_stands(home):
    images = pl.DataFrame({"sha256": ["0" * 64], "path": [None]}, schema={"sha256": pl.String, "path": pl.String})
    assert read_marks(home, images, READER) == 0
