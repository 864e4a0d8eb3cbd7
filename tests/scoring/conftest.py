"""Small audits with known answers, shared by the tests of inference."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from mcas_assets.scoring.mcas.association import unit
from mcas_assets.scoring.mcas.vectors import AuditVectors

WIDTH = 12


@cache
def world(concepts: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The axis, the middles of the concepts, and by how much the words are off the axis."""
    fixed = np.random.default_rng(2024)
    axis, centres = fixed.standard_normal(WIDTH), fixed.standard_normal((concepts, WIDTH))
    return axis, centres, fixed.standard_normal((2, 5, WIDTH)) * 0.5


def make_audit(
    seed: int,
    concepts: int = 4,
    images: int = 20,
    attributes: int = 12,
    shared: bool = False,
    noise: float = 0.6,
    shift: float = 0.0,
) -> AuditVectors:
    """An audit whose concepts, poles and words are fixed and whose images are fresh for each seed."""
    fresh = np.random.default_rng(seed)
    axis, centres, words = world(concepts)

    def drawn(centre: np.ndarray, n: int) -> np.ndarray:
        return unit(centre + noise * fresh.standard_normal((n, WIDTH)))

    leaning = centres + np.linspace(-0.5, 0.5, concepts)[:, None] * axis
    leaning[0] = leaning[0] + shift * axis
    return AuditVectors(
        images=np.concatenate([drawn(centre, images) for centre in leaning]),
        concept=np.repeat(np.arange(concepts), images),
        prompts=unit(centres),
        a_images=drawn(axis, attributes),
        b_images=drawn(-axis, attributes),
        a_words=unit(axis + words[0]),
        b_words=unit(-axis + words[1]),
        seeds=np.tile(np.arange(images), concepts) if shared else None,
    )


@pytest.fixture
def audit() -> Callable[..., AuditVectors]:
    """Makes audits: `audit(seed, concepts=, images=, attributes=, shared=, noise=, shift=)`."""
    return make_audit
