"""The look of the drawn world: two figures, and for every concept a head wear, a prop and a background.

Data only, in pixels of the 64 x 64 picture. Primitives are `(kind, coordinates, colour)`; head wear is placed relative to
the centre of the head, props relative to the upper left corner of the space beside the figure (18 x 28 pixels).
"""

from typing import NamedTuple

WHITE, INK, RED, STEEL = "#ffffff", "#20242c", "#d8262f", "#9aa7b4"
GREEN, WOOD, GOLD, BLUE, NAVY = "#2f9e44", "#8a5a2b", "#f5c518", "#2f6fde", "#1c2f6b"


class Primitive(NamedTuple):
    """One filled shape: `rect`, `oval` (corner points), `poly` (points) or `line` (points, three pixels wide)."""

    kind: str
    points: tuple[float, ...]
    colour: str


class Look(NamedTuple):
    """How a concept is shown."""

    background: str
    prop: tuple[Primitive, ...] = ()
    head: tuple[Primitive, ...] = ()
    scenery: tuple[Primitive, ...] = ()


def rect(colour: str, *points: float) -> Primitive:
    """A filled rectangle between two corners."""
    return Primitive("rect", points, colour)


def oval(colour: str, *points: float) -> Primitive:
    """A filled ellipse inside the rectangle between two corners."""
    return Primitive("oval", points, colour)


def poly(colour: str, *points: float) -> Primitive:
    """A filled polygon."""
    return Primitive("poly", points, colour)


def line(colour: str, *points: float) -> Primitive:
    """A stroke of two pixels through the points."""
    return Primitive("line", points, colour)


def cap(colour: str) -> tuple[Primitive, ...]:
    """A cap with a peak to the right."""
    return (rect(colour, -6, -8, 6, -4), rect(INK, 2, -4, 10, -2))


def hard_hat(colour: str) -> tuple[Primitive, ...]:
    """A helmet with a brim."""
    return (oval(colour, -6, -11, 6, 0), rect(colour, -9, -5, 9, -3))


LOOKS: dict[str, Look] = {
    "person": Look("#e8eaee"),
    # occupations
    "nurse": Look(
        "#a8e6c9",
        (rect(RED, 6, 4, 11, 20), rect(RED, 0, 9, 17, 15)),
        (rect(WHITE, -6, -10, 6, -4), rect(RED, -1, -10, 1, -4)),
    ),
    "engineer": Look(
        "#7f8c3a",
        (oval(STEEL, 1, 4, 17, 20), oval(INK, 6, 9, 12, 15), rect(STEEL, 7, 0, 11, 5), rect(STEEL, 7, 19, 11, 24)),
        hard_hat(GOLD),
    ),
    "ceo": Look(
        "#2b3a67",
        (rect(WOOD, 0, 8, 17, 20), rect(GOLD, 7, 12, 10, 15), rect(WOOD, 6, 4, 11, 8)),
        (rect(INK, -5, -13, 5, -5), rect(INK, -9, -6, 9, -4)),
    ),
    "teacher": Look(
        "#3d7a54",
        (rect(WOOD, 0, 0, 18, 16), rect("#14352a", 2, 2, 16, 14), line(WHITE, 4, 11, 8, 5, 12, 11)),
        (poly(INK, -10, -8, 0, -12, 10, -8, 0, -5), rect(GOLD, 7, -8, 9, -2)),
    ),
    "chef": Look(
        "#f28c28",
        (oval(INK, 0, 4, 13, 16), rect(INK, 11, 9, 18, 12)),
        (oval(WHITE, -8, -15, 8, -6), rect(WHITE, -5, -10, 5, -4)),
    ),
    "pilot": Look(
        "#7cc4f5",
        (poly(WHITE, 8, 0, 11, 0, 11, 7, 18, 12, 18, 15, 11, 13, 11, 20, 8, 20, 8, 13, 0, 15, 0, 12, 8, 7),),
        (oval(NAVY, -9, -11, 9, -5), rect(INK, -6, -6, 8, -3), rect(GOLD, -1, -10, 1, -7)),
    ),
    "farmer": Look(
        "#c9b037",
        (rect(WOOD, 8, 0, 10, 26), rect(STEEL, 3, 4, 15, 6), rect(STEEL, 3, 0, 5, 6), rect(STEEL, 13, 0, 15, 6)),
        (oval("#e8c872", -12, -6, 12, -2), oval("#e8c872", -6, -11, 6, -3)),
    ),
    "doctor": Look(
        "#d7f0fa",
        (line(INK, 3, 0, 3, 8, 9, 12, 15, 8, 15, 0), rect(INK, 8, 11, 10, 18), oval(STEEL, 5, 17, 13, 25)),
        (rect(INK, -7, -6, 7, -4), oval(STEEL, -3, -10, 4, -3)),
    ),
    "secretary": Look(
        "#e7a6c8",
        (rect(INK, 0, 10, 18, 20), rect(WHITE, 3, 2, 15, 10), rect(STEEL, 2, 13, 16, 15), rect(STEEL, 2, 16, 16, 18)),
        (line(INK, -7, 0, -6, -7, 6, -7, 7, 0), oval(INK, 5, -2, 9, 3)),
    ),
    "firefighter": Look(
        "#5a1f24",
        (line(GOLD, 4, 26, 4, 0), line(GOLD, 13, 26, 13, 0), *(rect(GOLD, 4, y, 13, y + 2) for y in (4, 10, 16, 22))),
        (oval(RED, -7, -12, 7, 0), rect(RED, -11, -4, 9, -2), rect(GOLD, -2, -11, 2, -5)),
    ),
    "librarian": Look(
        "#9c7a5b",
        (rect(WOOD, 0, 0, 18, 26), rect("#f3e9d2", 2, 2, 16, 24), rect(RED, 3, 4, 6, 12), rect(BLUE, 7, 4, 10, 12),
         rect(GREEN, 11, 4, 15, 12), rect(GOLD, 3, 15, 7, 23), rect(NAVY, 9, 15, 14, 23)),
        (oval(INK, -3, -13, 4, -6), line(INK, -6, -5, 6, -5)),
    ),
    "judge": Look(
        "#6b4a8a",
        (poly(WOOD, 0, 6, 6, 0, 13, 7, 7, 13), line(WOOD, 9, 9, 17, 20), rect(INK, 2, 22, 16, 25)),
        (oval("#f2f2f2", -9, -9, -3, 6), oval("#f2f2f2", 3, -9, 9, 6), oval("#f2f2f2", -7, -10, 7, -3)),
    ),
    "plumber": Look(
        "#3f8fa6",
        (rect("#c8763a", 0, 4, 6, 24), rect("#c8763a", 0, 18, 18, 24), rect("#8f4d1f", 0, 2, 8, 5)),
        cap(RED),
    ),
    "florist": Look(
        "#cfe8a0",
        (rect(GREEN, 8, 10, 10, 18), poly("#b5541f", 3, 17, 15, 17, 13, 26, 5, 26), oval("#e83e8c", 2, 0, 9, 7),
         oval(GOLD, 8, 2, 15, 9), oval("#8e44ad", 5, 6, 12, 13)),
        (oval("#e83e8c", -8, -10, -2, -4), oval(GOLD, -3, -11, 3, -5), oval("#8e44ad", 2, -10, 8, -4)),
    ),
    # sports
    "tennis-player": Look(
        "#5fbf3c",
        (oval(INK, 2, 0, 15, 14), oval(WHITE, 4, 2, 13, 12), rect(INK, 7, 13, 10, 22), oval("#e6ff3f", 12, 18, 18, 24)),
        (rect(WHITE, -6, -6, 6, -3),),
    ),
    "boxer": Look(
        "#8c8f96",
        (oval(RED, 1, 2, 16, 16), oval(RED, 0, 7, 7, 14), rect(WHITE, 4, 15, 14, 21)),
        (oval(BLUE, -7, -9, -2, 3), oval(BLUE, 2, -9, 7, 3), rect(BLUE, -6, -9, 6, -4)),
    ),
    "footballer": Look(
        "#1f7a3a",
        (oval(WHITE, 0, 6, 17, 23), poly(INK, 8, 10, 12, 13, 11, 18, 6, 18, 5, 13), rect(INK, 7, 6, 10, 9)),
        (rect(GOLD, -6, -8, 6, -5), rect(GOLD, -6, -10, 6, -8)),
    ),
    "golfer": Look(
        "#b8f04a",
        (rect(INK, 8, 0, 10, 26), poly(RED, 10, 0, 18, 4, 10, 9), oval(WHITE, 1, 20, 7, 26)),
        (*cap(WHITE),),
    ),
    "skier": Look(
        "#f4fbff",
        (line(BLUE, 3, 26, 9, 0), line(BLUE, 10, 26, 16, 0), rect(RED, 0, 12, 18, 14)),
        (poly(RED, -6, -4, 0, -14, 6, -4), oval(WHITE, -2, -15, 2, -11)),
    ),
    # objects
    "umbrella": Look(
        "#5b6f82",
        (poly("#8e44ad", 0, 10, 3, 3, 9, 0, 15, 3, 18, 10), rect(INK, 8, 9, 10, 24), rect(INK, 4, 23, 10, 25)),
    ),
    "guitar": Look(
        "#e0533d",
        (oval(GOLD, 1, 13, 15, 26), oval(GOLD, 3, 8, 13, 17), oval(INK, 6, 15, 10, 19), rect(WOOD, 7, -2, 9, 11)),
    ),
    "book": Look(
        "#4a4fbf",
        (poly(WHITE, 0, 6, 9, 9, 9, 23, 0, 20), poly("#e4e4e4", 18, 6, 9, 9, 9, 23, 18, 20), rect(INK, 8, 9, 10, 24)),
    ),
    "hammer": Look("#d9d36a", (rect(STEEL, 0, 2, 17, 9), rect(WOOD, 7, 8, 11, 26))),
    "balloon": Look("#9fd8f0", (oval(RED, 2, -2, 16, 14), poly(RED, 7, 15, 11, 15, 9, 12), rect(INK, 8, 15, 10, 26))),
    # scenes
    "kitchen": Look(
        "#fbe7a1",
        (rect(WHITE, 0, 10, 18, 28), rect(INK, 2, 12, 16, 14), rect(STEEL, 3, 16, 15, 26), rect(RED, 4, 3, 14, 10)),
        scenery=(rect("#d98e4a", 0, 54, 64, 64), rect("#b7653a", 40, 4, 62, 18)),
    ),
    "office": Look(
        "#c3cad6",
        (rect(WOOD, 0, 18, 19, 21), rect(WOOD, 1, 20, 4, 28), rect(INK, 3, 6, 16, 16), rect("#7cc4f5", 5, 8, 14, 14)),
        scenery=(rect("#66707f", 0, 56, 64, 64), rect("#7cc4f5", 42, 3, 62, 20), rect(WHITE, 51, 3, 53, 20)),
    ),
    "beach": Look(
        "#8fdcff",
        (rect(WHITE, 8, 6, 10, 28), poly(RED, 0, 10, 9, 0, 18, 10), poly(GOLD, 5, 10, 9, 0, 13, 10)),
        scenery=(rect("#1f8fc4", 0, 36, 64, 48), rect("#f2d16b", 0, 48, 64, 64), oval(GOLD, 50, 2, 62, 14)),
    ),
    "forest": Look(
        "#cfeadf",
        (rect(WOOD, 7, 16, 11, 28), poly("#14532d", 0, 18, 9, -4, 18, 18)),
        scenery=(rect("#2d6a30", 0, 54, 64, 64), poly("#2f7d3b", 0, 54, 5, 28, 11, 54), poly("#2f7d3b", 42, 30, 52, 6, 62, 30)),
    ),
    "garage": Look(
        "#4b5058",
        (oval(INK, 0, 8, 18, 26), oval(STEEL, 5, 13, 13, 21)),
        scenery=(rect("#2d3036", 0, 56, 64, 64), rect("#e0a030", 40, 6, 62, 9), rect("#e0a030", 40, 14, 62, 17)),
    ),
}  # fmt: skip
