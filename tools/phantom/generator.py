"""The phantom's generator: a small Stable Diffusion of standard classes, trained by rectified flow on patch-code latents."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mcas_assets.phantom.draw import POSES
from mcas_assets.phantom.vocabulary import CONTEXT, build_tokenizer, encode
from mcas_assets.phantom.world import ALL, IMAGE_TEMPLATES, Planted, World, describe, quota
from tools.phantom.latents import CHANNELS, GRID

log = logging.getLogger(__name__)

TEXT_WIDTH = 64
SCHEDULER = {
    "prediction_type": "flow_prediction",
    "use_flow_sigmas": True,
    "flow_shift": 3.0,
    "solver_order": 2,
    "final_sigmas_type": "zero",
}
# (woman said, dark said) and how often: half of the captions leave both open, the others keep the poles pure.
STATED = ((False, False), (True, False), (False, True), (True, True))
STATED_WEIGHTS = (0.5, 0.22, 0.14, 0.14)
PERSON_WEIGHT = 0.15
EMPTY_CAPTIONS = 0.1


def build_models(vocabulary: int):  # noqa: ANN201
    """(text encoder, UNet), freshly initialised."""
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary, hidden_size=TEXT_WIDTH, intermediate_size=4 * TEXT_WIDTH, projection_dim=TEXT_WIDTH,
            num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=CONTEXT,
            bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1,
        )
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=GRID, in_channels=CHANNELS, out_channels=CHANNELS, block_out_channels=(80, 96), layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * 2, up_block_types=("CrossAttnUpBlock2D",) * 2,
        cross_attention_dim=TEXT_WIDTH, attention_head_dim=4, norm_num_groups=16,
        addition_embed_type="text", addition_embed_type_num_heads=4,
    )  # fmt: skip
    return text, unet


class Sampler:
    """Draws training batches: captions, and latents of pictures for which they are true at the planted shares."""

    def __init__(self, world: World, latents: torch.Tensor, tokenizer, seed: int) -> None:  # noqa: ANN001
        """latents: (30 concepts, 2, 10, 9, CHANNELS, 8, 8)."""
        self.world, self.latents = world, latents
        self.dice = np.random.default_rng(seed)
        self.used: dict[tuple, int] = {}
        self.ids = {}
        for concept in range(len(ALL)):
            for woman in (None, False, True):
                for dark in (None, False, True):
                    phrases = describe(concept, woman, dark)
                    texts = [t.format(p) for p in phrases for t in ("{}", *IMAGE_TEMPLATES)]
                    self.ids[concept, woman, dark] = encode(tokenizer, texts)
        self.empty = encode(tokenizer, [""])[0]
        weights = np.full(len(ALL), (1 - PERSON_WEIGHT) / (len(ALL) - 1))
        weights[0] = PERSON_WEIGHT
        self.weights = weights

    def _person(self, concept: int, stated: tuple[bool, bool]) -> tuple[int, int, int]:
        """The next (woman, tone, pose) of a concept under captions that say `said`."""
        planted = self.world.planted[ALL[concept].slug]
        # What a caption says is balanced, what it leaves open follows the planted share.
        target = Planted(0.5 if stated[0] else planted.woman, 0.5 if stated[1] else planted.dark)
        k = self.used[concept, stated] = self.used.get((concept, stated), -1) + 1
        woman, tone, pose = quota(target, k, 1, len(POSES))
        return int(woman[0]), int(tone[0]), int(pose[0])

    def batch(self, size: int, concepts: np.ndarray | None = None) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
        """(token ids (size, CONTEXT), latents (size, C, 8, 8), concept index (size,))."""
        chosen = self.dice.choice(len(ALL), size, p=self.weights) if concepts is None else concepts
        kinds = self.dice.choice(len(STATED), size, p=STATED_WEIGHTS)
        ids, rows = [], []
        for concept, kind in zip(chosen, kinds, strict=True):
            stated = STATED[kind]
            woman, tone, pose = self._person(int(concept), stated)
            pool = self.ids[int(concept), bool(woman) if stated[0] else None, tone > 4 if stated[1] else None]
            ids.append(self.empty if self.dice.random() < EMPTY_CAPTIONS else pool[self.dice.integers(len(pool))])
            rows.append((int(concept), woman, tone, pose))
        index = torch.tensor(rows).T
        return torch.stack(ids), self.latents[tuple(index)], chosen


def noise_levels(size: int, dice: torch.Generator) -> torch.Tensor:
    """Noise levels in (0, 1): half uniform, half shifted by 3 towards noise, where the composition is decided."""
    u = torch.rand(size, generator=dice)
    shifted = 3 * u / (1 + 2 * u)
    return torch.where(torch.arange(size) % 2 == 0, u, shifted)


@dataclass(frozen=True)
class Course:
    """How a generator is trained."""

    steps: int
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.999
    seed: int = 0


def train(sampler: Sampler, text, unet, course: Course, save, teacher=None) -> None:  # noqa: ANN001
    """Train in place by the rectified-flow loss on latents; `save(text, unet)` gets averaged weights now and then.

    Args:
        sampler: Source of batches.
        text: CLIPTextModel.
        unet: UNet2DConditionModel.
        course: Steps, batch size, peak learning rate, decay of the moving average, seed.
        save: Called with the averaged models every 500 steps and at the end.
        teacher: (text, unet) of the world that this one updates: concepts that did not move learn from it instead of from
            pictures, so that an update leaves them as they were.
    """
    both = torch.nn.ModuleList([text, unet]).train()
    average = torch.optim.swa_utils.AveragedModel(
        both, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(course.decay)
    )
    optimiser = torch.optim.AdamW(both.parameters(), course.rate, betas=(0.9, 0.99), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, course.rate, total_steps=course.steps, pct_start=min(0.1, 200 / course.steps), final_div_factor=100
    )
    dice = torch.Generator().manual_seed(course.seed)
    moved = {i for i, concept in enumerate(ALL) if concept.slug in sampler.world.moved}
    begun, recent = time.monotonic(), []
    for step in range(1, course.steps + 1):
        ids, latents, concepts = sampler.batch(
            course.batch, _half_moved(sampler, course.batch, moved) if teacher else None
        )
        noise = torch.randn(latents.shape, generator=dice)
        level = noise_levels(len(latents), dice)
        noisy = torch.lerp(latents, noise, level[:, None, None, None])
        target = noise - latents
        if teacher is not None:
            unmoved = torch.tensor([int(c) not in moved for c in concepts])
            with torch.no_grad():
                target[unmoved] = _velocity(*teacher, ids[unmoved], noisy[unmoved], level[unmoved])
        loss = torch.nn.functional.mse_loss(_velocity(text, unet, ids, noisy, level), target)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(both)
        recent.append(loss.item())
        if step % 100 == 0:
            log.info("step %d of %d, loss %.4f, %.0f s", step, course.steps, np.mean(recent), time.monotonic() - begun)
            recent = []
        if step % 500 == 0 or step == course.steps:
            save(*average.module)


def _velocity(text, unet, ids: torch.Tensor, noisy: torch.Tensor, level: torch.Tensor) -> torch.Tensor:  # noqa: ANN001
    states = text(ids).last_hidden_state
    return unet(noisy, level * 1000, encoder_hidden_states=states).sample


def _half_moved(sampler: Sampler, size: int, moved: set[int]) -> np.ndarray:
    """Concepts of a batch, half of them moved ones."""
    chosen = sampler.dice.choice(len(ALL), size, p=sampler.weights)
    chosen[::2] = sampler.dice.choice(sorted(moved), len(chosen[::2]))
    return chosen


def save_pipeline(text, unet, vae: Path, folder: Path) -> None:  # noqa: ANN001
    """Write a plain `StableDiffusionPipeline` folder, weights in float16."""
    import copy

    from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline

    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL.from_pretrained(vae),
        text_encoder=copy.deepcopy(text).eval(),
        tokenizer=build_tokenizer(),
        unet=copy.deepcopy(unet).eval(),
        scheduler=DPMSolverMultistepScheduler(**SCHEDULER),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(folder, safe_serialization=True)
