"""One picture in every container and kind of samples shows the same; what cannot be shown faithfully says why."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from mcas_assets.core.pictures import NotAPicture, Picture, blank, decode, decoder

WIDE, HIGH = 48, 64
_Y, _X = np.mgrid[:HIGH, :WIDE]
SHOWN = np.stack([_X * 5, _Y * 3, (_X + _Y) * 2], -1).clip(0, 255).astype(np.uint8)
IMAGE = Image.fromarray(SHOWN)
GREY = IMAGE.convert("L")
LOSSLESS = {
    "PNG": 0, "WEBP": 0, "BMP": 0, "TIFF": 0, "JPEG2000": 0, "PPM": 0, "TGA": 0, "QOI": 0, "PCX": 0, "SGI": 0,
}  # fmt: skip
LOSSY = {"JPEG": 12, "AVIF": 12, "GIF": 20}  # levels of 255 that compression, or a palette, may move a sample by


def file(image: Image.Image, format: str = "PNG", **keys: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **({"lossless": True} if format == "WEBP" else {}) | keys)
    return out.getvalue()


def apart(data: bytes, expected: np.ndarray = SHOWN) -> int:
    """The largest difference of a sample from what is expected, in levels of 255."""
    found = decode(data).pixels()
    assert found.shape == expected.shape
    return int(np.abs(found.astype(int) - expected).max())


def in_colours(grey: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(grey)[..., None], 3, axis=2)


def chunked(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one chunk more, after its head."""
    more = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + more + data[33:]


@pytest.mark.parametrize(("format", "within"), {**LOSSLESS, **LOSSY}.items())
def test_every_container_shows_the_same_picture(format, within):
    assert apart(file(IMAGE, format)) <= within


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_that_is_stored_turned_is_shown_upright(format, orientation):
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = IMAGE.transpose(back[orientation]) if orientation > 1 else IMAGE
    assert apart(file(stored, format, exif=exif)) <= {**LOSSLESS, **LOSSY}[format]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "TGA", "QOI", "JPEG2000"])
def test_what_is_transparent_shows_white_whatever_colour_it_hides(format):
    clear = IMAGE.convert("RGBA")
    alpha = np.full((HIGH, WIDE), 255, np.uint8)
    alpha[:20] = 0
    alpha[20:30] = 128
    clear.putalpha(Image.fromarray(alpha))
    a = alpha[..., None] / 255
    assert apart(file(clear, format), np.round(SHOWN * a + 255 * (1 - a))) <= 1


def test_transparency_of_palettes_single_colours_and_deep_grey_is_seen():
    palette = IMAGE.quantize(16)
    first = np.asarray(palette) == 0
    flat = np.asarray(palette.convert("RGB")).copy()
    flat[first] = 255
    assert apart(file(palette, transparency=0), flat) == 0
    one = SHOWN.copy()
    one[(SHOWN[5, 5] == SHOWN).all(axis=2)] = 255
    assert apart(file(IMAGE, transparency=tuple(SHOWN[5, 5].tolist())), one) == 0
    deep = np.asarray(GREY).astype(np.uint16) * 257
    lifted = np.where(deep == deep[9, 9], 255, np.asarray(GREY))
    assert apart(file(Image.fromarray(deep), transparency=int(deep[9, 9])), in_colours(lifted)) == 0


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_grey_of_sixteen_bits_is_scaled_and_not_clipped(format):
    deep = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)
    assert apart(file(deep, format), in_colours(np.asarray(GREY))) == 0


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "CMYK", "YCbCr", "P"])
def test_every_mode_shows_the_same_picture(mode):
    if mode in ("L", "LA"):
        assert apart(file(GREY.convert(mode)), in_colours(np.asarray(GREY))) == 0
    elif mode == "P":
        assert np.abs(decode(file(IMAGE.quantize(256))).pixels().astype(int) - SHOWN).mean() < 4
    else:
        assert apart(file(IMAGE.convert(mode), "PNG" if mode == "RGBA" else "TIFF")) <= 3


@pytest.mark.parametrize(("samples", "says"), [(np.float32, "floating-point"), (np.int32, "32 bits")])
def test_samples_whose_white_is_not_stated_are_named_and_not_guessed(samples, says):
    with pytest.raises(NotAPicture, match=says):
        decode(file(Image.fromarray(np.asarray(GREY).astype(samples)), "TIFF"))


def test_a_colour_profile_is_followed_and_that_of_srgb_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    assert apart(file(IMAGE, icc_profile=srgb.tobytes())) == 0
    lab = ImageCms.profileToProfile(IMAGE, srgb, ImageCms.createProfile("LAB"), outputMode="LAB")
    assert lab is not None
    assert np.abs(decode(file(lab, "TIFF")).pixels().astype(int) - SHOWN).mean() < 2
    assert apart(file(IMAGE, icc_profile=b"no profile at all")) == 0


def test_the_gamma_of_a_png_is_followed():
    linear = np.round(255 * (np.arange(256) / 255) ** 0.45455).astype(np.uint8)[SHOWN]
    assert apart(chunked(file(IMAGE), b"gAMA", struct.pack(">I", 100_000)), linear) <= 1
    assert apart(chunked(file(IMAGE), b"gAMA", struct.pack(">I", 45_455))) == 0


def test_wide_colours_without_a_profile_are_named_and_not_taken_for_srgb():
    with pytest.raises(NotAPicture, match="primaries 12, transfer 13"):
        decode(chunked(file(IMAGE), b"cICP", bytes([12, 13, 0, 1])))
    wide = [round(x * 1e5) for x in (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)]
    with pytest.raises(NotAPicture, match="primaries"):
        decode(chunked(file(IMAGE), b"cHRM", struct.pack(">8I", *wide)))
    assert apart(chunked(file(IMAGE), b"cICP", bytes([1, 13, 0, 1]))) == 0


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_shown_and_a_blank_one_says_of_how_many(format):
    after = [IMAGE.transpose(Image.Transpose.ROTATE_180)]
    moving = decode(file(IMAGE, format, save_all=True, append_images=after))
    assert (moving.frames, moving.blank()) == (2, None)
    fading = decode(file(Image.new("RGB", (WIDE, HIGH)), format, save_all=True, append_images=[IMAGE]))
    assert fading.blank() == "the first of its 2 frames is of one colour all over (#000000)"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"), (b"<!DOCTYPE html>", "a web page"), (b'\xef\xbb\xbf<svg xmlns="x"/>', "SVG"), (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"), (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b'{"error": 1}', "JSON"), (b"GIF89a" + bytes(40), "GIF file is damaged|not a whole image"),
        (file(IMAGE)[:100], "not a whole image"),
        (file(IMAGE, "AVIF")[:300], "not a whole image|no image"),
    ],
)  # fmt: skip
def test_what_is_no_picture_says_what_it_is(data, says):
    with pytest.raises(NotAPicture, match=says):
        decode(data)


def test_what_is_too_large_is_not_decoded():
    with pytest.raises(NotAPicture, match="more than the 100 allowed") as caught:
        decode(file(IMAGE), most_pixels=100)
    assert (caught.value.outcome, caught.value.size) == ("rejected", (WIDE, HIGH))


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (Image.new("RGB", (9, 9)), "#000000"),
        (Image.new("L", (9, 9), 255), "#ffffff"),
        (Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "transparent all over"),
        (Image.fromarray(np.random.default_rng(0).integers(120, 126, (9, 9, 3), np.uint8)), "one colour"),
    ],
)
def test_what_shows_nothing_is_blank_whatever_its_colour(image, says):
    assert says in str(decode(file(image)).blank())


def test_drawn_samples_are_judged_as_a_file_of_them_is():
    for samples in (np.zeros((4, 4, 3)), np.full((4, 4, 3), 0.5), np.linspace(0, 1, 48).reshape(4, 4, 3)):
        stored = Picture(Image.fromarray((samples * 255).round().astype(np.uint8)), ".png")
        assert blank(samples) == stored.blank()


def test_the_identity_of_the_decoder_names_its_libraries_and_its_ground():
    assert "pillow" in decoder()
    assert decoder().endswith("on #ffffff")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(LOSSLESS | LOSSY)), st.integers(0, 4000), st.binary(min_size=1, max_size=12), st.booleans()
)
def test_a_damaged_file_is_a_picture_or_says_why_not(format, place, damage, is_cut):
    data = bytearray(file(IMAGE, format))
    place %= len(data)
    data[place : place + len(damage)] = damage
    try:
        assert decode(bytes(data[: place + 1] if is_cut else data), 1 << 20).image.mode == "RGB"
    except NotAPicture as fault:
        assert str(fault)
