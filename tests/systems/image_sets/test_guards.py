"""Every way in which a file of a set may not be taken, each with a real one: an outcome with a reason, never an error."""

import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.image_sets.guards import Limits, inspect

LIMITS = Limits(bytes=1 << 20, pixels=1 << 20)


def encoded(image: Image.Image, format: str = "PNG", **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def bomb(side: int) -> bytes:
    """A whole PNG of side x side black pixels in a few kilobytes, written row by row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


NOISE = Image.effect_noise((64, 64), 80).convert("RGB")
FILES = {
    "bomb beyond Pillow's own limit": (bomb(20_000), "rejected", "decompression bomb"),
    "bomb below Pillow's own limit": (bomb(9_000), "rejected", "more than the 1,048,576 allowed"),
    "empty": (b"", "decode_error", "the file is empty"),
    "a page instead of an image": (b"<!doctype html><h1>404</h1>", "decode_error", "a web page"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "decode_error", "SVG"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "decode_error", "PostScript"),
    "cut png": (encoded(NOISE)[:-2000], "decode_error", "not a whole image"),
    "cut jpeg": (encoded(NOISE, "JPEG")[:-600], "decode_error", "not a whole image"),
    "damaged png": (encoded(NOISE).replace(b"IDAT", b"IDAX", 1), "decode_error", "not a whole image"),
    "black png": (encoded(Image.new("RGB", (64, 64))), "blank", "of one colour all over (#000000)"),
    "black jpeg": (encoded(Image.new("RGB", (64, 64)), "JPEG", quality=90), "blank", "of one colour all over"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_usable_image_is_an_outcome_with_a_reason(name):
    data, outcome, reason = FILES[name]
    found = inspect(data, LIMITS)
    assert (found.outcome, found.image) == (outcome, None)
    assert reason in (found.reason or "")


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_whole_image_of_a_known_format_is_taken_byte_for_byte(format):
    data = encoded(NOISE, format)
    found = inspect(data, LIMITS)
    assert (found.outcome, found.image, found.size, found.provider) == ("ok", data, (64, 64), {})


def test_a_picture_of_one_colour_shows_nothing_and_is_no_refusal():
    found = inspect(encoded(Image.new("RGB", (64, 64), (200, 200, 200))), LIMITS)
    assert (found.outcome, found.reason) == ("blank", "the picture is of one colour all over (#c8c8c8)")


def test_paths_that_leave_the_set_are_rejected_though_what_they_name_is_there(sets, image_folder):
    folder = image_folder([], {"0.png": sets.picture(0)})
    outside = folder.parent / "outside.png"
    outside.write_bytes(sets.picture(1))
    (folder / "link.png").symlink_to(outside)
    (folder / "inner.png").symlink_to(folder / "0.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "pipe.png")
    expected = {
        "0.png": ("ok", ""),
        "./sub/../0.png": ("rejected", "leads out of the set"),
        "../outside.png": ("rejected", "leads out of the set"),
        "sub\\..\\..\\outside.png": ("rejected", "leads out of the set"),
        str(outside): ("rejected", "is an absolute path"),
        "C:\\outside.png": ("rejected", "is an absolute path"),
        "link.png": ("rejected", "a link that leads out of the set"),
        "inner.png": ("rejected", "there twice"),
        "ring.png": ("rejected", "cannot be reached"),
        "sub": ("rejected", "is not a file"),
        "pipe.png": ("rejected", "is not a file"),
        "a\0b.png": ("rejected", "is no name of a file"),
        "x" * 300: ("rejected", "cannot be reached"),
        "\ud800.png": ("rejected", "cannot be reached"),
        "absent.png": ("missing", "the set has no file 'absent.png'"),
    }
    system = sets.declared(image_folder([{"file_name": name, "prompt": "a nurse"} for name in expected], {}))
    found = list(system.take(sets.records(system)))
    for (name, (outcome, reason)), made in zip(expected.items(), found, strict=True):
        if name == "inner.png":  # a link within the set is fine; that its bytes are there twice shows when it is kept
            assert made.outcome == "ok"
            continue
        assert (name, made.outcome) == (name, outcome)
        assert reason in (made.reason or "")


def test_a_file_of_too_many_bytes_is_rejected_unread(sets, image_folder):
    system = sets.declared(image_folder([{"file_name": "0.png", "prompt": "a nurse"}]), max_bytes=10)
    rows = sets.records(system)
    assert rows.select("outcome", "sha256").rows() == [("rejected", None)]
    assert "more than the 10 allowed (max_bytes)" in rows["reason"][0]


def test_links_of_a_hub_snapshot_into_its_blobs_are_followed(sets, tmp_path):
    repo = tmp_path / "hub" / "datasets--org--set"
    snapshot = repo / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    (tmp_path / "hub" / "blobs" / "ab").mkdir(parents=True)
    (tmp_path / "hub" / "blobs" / "ab" / "xet").write_bytes(sets.picture(0))
    (repo / "blobs" / "sha").symlink_to(tmp_path / "hub" / "blobs" / "ab" / "xet")
    (snapshot / "0.png").symlink_to("../../blobs/sha")
    (snapshot / "metadata.csv").write_text("file_name,prompt\n0.png,a nurse\n")
    assert sets.outcomes(sets.declared(snapshot)) == [("a nurse", None, "ok")]


def test_an_image_that_changes_after_the_set_was_identified_is_never_taken(sets, image_folder):
    folder: Path = image_folder([{"file_name": "0.png", "prompt": "a nurse"}])
    system = sets.declared(folder)
    rows = sets.records(system)
    (folder / "0.png").write_bytes(sets.picture(5))
    with pytest.raises(BadInput, match="changed since the set was identified"):
        list(system.take(rows))
