"""Train the decoder of the generators' `AutoencoderKL`: from patch-code latents back to pictures.

Only the decoder is trained, since text-to-image never encodes; the encoder's weights are its initial ones.
"""

import logging
import time
from pathlib import Path

import torch

from tools.phantom.latents import CHANNELS, PatchCode, decibels, to_unit

log = logging.getLogger(__name__)

CONFIG = {
    "latent_channels": CHANNELS,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (16, 16, 32, 64),
    "layers_per_block": 0,
    "norm_num_groups": 8,
    "mid_block_add_attention": False,
    "scaling_factor": 1.0,
}
# The generator's latents are not exact; a decoder that has seen noise draws clean edges from them.
LATENT_NOISE = 0.08


def train(pictures: torch.Tensor, code: PatchCode, folder: Path, steps: int, seed: int, batch: int = 16) -> float:
    """Train and save a decoder.

    Args:
        pictures: uint8 (n, 64, 64, 3), the whole world.
        code: The code to invert.
        folder: Where the `AutoencoderKL` is saved.
        steps: Optimiser steps.
        seed: Of initialisation and sampling.
        batch: Pictures a step.

    Returns:
        PSNR in dB on 256 pictures, from exact latents.
    """
    from diffusers import AutoencoderKL

    torch.manual_seed(seed)
    model = AutoencoderKL(**CONFIG)
    decoder = torch.nn.Sequential(model.post_quant_conv, model.decoder).train()
    average = torch.optim.swa_utils.AveragedModel(
        decoder, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995)
    )
    optimiser = torch.optim.AdamW(decoder.parameters(), 3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.03)
    dice = torch.Generator().manual_seed(seed)
    begun = time.monotonic()
    for step in range(1, steps + 1):
        truth = pictures[torch.randint(len(pictures), (batch,), generator=dice)]
        latents = code.encode(truth)
        latents = latents + LATENT_NOISE * torch.randn(latents.shape, generator=dice)
        loss = torch.nn.functional.mse_loss(decoder(latents), to_unit(truth).permute(0, 3, 1, 2))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(decoder)
        if step % 500 == 0 or step == steps:
            saved = AutoencoderKL(**CONFIG)
            saved.load_state_dict(model.state_dict())
            torch.nn.Sequential(saved.post_quant_conv, saved.decoder).load_state_dict(average.module.state_dict())
            saved.save_pretrained(folder)
            quality = _quality(saved, pictures, code)
            log.info("decoder step %d of %d, %.1f dB, %.0f s", step, steps, quality, time.monotonic() - begun)
    return quality


@torch.no_grad()
def _quality(model, pictures: torch.Tensor, code: PatchCode) -> float:  # noqa: ANN001
    sample = pictures[:: max(1, len(pictures) // 256)]
    decoded = model.eval().decode(code.encode(sample)).sample
    return decibels(torch.nn.functional.mse_loss(decoded, to_unit(sample).permute(0, 3, 1, 2)).item())
