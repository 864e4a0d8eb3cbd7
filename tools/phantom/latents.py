"""The latents that the generators are trained on: principal components of 8 x 8 patches of the drawn world.

A linear code needs no training and loses little on drawn pictures. The standard `AutoencoderKL` decoder that ships in
every generator folder is trained to invert it (see `decoder`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mcas_assets.phantom.draw import SIZE, bank
from mcas_assets.phantom.world import ALL

PATCH = 8
GRID = SIZE // PATCH
CHANNELS = 40


@dataclass(frozen=True)
class PatchCode:
    """A linear code of patches.

    Attributes:
        mean: (192,) mean patch.
        basis: (CHANNELS, 192) principal directions.
        scale: (CHANNELS,) factor per channel; unit mean square over the world, small components raised by a square root.
    """

    mean: torch.Tensor
    basis: torch.Tensor
    scale: torch.Tensor

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        """uint8 pictures (n, 64, 64, 3) to latents (n, CHANNELS, 8, 8), float32."""
        z = (_patches(to_unit(pictures)) - self.mean) @ self.basis.T * self.scale
        return z.permute(0, 2, 1).reshape(-1, len(self.scale), GRID, GRID).contiguous()

    def save(self, path: Path) -> None:
        """Write the code as safetensors."""
        from safetensors.torch import save_file

        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({"mean": self.mean, "basis": self.basis.contiguous(), "scale": self.scale}, path)

    @classmethod
    def load(cls, path: Path) -> "PatchCode":
        """Read a code that `save` wrote."""
        from safetensors.torch import load_file

        return cls(**load_file(path))


def to_unit(pictures: torch.Tensor) -> torch.Tensor:
    """uint8 to float32 in [-1, 1]."""
    return pictures.float() / 127.5 - 1


def _patches(pictures: torch.Tensor) -> torch.Tensor:
    """(n, 64, 64, 3) to (n, 64 cells, 192)."""
    x = pictures.reshape(-1, GRID, PATCH, GRID, PATCH, 3).permute(0, 1, 3, 2, 4, 5)
    return x.reshape(-1, GRID * GRID, PATCH * PATCH * 3)


def world_bank() -> torch.Tensor:
    """All pictures: uint8 (30 concepts, 2 figures, 10 tones, 9 poses, 64, 64, 3)."""
    return torch.from_numpy(bank(tuple(concept.slug for concept in ALL)))


def fit(pictures: torch.Tensor) -> PatchCode:
    """Fit the code to pictures (n, 64, 64, 3), deterministic up to the platform's rounding."""
    patches = _patches(to_unit(pictures)).reshape(-1, PATCH * PATCH * 3).double()
    mean = patches.mean(0)
    centred = patches - mean
    variance, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    top = variance.argsort(descending=True)[:CHANNELS]
    basis, deviation = directions[:, top].T, variance[top].sqrt()
    basis = basis * torch.sign(
        basis.gather(1, basis.abs().argmax(1, keepdim=True))
    )  # a sign that does not depend on LAPACK
    scale = deviation**-0.5
    scale = scale / ((deviation * scale) ** 2).mean().sqrt()
    return PatchCode(mean.float(), basis.float(), scale.float())


def decibels(mse: float) -> float:
    """Peak signal-to-noise ratio of pictures in [-1, 1]."""
    return float(10 * np.log10(4 / mse))
