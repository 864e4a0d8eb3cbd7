"""Drawing: the same every time, every tone and pose, and a body that nothing hides."""

import numpy as np
import pytest

from mcas_assets.phantom.draw import FIGURES, MONK, POSES, SIZE, bank, draw, silhouettes
from mcas_assets.phantom.reader import _shrunk
from mcas_assets.phantom.world import ALL

SLUGS = tuple(concept.slug for concept in ALL)


def rgb(colour: str) -> list[int]:
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def body(figure: str, pose: tuple[int, int]) -> np.ndarray:
    """Where the body below the head is fully covered, (64, 64) bool."""
    inside = _shrunk(silhouettes(figure, pose)[0]) > 0.99
    return inside & (np.arange(SIZE)[:, None] > 24 + pose[1])


def test_a_picture_is_the_same_every_time():
    first = draw("nurse", "woman", 3, (1, -1))
    silhouettes.cache_clear()
    np.testing.assert_array_equal(first, draw("nurse", "woman", 3, (1, -1)))
    assert first.shape == (SIZE, SIZE, 3)
    assert first.dtype == np.uint8


@pytest.mark.parametrize("tone", range(10))
def test_the_body_has_the_monk_tone_to_the_digit(tone):
    for figure in FIGURES:
        picture = draw("person", figure, tone, (0, 0))
        assert (picture[body(figure, (0, 0))] == rgb(MONK[tone])).all()


def test_head_wear_props_and_scenery_never_hide_the_body():
    for slug in SLUGS:
        for figure in FIGURES:
            for pose in POSES:
                picture = draw(slug, figure, 0, pose)
                assert (picture[body(figure, pose)] == rgb(MONK[0])).all(), (slug, figure, pose)


def test_a_pose_shifts_the_figure_by_whole_pixels():
    middle, shifted = draw("person", "man", 5, (0, 0)), draw("person", "man", 5, (1, -1))
    np.testing.assert_array_equal(np.roll(middle, (1, -1), (1, 0)), shifted)
    assert len(set(POSES)) == len(POSES) == 9


def test_no_two_pictures_of_the_world_are_the_same():
    pictures = bank(SLUGS[:4]).reshape(-1, SIZE * SIZE * 3)
    assert len(pictures) == 4 * 2 * 10 * len(POSES)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_what_is_not_of_this_world_cannot_be_drawn():
    with pytest.raises(KeyError):
        draw("astronaut", "man", 0, (0, 0))
    with pytest.raises(KeyError):
        draw("nurse", "robot", 0, (0, 0))
