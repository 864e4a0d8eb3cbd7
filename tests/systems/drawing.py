"""What tests of drawing share: requests, and what lies behind a system that has drawn."""

import io

import numpy as np
from PIL import Image

from mcas_assets.systems.diffusers import DiffusersSystem
from mcas_assets.systems.pipelines.pipeline_runner import PipelineRunner
from mcas_assets.systems.protocol import Request, System


def asked(count: int, prompt: str = "a nurse") -> list[Request]:
    return [Request(prompt, seed, 16, 16) for seed in range(count)]


def pixels(image: bytes | None) -> np.ndarray:
    assert image is not None
    return np.asarray(Image.open(io.BytesIO(image)))


def runner(system: System) -> PipelineRunner:
    """The loaded pipeline of a system that has drawn."""
    assert isinstance(system, DiffusersSystem)
    assert system._runner is not None
    return system._runner
