"""The chance that a pipeline draws with: a generator for each image, and the generators of the process besides."""

import random
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_APART = 0x9E3779B97F4A7C15
"""Added to an image's seed for the generators of the process, so that these do not repeat the noise of its own generator."""


def generators(seeds: Sequence[int]) -> list["torch.Generator"]:
    """One generator an image, on the CPU whatever the device: the noise of an image then depends on its seed alone."""
    import torch

    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


@contextmanager
def process_seeded(seed: int) -> Generator[None]:
    """The generators that belong to nobody (Python's, numpy's, torch's) begin at a seed, and are put back afterwards.

    Parts of a pipeline draw from them (language models that sample, noise that is made with no generator), and what they draw must
    depend on the image that is asked for and not on what was drawn before it.

    Args:
        seed: In [0, 2**63).
    """
    import numpy as np
    import torch

    start = (seed + _APART) % 2**63
    before: tuple[Any, Any, Any] = random.getstate(), np.random.get_state(), torch.get_rng_state()
    random.seed(start)
    np.random.seed(start % 2**32)
    torch.manual_seed(start)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        torch.set_rng_state(before[2])
