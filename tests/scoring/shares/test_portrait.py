"""Tones of drawn heads whose tone, light and exposure are known; and what cannot be read, with its reason."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.portrait import (
    CAST,
    FEW_PIXELS,
    NO_COLOUR,
    NO_FACE,
    NO_SKIN,
    SEVERAL_COLOURS,
    SEVERAL_TONES,
    Face,
    light_of,
    read_portrait,
)
from mcas_assets.scoring.shares.skin_tone import PERLA_HEX, UNREADABLE, ita_of_lab, perla_tone_of_lab, srgb_to_lab
from tests.labellers.heads import FACE, SIZE, head, rgb

TONES = range(1, 11)
SEEDS = range(4)
WARM, COOL = (1.2, 1.0, 0.75), (0.8, 1.0, 1.2)


def errors(**known: object) -> np.ndarray:
    """(10, 4) read less drawn, of each tone over several grounds."""
    found = [[read_portrait(head(tone, seed=seed, **known), [FACE]) for seed in SEEDS] for tone in TONES]  # ty: ignore[invalid-argument-type]
    assert all(one.monk != UNREADABLE for row in found for one in row)
    return np.array([[one.monk - tone for one in row] for tone, row in zip(TONES, found, strict=True)])


def test_every_tone_is_read_as_it_was_drawn_in_neutral_light():
    found = errors()
    assert np.abs(found).max() <= 1
    assert np.abs(found).mean() <= 0.05


@pytest.mark.parametrize("light", [WARM, COOL])
def test_a_cast_is_taken_off_and_without_that_light_tones_are_read_wrong(light):
    assert np.abs(errors(light=light)).mean() <= 0.1
    shown = [read_portrait(head(tone, light=light), [FACE]).monk_as_shown - tone for tone in (1, 2, 3, 4)]
    assert np.abs(shown).max() == 2


@pytest.mark.parametrize(("exposure", "most"), [(0.7, 2), (1.3, 2), (0.5, 4)])
def test_exposure_cannot_be_taken_off_and_its_error_is_as_documented(exposure, most):
    """docs/how-to/label-with-another-instrument.md: half the light makes the lightest tone four darker, the darkest none."""
    found = errors(exposure=exposure)
    assert np.abs(found).max() <= most
    assert (np.sign(found[np.abs(found) > 0.5]) == (1 if exposure < 1 else -1)).all()


def test_the_light_that_was_known_is_estimated():
    pixels = head(5, light=WARM, seed=3)
    found = light_of(pixels, srgb_to_lab(pixels), [FACE])
    expected = np.array(WARM) / np.mean(WARM)
    assert found.is_known
    assert found.colour == pytest.approx(expected, abs=0.06)
    assert found.cast == pytest.approx(11, abs=2)


def test_a_ground_of_one_colour_tells_no_light_so_none_is_taken_off():
    found = read_portrait(head(3, ground="one"), [FACE])
    assert found.light is not None
    assert (found.light.is_known, found.monk, found.monk_as_shown) == (False, 3, 3)


def test_the_scales_stand_beside_each_other():
    light, dark = (read_portrait(head(tone), [FACE]) for tone in (2, 9))
    assert light.ita is not None
    assert dark.ita is not None
    assert light.perla is not None
    assert dark.perla is not None
    assert light.ita > 70
    assert dark.ita < -70
    assert light.perla < 5
    assert dark.perla > 9
    assert [
        perla_tone_of_lab(srgb_to_lab([int(code[i : i + 2], 16) for i in (1, 3, 5)])) for code in PERLA_HEX
    ] == list(range(1, 12))
    assert ita_of_lab([60.0, 0.0, 10.0]) == pytest.approx(45.0)


def smaller(face: Face, by: float) -> Face:
    x, y, width, height = face.box
    middle = np.array([x + width / 2, y + height / 2])
    corner = middle - np.array([width, height]) * by / 2
    return Face((*corner.tolist(), width * by, height * by), middle + (face.points - middle) * by)


def two_heads(other: int) -> tuple[np.ndarray, list[Face]]:
    pixels = np.concatenate([head(2), head(other, seed=1)], axis=1)
    moved = Face((FACE.box[0] + SIZE, *FACE.box[1:]), FACE.points + np.array([SIZE, 0]))
    return pixels, [FACE, moved]


def test_what_cannot_be_read_has_a_reason():
    pixels = head(5)
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert read_portrait(pixels, []).reason == NO_FACE
    assert read_portrait(grey, [FACE]).reason == NO_COLOUR
    assert read_portrait(pixels, [smaller(FACE, 0.3)]).reason == FEW_PIXELS
    assert read_portrait(head(5, light=(1.2, 0.5, 0.15)), [FACE]).reason == CAST
    blue = pixels.copy()
    blue[100:240, 100:220] = (20, 60, 220)
    assert read_portrait(blue, [FACE]).reason == NO_SKIN
    patched = pixels.copy()
    patched[170:205, 110:150], patched[170:205, 170:210] = rgb(1), rgb(10)
    assert read_portrait(patched, [FACE]).reason == SEVERAL_COLOURS
    assert read_portrait(*two_heads(9)).reason == SEVERAL_TONES
    assert read_portrait(*two_heads(3)).monk == 2
    assert all(read_portrait(pixels, [face]).monk in (UNREADABLE, 5) for face in (FACE, smaller(FACE, 0.3)))


def test_hair_over_the_forehead_is_no_skin():
    pixels = head(2)
    pixels[100:140, 90:230] = (20, 15, 10)
    assert read_portrait(pixels, [FACE]).monk == 2
