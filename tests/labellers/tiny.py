"""Tiny models with random weights, as labellers are given: an image classifier, a detector, an image-text model."""

import io
import string
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

TOWER: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
CHAT = (
    "{% for m in messages %}{{ m['role'] }}: {% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}"
    "{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)


def picture(seed: int = 0, size: tuple[int, int] = (40, 48)) -> bytes:
    """A PNG file of noise."""
    held, noise = io.BytesIO(), np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    Image.fromarray(noise).save(held, "PNG")
    return held.getvalue()


def classifier(folder: Path, bias: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Path:
    """Classes Female, Male and Other; `bias` leans to them."""
    import torch
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    names = dict(enumerate(("Female", "Male", "Other")))
    keys: dict[str, Any] = {"image_size": 16, "patch_size": 8, "num_labels": 3, "id2label": names}
    model = ViTForImageClassification(ViTConfig(**TOWER, **keys))
    model.classifier.bias.data = torch.tensor(bias)
    model.save_pretrained(folder)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def detector(folder: Path, bias: tuple[float, float, float] = (9.0, 0.0, 0.0)) -> Path:
    """Classes person and dog; `bias` leans to these and to nothing being there. Finds four boxes of much the same place."""
    import torch
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    torch.manual_seed(0)
    names = {0: "person", 1: "dog"}
    keys: dict[str, Any] = {"image_size": [32, 32], "patch_size": 8, "num_labels": 2, "id2label": names}
    model = YolosForObjectDetection(YolosConfig(**TOWER, **keys, num_detection_tokens=4))
    model.class_labels_classifier.layers[-1].bias.data = torch.tensor(bias)
    model.save_pretrained(folder)
    YolosImageProcessor(size={"shortest_edge": 32, "longest_edge": 64}).save_pretrained(folder)
    return folder


def judge(folder: Path, chat: str | None = CHAT, signs: str = string.printable) -> Path:
    """A LLaVA whose tokens are signs."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(0)
    special = {"unk_token": "<unk>", "pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    words = {word: place for place, word in enumerate(dict.fromkeys([*special.values(), "<image>", *signs]))}
    known = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    known.pre_tokenizer = pre_tokenizers.Split(Regex(r"<image>|[\s\S]"), "isolated")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=known, additional_special_tokens=["<image>"], **special)
    deeper: dict[str, Any] = TOWER | {"num_hidden_layers": 2}
    vision = CLIPVisionConfig(**deeper, image_size=16, patch_size=8, projection_dim=8)
    text = LlamaConfig(**TOWER, num_key_value_heads=2, vocab_size=len(words), max_position_embeddings=4096)
    config = LlavaConfig(vision_config=vision.to_dict(), text_config=text.to_dict(), image_token_index=words["<image>"])
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
        tokenizer=tokenizer, patch_size=8, vision_feature_select_strategy="default", chat_template=chat,
        image_token="<image>", num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    return folder
