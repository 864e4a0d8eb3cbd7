"""The truth reader: figure, tone and concept of a phantom picture, read from its pixels by geometry.

No learning and no CLIP: every candidate (figure, pose, tone) is laid over the picture and its misfit measured in
CIELAB, on the body's pixels and on a thin ring around it; concepts likewise on everything but the figure. A picture that
fits nothing well, or two candidates nearly as well, is unreadable, which is an outcome and not a guess.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from mcas_assets.phantom.draw import FIGURES, HEAD, MONK, OVERSAMPLE, POSES, PROP_ORIGIN, SIZE, draw, silhouettes
from mcas_assets.phantom.world import ALL
from mcas_assets.scoring.shares.skin_tone import monk_lab, srgb_to_lab

# Limits of readability, in CIELAB units (a just noticeable difference is about 2.3): the root mean square misfit of the
# best candidate, and how far the second stands from it (see `_margin`). Pictures of noise and colour patches misfit by
# 40 and more, flat ones have no margin; drawn ones, and generated ones of a trained model, lie on the other side.
FIGURE_MISFIT, FIGURE_MARGIN, HALF_MARGIN = 25.0, 5.0, 5.0
CONCEPT_MISFIT, CONCEPT_MARGIN = 25.0, 5.0
CHUNK = 256
# Concepts are compared on squares of this many pixels, over which the speckle of generated pictures averages out.
SQUARE = 2
# (left, upper, right, lower) of where looks differ beside the figure and on its head, in pixels at the middle pose.
PROP_ZONE = (PROP_ORIGIN[0], PROP_ORIGIN[1], PROP_ORIGIN[0] + 18, PROP_ORIGIN[1] + 28)
HEAD_ZONE = (HEAD[0] - 10, HEAD[1] - 14, HEAD[0] + 10, HEAD[1])


@dataclass(frozen=True)
class Reading:
    """What was read in n pictures.

    Attributes:
        woman: (n,) bool, the better fitting figure.
        tone: (n,) Monk tone 0 (lightest) to 9.
        dark: (n,) bool, tone in 5..9.
        concept: (n,) index into `world.ALL`.
        pose: (n,) index into `draw.POSES`.
        person_read: (n,) bool, figure and half of the tones can be relied on.
        concept_read: (n,) bool, a person can be read and the concept can be relied on.
        figure_misfit, figure_margin, half_margin, concept_misfit, concept_margin: (n,) in CIELAB units; the margins are
            those between the two figures, between the two halves of the tones, and between the two best concepts.
    """

    woman: np.ndarray
    tone: np.ndarray
    dark: np.ndarray
    concept: np.ndarray
    pose: np.ndarray
    person_read: np.ndarray
    concept_read: np.ndarray
    figure_misfit: np.ndarray
    figure_margin: np.ndarray
    half_margin: np.ndarray
    concept_misfit: np.ndarray
    concept_margin: np.ndarray


class _Candidates(NamedTuple):
    """Weighted pictures to compare with, in the form that makes the comparison two matrix products."""

    used: np.ndarray  # (pixels,) bool: some candidate looks there
    weights: np.ndarray  # (3 * used pixels, candidates), each candidate's weights sum to 3
    weighted: np.ndarray  # (3 * used pixels, candidates), weights times target
    constant: np.ndarray  # (candidates,)

    @classmethod
    def of(cls, weights: list[np.ndarray], targets: list[np.ndarray]) -> "_Candidates":
        """From weights (pixels...) that sum to 1 and CIELAB targets (pixels..., 3) of each candidate."""
        w = np.array(weights, np.float32).reshape(len(weights), -1)
        t = np.array(targets, np.float32).reshape(*w.shape, 3)
        used = w.any(0)
        wide, flat = np.repeat(w[:, used], 3, axis=1), t[:, used].reshape(len(w), -1)
        return cls(used, wide.T.copy(), (wide * flat).T.copy(), (wide * flat**2).sum(1))

    def squared_misfits(self, rgb: np.ndarray) -> np.ndarray:
        """Weighted mean squared colour distance of n pictures (n, rows, columns, 3), 0..255, to every candidate."""
        seen = rgb.reshape(len(rgb), len(self.used), 3)[:, self.used]
        flat = srgb_to_lab(seen).astype(np.float32).reshape(len(rgb), 3 * self.used.sum())
        return np.maximum(flat**2 @ self.weights - 2 * flat @ self.weighted + self.constant, 0)


def _shrunk(mask) -> np.ndarray:  # noqa: ANN001 - a PIL image
    """Coverage of each picture pixel by a drawing mask, in [0, 1]."""
    return np.asarray(mask.reduce(OVERSAMPLE), np.float32) / 255


def _squares(pictures: np.ndarray) -> np.ndarray:
    """Means over squares of `SQUARE` pixels: (..., 64, 64, 3) to (..., 32, 32, 3)."""
    cells = SIZE // SQUARE
    return pictures.reshape(*pictures.shape[:-3], cells, SQUARE, cells, SQUARE, pictures.shape[-1]).mean(
        (-4, -2), np.float32
    )


def _even(mask: np.ndarray) -> np.ndarray:
    """Weights that sum to 1, equal where the mask holds."""
    return mask / max(mask.sum(), 1)


@cache
def _people() -> _Candidates:
    """Every (figure, pose, tone), in this order."""
    ink = srgb_to_lab(np.array([0x20, 0x24, 0x2C]))
    weights, targets = [], []
    for figure in FIGURES:
        for pose in POSES:
            body, outer = (_shrunk(mask) for mask in silhouettes(figure, pose))
            below_head = np.arange(SIZE)[:, None] > 24 + pose[1]  # head wear hides the head
            inside = (body > 0.99) & below_head
            ring = (outer > 0.99) & (body < 0.01) & below_head
            for tone in monk_lab():
                weights.append((_even(inside) + _even(ring)) / 2)
                targets.append(np.where(inside[..., None], tone, ink))
    return _Candidates.of(weights, targets)


def _zone(pose: tuple[int, int]) -> np.ndarray:
    """(64, 64) bool: where props and head wear are at a pose."""
    zone = np.zeros((SIZE, SIZE), bool)
    for left, upper, right, lower in (PROP_ZONE, HEAD_ZONE):
        zone[int(upper) + pose[1] : int(lower) + pose[1], int(left) + pose[0] : int(right) + pose[0]] = True
    return zone


@cache
def _concepts() -> _Candidates:
    """Every (concept, pose), in this order, on the squares that neither figure touches.

    Half of the weight lies where props and head wear are, so that a background alone is no concept.
    """
    weights, targets = [], []
    for concept in ALL:
        for pose in POSES:
            picture, other = draw(concept.slug, "man", 0, pose), draw(concept.slug, "woman", 9, pose)
            figure = np.maximum(*(_shrunk(silhouettes(f, pose)[1]) for f in FIGURES)) > 0
            # Head wear lies over the figure and is the same for all people.
            free = ~figure | (picture == other).all(-1)
            # A square counts where all of it is free, in the zone where any of it is.
            free = _squares(free[..., None])[..., 0] == 1
            zone = free & (_squares(_zone(pose)[..., None])[..., 0] > 0)
            weights.append((_even(free) + _even(zone)) / 2)
            targets.append(srgb_to_lab(_squares(picture)))
    return _Candidates.of(weights, targets)


def _margin(best: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How far apart two candidates are, from their squared misfits.

    Noise adds the same to both squares, so their difference, unlike that of the roots, does not shrink with it.
    """
    return np.sqrt(np.maximum(second - best, 0))


def read(pictures: np.ndarray) -> Reading:
    """Read pictures.

    Args:
        pictures: uint8 (n, 64, 64, 3).

    Returns:
        A Reading of n pictures.

    Raises:
        ValueError: If the pictures are not of the phantom's size, or not 8-bit.
    """
    if pictures.ndim != 4 or pictures.shape[1:] != (SIZE, SIZE, 3) or pictures.dtype != np.uint8:
        raise ValueError(f"expected uint8 pictures (n, {SIZE}, {SIZE}, 3), got {pictures.dtype} {pictures.shape}")
    # At least one chunk, so that no pictures give a Reading of none.
    parts = [_read_chunk(pictures[i : i + CHUNK]) for i in range(0, max(len(pictures), 1), CHUNK)]
    names = Reading.__dataclass_fields__
    return Reading(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _read_chunk(pictures: np.ndarray) -> Reading:
    n, rows = len(pictures), np.arange(len(pictures))
    people = _people().squared_misfits(pictures).reshape(n, len(FIGURES), len(POSES), len(MONK))
    by_figure = people.min((2, 3))
    woman = by_figure[:, 1] < by_figure[:, 0]
    of_figure = people[rows, woman.astype(int)]
    pose, tone = np.divmod(of_figure.reshape(n, len(POSES) * len(MONK)).argmin(1), len(MONK))
    by_half = of_figure.reshape(n, len(POSES), 2, len(MONK) // 2).min((1, 3))
    ranked = _concepts().squared_misfits(_squares(pictures)).reshape(n, len(ALL), len(POSES)).min(2)
    concept = ranked.argmin(1)
    ranked.sort(1)
    figure_misfit, concept_misfit = np.sqrt(by_figure.min(1)), np.sqrt(ranked[:, 0])
    figure_margin = _margin(by_figure.min(1), by_figure.max(1))
    half_margin = _margin(by_half.min(1), by_half.max(1))
    concept_margin = _margin(ranked[:, 0], ranked[:, 1])
    person_read = (figure_misfit < FIGURE_MISFIT) & (figure_margin > FIGURE_MARGIN) & (half_margin > HALF_MARGIN)
    concept_read = (concept_misfit < CONCEPT_MISFIT) & (concept_margin > CONCEPT_MARGIN)
    return Reading(
        woman=woman,
        tone=tone,
        dark=tone > 4,
        concept=concept,
        pose=pose,
        person_read=person_read,
        # Whatever shows no person is no picture of this world: a flat colour may resemble a background.
        concept_read=concept_read & person_read,
        figure_misfit=figure_misfit,
        figure_margin=figure_margin,
        half_margin=half_margin,
        concept_misfit=concept_misfit,
        concept_margin=concept_margin,
    )
