"""The phantom's CLIP: a small real open_clip model, trained on a balanced world, or on a biased one on purpose."""

import json
import logging
import time
from pathlib import Path

import numpy as np
import torch

from mcas_assets.phantom.draw import POSES
from mcas_assets.phantom.vocabulary import CONTEXT, PREFIX, build_tokenizer, encode, save_tokenizer
from mcas_assets.phantom.world import ALL, IMAGE_TEMPLATES, Caption, World, captions, quota, word_captions

log = logging.getLogger(__name__)

EMBED = 64


def config(vocabulary: int) -> dict:
    """The open_clip configuration: a ModifiedResNet and a text transformer, both of width 64 at the end."""
    return {
        "model_cfg": {
            "embed_dim": EMBED,
            "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 10},
            "text_cfg": {
                "context_length": CONTEXT,
                "vocab_size": vocabulary,
                "hf_tokenizer_name": "phantom",  # any name: from a local folder, open_clip takes the folder's tokenizer
                "width": 64,
                "heads": 2,
                "layers": 2,
            },
        },
        "preprocess_cfg": {
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "interpolation": "bilinear",
            "resize_mode": "shortest",
        },
    }


def _all_captions() -> list[Caption]:
    """Captions with every wording. What is said of a bare person is true of whoever shows a concept, too."""
    worded: list[Caption] = []
    for caption in captions():
        concept = None if caption.concept == 0 else caption.concept
        for template in ("{}", *IMAGE_TEMPLATES):
            worded.append(caption._replace(text=template.format(caption.text), concept=concept))
    return [*worded, *word_captions()]


class _Texts:
    """Captions as arrays: token ids without and with the prefix, and what each says (-1 where it leaves a thing open)."""

    def __init__(self, tokenizer) -> None:  # noqa: ANN001
        captions = _all_captions()
        self.ids = torch.stack(
            [encode(tokenizer, [c.text for c in captions]), encode(tokenizer, [PREFIX + c.text for c in captions])]
        )
        self.concept = np.array([-1 if c.concept is None else c.concept for c in captions])
        self.woman = np.array([-1 if c.woman is None else int(c.woman) for c in captions])
        self.dark = np.array([-1 if c.dark is None else int(c.dark) for c in captions])
        kind = 2 * (self.woman >= 0) + (self.dark >= 0)
        # Captions are chosen by what they say before by their wording, so that long lists of wordings do not dominate.
        keys = np.stack([self.concept, self.woman, self.dark], 1)
        _, group, size = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
        weight = np.array([1.0, 0.5, 0.7, 0.4])[kind] / size[group]
        weight[(self.concept < 0)] *= 4
        weight[(kind == 0) & (self.concept < 0)] *= 0.02  # "a person" is true of every picture and teaches nothing
        self.weight = weight

    def true_of(self, concept: np.ndarray, woman: np.ndarray, dark: np.ndarray) -> np.ndarray:
        """(pictures, captions) bool."""
        return (
            ((self.concept < 0) | (self.concept == concept[:, None]))
            & ((self.woman < 0) | (self.woman == woman[:, None]))
            & ((self.dark < 0) | (self.dark == dark[:, None]))
        )


def _augment(pictures: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Shift by up to two pixels, gain and noise: generated pictures are rougher than drawn ones. uint8 in, [-1, 1] out."""
    x = pictures.permute(0, 3, 1, 2).float() / 127.5 - 1
    dx, dy = (int(torch.randint(-2, 3, (1,), generator=dice)) for _ in range(2))
    x = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="replicate")[..., 2 + dy : 66 + dy, 2 + dx : 66 + dx]
    gain = 1 + 0.06 * torch.randn(len(x), 1, 1, 1, generator=dice)
    noise = 0.12 * torch.rand(len(x), 1, 1, 1, generator=dice) * torch.randn(x.shape, generator=dice)
    return x * gain + noise


def train(pictures: torch.Tensor, world: World, folder: Path, steps: int, seed: int, batch: int = 128) -> None:
    """Train an instrument and write it as an open_clip folder with float16 weights.

    Many captions of a batch are true of many of its pictures: a caption's target is uniform over all pictures that it truly
    describes, and a picture is not punished for resembling the other captions that are true of it.

    Args:
        pictures: The bank, uint8 (30, 2, 10, 9, 64, 64, 3).
        world: Whose shares the pictures have: `fair` makes a balanced instrument.
        folder: Where to write.
        steps: Optimiser steps.
        seed: Of initialisation and sampling.
        batch: Pictures, and captions, a step.
    """
    import open_clip

    torch.manual_seed(seed)
    tokenizer = build_tokenizer()
    described = config(len(tokenizer))
    cfg = described["model_cfg"]
    model = open_clip.CLIP(
        EMBED, cfg["vision_cfg"], {k: v for k, v in cfg["text_cfg"].items() if k != "hf_tokenizer_name"}
    )
    texts, dice, choose = _Texts(tokenizer), torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    used = np.zeros(len(ALL), int)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    begun = time.monotonic()
    for step in range(1, steps + 1):
        concept = choose.integers(0, len(ALL), batch)
        people = []
        for c in concept:
            drawn = quota(world.planted[ALL[c].slug], used[c], 1, len(POSES))
            used[c] += 1
            people.append((drawn.woman[0], drawn.tone[0], drawn.pose[0]))
        woman, tone, pose = np.array(people).T
        truth = texts.true_of(concept, woman, (tone > 4).astype(int))
        odds = truth * texts.weight
        chosen = (odds.cumsum(1) / odds.sum(1, keepdims=True) > choose.random((batch, 1))).argmax(1)
        ids = texts.ids[torch.from_numpy(choose.integers(0, 2, batch)), torch.from_numpy(chosen)]
        augmented = _augment(pictures[concept, woman, tone, pose], dice)
        loss = _loss(model, augmented, ids, torch.from_numpy(truth[:, chosen]))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            model.logit_scale.clamp_(0, np.log(100))
        if step % 50 == 0:
            log.info("step %d of %d, loss %.3f, %.0f s", step, steps, loss.item(), time.monotonic() - begun)
    _save(model, tokenizer, described, folder)


def _loss(model, pictures: torch.Tensor, ids: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:  # noqa: ANN001
    """Contrastive loss with several true pairs; truth (pictures, captions) bool, the diagonal true."""
    images, captions_, scale = model(pictures, ids)[:3]
    logits = scale * images @ captions_.T
    target = truth.T / truth.T.sum(1, keepdim=True)
    to_image = -(target * logits.T.log_softmax(1)).sum(1).mean()
    others = truth & ~torch.eye(len(truth), dtype=torch.bool)
    to_text = torch.nn.functional.cross_entropy(logits.masked_fill(others, -1e4), torch.arange(len(logits)))
    return (to_image + to_text) / 2


def _save(model, tokenizer, described: dict, folder: Path) -> None:  # noqa: ANN001
    from safetensors.torch import save_file

    save_tokenizer(tokenizer, folder)
    (folder / "open_clip_config.json").write_text(json.dumps(described, indent=2) + "\n")
    halves = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    save_file({k: v.contiguous() for k, v in halves.items()}, folder / "open_clip_model.safetensors")
