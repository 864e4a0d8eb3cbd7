"""The Monk scale in CIELAB."""

import numpy as np
import pytest

from mcas_assets.scoring.shares.skin_tone import MONK_HEX, UNREADABLE, monk_tone_of_lab, monk_tones_of_lab, srgb_to_lab


def test_lab_of_known_colours():
    """Published values of sRGB white, black, red, green and blue under D65."""
    lab = srgb_to_lab([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]])
    expected = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86]]
    np.testing.assert_allclose(lab, expected, atol=0.01)


def test_every_tone_is_nearest_to_itself():
    colours = [[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in MONK_HEX]
    nearest = monk_tones_of_lab(srgb_to_lab(colours))
    assert nearest.tones.tolist() == list(range(1, 11))
    np.testing.assert_allclose(nearest.distances, 0, atol=1e-12)


def test_the_scale_darkens():
    colours = [[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in MONK_HEX]
    lightness = srgb_to_lab(colours)[:, 0]
    assert lightness[0] > 90
    assert lightness[-1] < 20
    assert (np.diff(lightness[3:]) < 0).all()


def test_hue_counts_and_not_lightness_alone():
    assert monk_tones_of_lab(srgb_to_lab([[60, 60, 200]])).tones.tolist() == [UNREADABLE]


def test_the_tone_of_a_picture_is_that_of_its_middle_pixel():
    pixels = [[0xA0, 0x7E, 0x56]] * 5 + [[0, 0, 0]] * 2 + [[255, 255, 255]] * 2
    assert monk_tone_of_lab(srgb_to_lab(pixels)) == 6
    assert monk_tone_of_lab(np.empty((0, 3))) == UNREADABLE
    assert monk_tone_of_lab(srgb_to_lab([[0, 0, 255]] * 4)) == UNREADABLE


def test_channels_outside_0_to_255_are_refused():
    with pytest.raises(ValueError, match="three channels"):
        srgb_to_lab([[0, 0, 256]])
