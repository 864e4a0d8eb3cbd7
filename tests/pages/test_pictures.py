"""Pictures of pages: small ones are as the files are, averages and spreads are those of the pixels, nothing else is read."""

import io

import numpy as np
import pytest
from PIL import Image

from mcas_assets.core.errors import BadInput, StoreError
from mcas_assets.pages.pictures import Pictures, kept_of
from mcas_assets.pages.reader import NotThere
from mcas_assets.store.files import write_image


def png(shade: int, size: tuple[int, int] = (40, 20)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=int)


def test_a_small_picture_has_the_longer_side_that_was_asked_for_and_a_smaller_one_stays_as_it_is(tmp_path):
    pictures = Pictures(tmp_path)
    large, small = (kept_of(*write_image(tmp_path, png(100, size), ".png")) for size in ((800, 400), (40, 20)))
    assert pixels(pictures.small(large, 160)).shape == (80, 160, 3)
    assert (pixels(pictures.small(small, 160)) == 100).all()


def test_an_average_and_a_spread_are_those_of_the_pixels(tmp_path):
    kept = tuple(kept_of(*write_image(tmp_path, png(shade), ".png")) for shade in (60, 100))
    mean, spread, n = Pictures(tmp_path).average(kept)
    assert n == 2
    assert np.abs(pixels(mean) - 80).max() <= 2
    assert np.abs(pixels(spread) - 40).max() <= 2  # the deviation is 20 of at most 127.5


def test_what_is_no_kept_picture_is_not_read(tmp_path):
    (tmp_path / "store.duckdb").write_bytes(b"secret")
    pictures = Pictures(tmp_path)
    for kept in (("../store", ".duckdb"), ("0" * 64, "/../../store.duckdb"), ("0" * 63, ".png")):
        with pytest.raises(NotThere):
            pictures.original(kept)
    with pytest.raises(StoreError, match="deleted"):
        pictures.original(("0" * 64, ".png"))


def test_a_file_that_was_changed_is_not_shown(tmp_path):
    sha256, path = write_image(tmp_path, png(1), ".png")
    (tmp_path / path).write_bytes(png(2))
    with pytest.raises(BadInput, match="digest differs"):
        Pictures(tmp_path).small(kept_of(sha256, path), 160)
