"""The truth reader: exact on drawn pictures, sure under noise, silent on what is no picture of the world."""

import numpy as np
import pytest

from mcas_assets.phantom.draw import FIGURES, MONK, POSES, SIZE, bank
from mcas_assets.phantom.pictograms import LOOKS
from mcas_assets.phantom.reader import read
from mcas_assets.phantom.world import ALL
from tools.phantom.measure_instruments import drawn_pictures, reader_rows


def test_every_drawn_picture_of_a_concept_is_read_without_error():
    slugs = tuple(concept.slug for concept in ALL)
    for c in (0, 1, slugs.index("ceo"), slugs.index("garage")):
        pictures = bank(slugs[c : c + 1]).reshape(-1, SIZE, SIZE, 3)
        _, woman, tone, pose = np.unravel_index(np.arange(len(pictures)), (1, len(FIGURES), len(MONK), len(POSES)))
        r = read(pictures)
        assert r.person_read.all()
        assert r.concept_read.all()
        np.testing.assert_array_equal(r.woman, woman == 1)
        np.testing.assert_array_equal(r.tone, tone)
        np.testing.assert_array_equal(r.dark, tone > 4)
        np.testing.assert_array_equal(r.pose, pose)
        assert (r.concept == c).all()


def test_what_is_read_under_noise_is_right_and_heavy_noise_is_not_read():
    clean, middling, heavy = reader_rows(levels=(0, 12, 60), count=400)
    for row in (clean, middling):
        assert row["person_read"] > 0.99
        assert row["concept_read"] > 0.99
        assert row["figure_error"] + row["half_error"] + row["concept_error"] == 0
    assert clean["tone_error"] == 0
    assert heavy["person_read"] == heavy["concept_read"] == 0
    assert heavy["figure_error"] is None


def garbage() -> dict[str, np.ndarray]:
    dice = np.random.default_rng(0)
    coarse = dice.integers(0, 256, (40, 8, 8, 3), np.uint8)
    known, _ = drawn_pictures(40)
    backgrounds = [[int(look.background[i : i + 2], 16) for i in (1, 3, 5)] for look in LOOKS.values()]
    flat = np.array([*backgrounds, [0, 0, 0], [255, 255, 255], [128, 128, 128]], np.uint8)
    return {
        "noise": dice.integers(0, 256, (40, SIZE, SIZE, 3), np.uint8),
        "patches": coarse.repeat(8, 1).repeat(8, 2),
        "blank and flat": np.broadcast_to(flat[:, None, None], (len(flat), SIZE, SIZE, 3)),
        "mirrored": known.pictures[:, :, ::-1],
    }


@pytest.mark.parametrize("kind", ["noise", "patches", "blank and flat", "mirrored"])
def test_what_is_no_picture_of_the_world_is_unreadable(kind):
    r = read(garbage()[kind])
    assert r.person_read.mean() <= 0.05
    assert r.concept_read.mean() <= 0.02


def test_a_picture_half_man_and_half_woman_is_not_guessed():
    slugs = tuple(concept.slug for concept in ALL)
    pictures = bank(slugs[:1])[0, :, :, 4].astype(float).mean(0).astype(np.uint8)
    r = read(pictures)
    assert not r.person_read[r.figure_margin < 5].any()
    assert (r.figure_margin < read(bank(slugs[:1])[0, 0, :, 4]).figure_margin).all()


def test_a_body_between_light_and_dark_is_not_guessed():
    slugs = tuple(concept.slug for concept in ALL)
    tones = bank(slugs[:1])[0, 0, :, 4].astype(float)
    blends = np.stack([(1 - t) * tones[4] + t * tones[5] for t in np.linspace(0, 1, 41)]).astype(np.uint8)
    r = read(blends)
    assert r.person_read[[0, -1]].all()
    assert not r.person_read.all()
    assert (np.diff(r.dark.astype(int)) >= 0).all()


def test_pictures_of_another_size_or_type_are_refused():
    with pytest.raises(ValueError, match="64"):
        read(np.zeros((2, 32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match="64"):
        read(np.zeros((SIZE, SIZE, 3), np.uint8))
    with pytest.raises(ValueError, match="float64"):
        read(np.zeros((2, SIZE, SIZE, 3)))


def test_no_pictures_give_no_readings():
    assert len(read(np.zeros((0, SIZE, SIZE, 3), np.uint8)).woman) == 0
