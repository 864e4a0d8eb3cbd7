"""Image files: named by their bytes, whole, and checked when read."""

import hashlib
import os

import pytest

from mcas_assets.core.errors import StoreError
from mcas_assets.store import files

DATA = b"not really a picture"
DIGEST = hashlib.sha256(DATA).hexdigest()


def names(home) -> list[str]:
    return sorted(str(file.relative_to(home)) for file in home.rglob("*") if file.is_file())


def test_an_image_lies_under_the_digest_of_its_bytes(tmp_path):
    assert files.write_image(tmp_path, DATA, ".png") == (DIGEST, f"images/{DIGEST[:2]}/{DIGEST}.png")
    assert names(tmp_path) == [f"images/{DIGEST[:2]}/{DIGEST}.png"]
    assert files.read_image(tmp_path, f"images/{DIGEST[:2]}/{DIGEST}.png", DIGEST) == DATA


def test_writing_again_leaves_the_file_alone(tmp_path):
    _, path = files.write_image(tmp_path, DATA, ".png")
    os.utime(tmp_path / path, (1, 1))
    files.write_image(tmp_path, DATA, ".png")
    assert (tmp_path / path).stat().st_mtime == 1


def test_writing_again_mends_a_file_whose_bytes_were_changed(tmp_path):
    _, path = files.write_image(tmp_path, DATA, ".png")
    (tmp_path / path).write_bytes(b"half a pic")
    files.write_image(tmp_path, DATA, ".png")
    assert (tmp_path / path).read_bytes() == DATA


def test_a_batch_keeps_its_order_and_repeats(tmp_path):
    kept = files.write_images(tmp_path, [b"b", b"a", b"b"], ".png")
    assert [digest for digest, _ in kept] == [hashlib.sha256(data).hexdigest() for data in (b"b", b"a", b"b")]
    assert len(names(tmp_path)) == 2


def test_a_changed_image_is_told(tmp_path):
    _, path = files.write_image(tmp_path, DATA, ".png")
    (tmp_path / path).write_bytes(DATA[:-1] + b"!")
    with pytest.raises(StoreError, match="changed behind the store's back"):
        files.read_image(tmp_path, path, DIGEST)


def test_a_deleted_image_is_told(tmp_path):
    _, path = files.write_image(tmp_path, DATA, ".png")
    (tmp_path / path).unlink()
    with pytest.raises(StoreError, match="deleted behind the store's back"):
        files.read_image(tmp_path, path, DIGEST)


@pytest.mark.parametrize("path", ["../secret.png", "images/../../secret.png", "/etc/passwd", "store.duckdb"])
def test_a_path_that_leaves_the_images_is_refused(tmp_path, path):
    with pytest.raises(StoreError, match="not the path of a kept image"):
        files.read_image(tmp_path, path, DIGEST)


@pytest.mark.parametrize("suffix", ["png", "", "./x", ".PNG"])
def test_a_strange_suffix_is_refused(tmp_path, suffix):
    with pytest.raises(ValueError, match="suffix"):
        files.write_image(tmp_path, DATA, suffix)


def test_a_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match="the disk is full"):
        files.write_image(tmp_path, DATA, ".png")
    assert names(tmp_path) == []


def test_the_sweep_removes_what_killed_writers_left_and_nothing_else(tmp_path):
    files.write_image(tmp_path, DATA, ".png")
    kept = names(tmp_path)
    (tmp_path / "images" / ".tmp" / "old.png").write_bytes(b"half")
    (tmp_path / ".published-1.tmp").write_bytes(b"half")
    assert files.sweep(tmp_path) == 0  # they may still be written
    assert files.sweep(tmp_path, older_than=-1) == 2
    assert names(tmp_path) == kept
