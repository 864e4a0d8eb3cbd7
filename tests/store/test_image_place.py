"""Where the images of a home lie is fixed by the home, whatever is declared later, and a bucket is of one home."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.store import files, image_place
from mcas_assets.store.image_place import OWNER, RECORD, objects_of, settle_images


@pytest.fixture
def home(home_in_a_bucket):
    return home_in_a_bucket


def address(home: Path) -> str | None:
    return None if (objects := objects_of(home)) is None else objects.address


def test_without_a_declaration_images_lie_in_the_home_and_nothing_is_recorded(new_home):
    settle_images(new_home)
    assert objects_of(new_home) is None
    assert not (new_home / RECORD).exists()


@pytest.mark.parametrize("where", ["MCAS_IMAGES", "mcas.yaml"])
def test_a_home_is_begun_where_it_is_declared_and_knows_it_from_then_on(where, bucket, new_home, tmp_path, monkeypatch):
    if where == "MCAS_IMAGES":
        monkeypatch.setenv("MCAS_IMAGES", bucket.address + "/")
    else:
        (tmp_path / "mcas.yaml").write_text(f"project: p\nimages: {bucket.address}\n")
        monkeypatch.setenv("MCAS_PROJECT", str(tmp_path))
    settle_images(new_home)
    for name in ("MCAS_IMAGES", "MCAS_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    settle_images(new_home)
    sha256, path = files.write_image(new_home, b"a picture", ".png")
    assert bucket.names() == [f"{sha256[:2]}/{sha256}.png"]
    assert files.read_image(new_home, path, sha256) == b"a picture"
    assert files.address_of(new_home, path) == f"{bucket.address}/{sha256[:2]}/{sha256}.png"
    assert not (new_home / "images").exists()


def test_the_variable_stands_before_the_project(bucket, new_home, tmp_path, monkeypatch):
    (tmp_path / "mcas.yaml").write_text("project: p\nimages: s3://another/place\n")
    monkeypatch.setenv("MCAS_PROJECT", str(tmp_path))
    monkeypatch.setenv("MCAS_IMAGES", "file")
    settle_images(new_home)
    assert objects_of(new_home) is None


@pytest.mark.parametrize(
    "given", ["s3://", "http://host/x", "s3://bucket/../other", "bucket", "s3://a b/c", "s3://b?x=1", "/tmp"]
)
def test_what_is_no_place_is_refused(given, new_home, monkeypatch):
    monkeypatch.setenv("MCAS_IMAGES", given)
    with pytest.raises(BadInput, match=r"MCAS_IMAGES: is .* no place of images. Write s3://BUCKET/PREFIX"):
        settle_images(new_home)


def test_a_home_that_has_images_in_its_folder_is_not_split(home, bucket):
    folder = home / "images" / "ab"
    folder.mkdir(parents=True)
    (folder / "ab.png").write_bytes(b"old")
    with pytest.raises(BadInput, match="this home has its images in"):
        settle_images(home)
    assert bucket.server.requests == []


def test_a_place_declared_later_is_refused_and_the_former_one_stands(home, bucket, monkeypatch):
    settle_images(home)
    for other in ("s3://another/place", "file"):
        monkeypatch.setenv("MCAS_IMAGES", other)
        with pytest.raises(BadInput, match=f"is {other}, but this home has its images at {bucket.address}"):
            settle_images(home)
    assert address(home) == bucket.address


def test_a_bucket_of_one_home_is_refused_to_another_which_can_take_another_prefix(home, bucket, tmp_path, monkeypatch):
    settle_images(home)
    other = tmp_path / "other"
    other.mkdir()
    for _ in range(2):
        with pytest.raises(BadInput, match="holds the images of another home"):
            settle_images(other)
        assert objects_of(other) is None
    monkeypatch.setenv("MCAS_IMAGES", f"{bucket.address}/2")
    settle_images(other)
    assert address(other) == f"{bucket.address}/2"


@pytest.mark.parametrize("status", ["403 Forbidden", "503 Service Unavailable"])
def test_a_home_whose_beginning_failed_is_as_it_was_and_goes_on(status, home, bucket, monkeypatch):
    bucket.fail("PUT", 3, status, "Refused")
    with pytest.raises(StoreError, match="store of objects"):
        settle_images(home)
    assert objects_of(home) is None
    bucket.server.faults.clear()
    settle_images(home)
    assert address(home) == bucket.address


def test_a_home_that_was_killed_once_the_bucket_bore_its_mark_knows_it_for_its_own(home, bucket, monkeypatch):
    real = image_place._claim

    def killed(*given: Any) -> None:
        real(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(image_place, "_claim", killed)
        with pytest.raises(KeyboardInterrupt):
            settle_images(home)
    settle_images(home)
    assert json.loads(bucket.read(OWNER)) == {"home": json.loads((home / RECORD).read_text())["home"]}


def test_a_mark_that_somebody_deleted_is_put_again(home, bucket):
    settle_images(home)
    mark = bucket.read(OWNER)
    bucket.delete(OWNER)
    settle_images(home)
    assert bucket.read(OWNER) == mark


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"address": 3, "home": "x", "is_settled": true}',
        '{"address": "s3://b", "home": "x"}',
        "{",
        "\xff",
    ],
)
def test_a_damaged_record_is_told_and_never_taken_for_a_folder(text, new_home):
    (new_home / RECORD).write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match="does not say where this home has its images"):
        objects_of(new_home)
