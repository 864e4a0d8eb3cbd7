"""Tiny instruments with random weights: an open_clip folder, and SigLIP and CLIP folders of transformers."""

import io
import json
import shutil
import string
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

TOWER = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """From the name of an instrument to its folder, made on first use. Do not write to it: see `folder`."""
    root = tmp_path_factory.mktemp("instruments")

    def make(name: str) -> Path:
        if not (root / name).exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                makers = {
                    "open_clip": _open_clip,
                    "open_clip_siglip": _open_clip_siglip,
                    "siglip": _siglip,
                    "clip": _clip,
                }
                makers[name](root / name)
        return root / name

    return make


@pytest.fixture
def folder(made: Callable[[str], Path], tmp_path: Path) -> Path:
    """An open_clip folder of this test's own."""
    return Path(shutil.copytree(made("open_clip"), tmp_path / "tiny"))


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes an embedders.yaml with one embedder `tiny`, given its keys; returns its path."""

    def write(**keys: object) -> Path:
        path = tmp_path / "embedders.yaml"
        path.write_text(json.dumps({"embedders": {"tiny": keys}}))
        return path

    return write


@pytest.fixture(scope="session")
def images() -> list[bytes]:
    """Seventy PNG files of noise, 20 x 24 pixels."""
    random = np.random.default_rng(0)
    files = []
    for _ in range(70):
        file = io.BytesIO()
        Image.fromarray(random.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(file, "PNG")
        files.append(file.getvalue())
    return files


def _tokenizer():
    from transformers import CLIPTokenizer

    tokens = [*string.ascii_lowercase, *(letter + "</w>" for letter in string.ascii_lowercase)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[], model_max_length=16)


def _open_clip(folder: Path) -> None:
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model: dict[str, Any] = {
        "embed_dim": 8,
        "vision_cfg": {"image_size": 16, "layers": 1, "width": 16, "patch_size": 8, "head_width": 8},
        "text_cfg": {
            "context_length": 16,
            "vocab_size": 54,
            "hf_tokenizer_name": "tiny",
            "width": 16,
            "heads": 2,
            "layers": 1,
        },
    }
    preprocess = {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.25, 0.25, 0.25],
        "interpolation": "bilinear",
        "resize_mode": "squash",
    }
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": preprocess}))
    clip = open_clip.model.CLIP(**model)
    # As the shipped instruments are: half the room, and float32 once loaded.
    save_file(
        {key: value.half().contiguous() for key, value in clip.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    _tokenizer().save_pretrained(folder)


def _open_clip_siglip(folder: Path) -> None:
    """As open_clip has SigLIP: a tower of timm with attention pooling, a text tower that sees both ways, a logit bias."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model: dict[str, Any] = {
        "embed_dim": 64,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": 32, "timm_model_name": "test_vit", "timm_model_pretrained": False, "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            "context_length": 16, "vocab_size": 54, "hf_tokenizer_name": "tiny", "width": 64, "heads": 2, "layers": 1,
            "no_causal_mask": True, "proj_bias": True, "pool_type": "last",
        },
    }  # fmt: skip
    preprocess = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": model, "preprocess_cfg": preprocess}))
    towers = {key: value for key, value in model.items() if key != "custom_text"}
    save_file(open_clip.model.CustomTextCLIP(**towers).state_dict(), folder / "open_clip_model.safetensors")
    _tokenizer().save_pretrained(folder)


def _siglip(folder: Path) -> None:
    import torch
    from transformers import SiglipConfig, SiglipImageProcessor, SiglipModel

    torch.manual_seed(0)
    config = SiglipConfig(
        text_config=TOWER | {"vocab_size": 54, "max_position_embeddings": 16, "projection_size": 16},
        vision_config=TOWER | {"image_size": 16, "patch_size": 8},
    )
    SiglipModel(config).save_pretrained(folder)
    SiglipImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)


def _clip(folder: Path) -> None:
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

    torch.manual_seed(0)
    text = TOWER | {
        "vocab_size": 54,
        "max_position_embeddings": 16,
        "bos_token_id": 52,
        "eos_token_id": 53,
        "pad_token_id": 53,
    }
    config = CLIPConfig(text_config=text, vision_config=TOWER | {"image_size": 16, "patch_size": 8}, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
