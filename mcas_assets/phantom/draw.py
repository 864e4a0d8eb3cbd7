"""Draw the world: a figure in a skin tone, at a pose, showing a concept, as 64 x 64 RGB.

Drawn at `OVERSAMPLE` times the size and averaged down, so that edges are smooth. The set of possible pictures is finite
(`BANK_SHAPE`), which is what lets small models learn it well.
"""

from functools import cache
from itertools import product

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mcas_assets.phantom.pictograms import INK, LOOKS, Primitive
from mcas_assets.scoring.shares.skin_tone import MONK_HEX

SIZE = 64
OVERSAMPLE = 3
FIGURES = ("man", "woman")
MONK = MONK_HEX
POSES: tuple[tuple[int, int], ...] = tuple(product((-1, 0, 1), (-1, 0, 1)))
HEAD = (22.0, 17.0)
HEAD_RADIUS = 6.0
PROP_ORIGIN = (42.0, 26.0)
OUTLINE = 1.0

# Filled shapes of the body, without head, in pixels at the middle pose: polygons as flat coordinate tuples.
BODIES: dict[str, tuple[tuple[float, ...], ...]] = {
    "man": (
        (15, 25, 29, 25, 29, 42, 15, 42),
        (10, 25, 14, 25, 14, 41, 10, 41),
        (30, 25, 34, 25, 34, 41, 30, 41),
        (15, 42, 21.5, 42, 21.5, 60, 15, 60),
        (22.5, 42, 29, 42, 29, 60, 22.5, 60),
    ),
    "woman": (
        (18, 25, 26, 25, 33, 48, 11, 48),
        (17, 25, 18, 30, 11, 41, 8, 39),
        (27, 25, 26, 30, 33, 41, 36, 39),
        (17, 48, 21, 48, 21, 60, 17, 60),
        (23, 48, 27, 48, 27, 60, 23, 60),
    ),
}


def _paint(pen: ImageDraw.ImageDraw, primitive: Primitive, dx: float, dy: float) -> None:
    """Fill one primitive, shifted by (dx, dy) pixels of the final picture."""
    flat = [OVERSAMPLE * (value + (dy if i % 2 else dx)) for i, value in enumerate(primitive.points)]
    points = list(zip(flat[::2], flat[1::2], strict=True))
    match primitive.kind:
        case "rect":
            (x0, y0), (x1, y1) = points
            pen.rectangle((x0, y0, x1 - 1, y1 - 1), fill=primitive.colour)
        case "oval":
            pen.ellipse((*points[0], points[1][0] - 1, points[1][1] - 1), fill=primitive.colour)
        case "poly":
            pen.polygon(points, fill=primitive.colour)
        case "line":
            pen.line(points, fill=primitive.colour, width=2 * OVERSAMPLE, joint="curve")
        case other:
            raise ValueError(f"unknown primitive {other!r}")


def _silhouette(figure: str, pose: tuple[int, int]) -> Image.Image:
    """The figure as a mask at drawing size: 255 inside head and body."""
    mask = Image.new("L", (SIZE * OVERSAMPLE,) * 2)
    pen = ImageDraw.Draw(mask)
    dx, dy = pose
    (cx, cy), r = HEAD, HEAD_RADIUS
    pen.ellipse([OVERSAMPLE * v for v in (cx - r + dx, cy - r + dy, cx + r + dx, cy + r + dy)], fill=255)
    for body in BODIES[figure]:
        pen.polygon([OVERSAMPLE * (v + (dy if i % 2 else dx)) for i, v in enumerate(body)], fill=255)
    return mask


def _grown(mask: Image.Image) -> Image.Image:
    """The mask widened by the outline."""
    return mask.filter(ImageFilter.MaxFilter(2 * int(OUTLINE * OVERSAMPLE) + 1))


@cache
def silhouettes(figure: str, pose: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """(body mask, body and outline mask) of a figure at a pose, at drawing size."""
    mask = _silhouette(figure, pose)
    return mask, _grown(mask)


def draw(concept: str, figure: str, tone: int, pose: tuple[int, int]) -> np.ndarray:
    """Draw one picture.

    Args:
        concept: A key of `LOOKS`.
        figure: `man` or `woman`.
        tone: Index of the Monk tone, 0 (lightest) to 9.
        pose: Shift of figure, head wear and prop in whole pixels, one of `POSES`.

    Returns:
        uint8 array of shape (64, 64, 3).

    Raises:
        KeyError: If the concept or figure is not of this world.
    """
    look = LOOKS[concept]
    canvas = Image.new("RGB", (SIZE * OVERSAMPLE,) * 2, look.background)
    pen = ImageDraw.Draw(canvas)
    for primitive in look.scenery:
        _paint(pen, primitive, 0, 0)
    dx, dy = pose
    for primitive in look.prop:
        _paint(pen, primitive, PROP_ORIGIN[0] + dx, PROP_ORIGIN[1] + dy)
    inner, outer = silhouettes(figure, pose)
    canvas.paste(INK, mask=outer)
    canvas.paste(MONK[tone], mask=inner)
    for primitive in look.head:
        _paint(pen, primitive, HEAD[0] + dx, HEAD[1] + dy)
    return np.asarray(canvas.reduce(OVERSAMPLE))


def bank(concepts: tuple[str, ...]) -> np.ndarray:
    """Every picture of the given concepts.

    Returns:
        uint8 array of shape (concepts, 2 figures, 10 tones, poses, 64, 64, 3).
    """
    shape = (len(concepts), len(FIGURES), len(MONK), len(POSES), SIZE, SIZE, 3)
    pictures = np.empty(shape, np.uint8)
    for c, f, t, p in np.ndindex(*shape[:4]):
        pictures[c, f, t, p] = draw(concepts[c], FIGURES[f], t, POSES[p])
    return pictures
