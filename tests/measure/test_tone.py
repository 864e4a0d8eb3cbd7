"""The tone reader, held against pictures whose tone is known because they were drawn."""

import io

import numpy as np
import pytest
from PIL import Image

from mcas_assets.core.digests import document_digest
from mcas_assets.measure.tone import READS, SalientTone
from mcas_assets.phantom.draw import FIGURES, MONK, POSES, draw
from mcas_assets.phantom.world import ALL
from mcas_assets.scoring.shares.skin_tone import UNREADABLE

READER = SalientTone()


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def readings() -> list[list[int]]:
    """By concept and then by tone, what is read in a drawn figure of that tone."""
    return [
        [
            READER.tone(png(draw(concept.slug, FIGURES[tone % 2], tone, POSES[(tone + number) % len(POSES)])))
            for tone in range(len(MONK))
        ]
        for number, concept in enumerate(ALL)
    ]


def test_drawn_figures_are_read_in_nearly_every_scene_and_never_in_the_wrong_half(readings):
    told, wrong, unreadable = 0, 0, 0
    for of_concept in readings:
        for tone, found in enumerate(of_concept):
            told += found == tone + 1
            wrong += found != UNREADABLE and (found > 5) != (tone + 1 > 5)
            unreadable += found == UNREADABLE
    assert wrong == 0
    assert told >= 0.95 * len(ALL) * len(MONK)
    assert unreadable <= 0.04 * len(ALL) * len(MONK)


def test_a_reader_that_reads_otherwise_has_another_id(readings):
    """If this fails, the reading changed: raise `READS`, and then the digest here."""
    assert (READS, document_digest(readings)[:16]) == ("2", "d9ad09fc38012372")


def portrait(*patches: tuple[int, int, int], background: tuple[int, int, int] = (40, 90, 200)) -> np.ndarray:
    """A block of equal patches on a plain ground, 96 x 96."""
    pixels = np.full((96, 96, 3), background, np.uint8)
    for n, colour in enumerate(patches):
        width = 60 // len(patches)
        pixels[20:80, 18 + n * width : 18 + (n + 1) * width] = colour
    return pixels


def rgb(tone: int) -> tuple[int, int, int]:
    code = MONK[tone - 1]
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


@pytest.mark.parametrize("tone", range(1, 11))
def test_one_tone_before_a_plain_ground_is_read(tone):
    assert READER.tone(png(portrait(rgb(tone)))) == tone


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((64, 64, 3), 200),
        np.random.default_rng(0).integers(0, 256, (64, 64, 3)),
        portrait((0, 255, 0)),
        portrait(rgb(2), rgb(9)),
        portrait(rgb(5), background=rgb(5)),
        np.full((1, 1, 3), 128),
    ],
    ids=["nothing", "noise", "no skin", "two tones", "skin on skin", "one pixel"],
)
def test_what_shows_no_tone_is_unreadable(pixels):
    assert READER.tone(png(pixels)) == UNREADABLE


def test_a_picture_of_any_shape_and_mode_is_read():
    file = io.BytesIO()
    Image.fromarray(portrait(rgb(7))).resize((700, 300)).convert("RGBA").save(file, "PNG")
    assert READER.tone(file.getvalue()) == 7
