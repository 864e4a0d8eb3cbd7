"""Tiny pipelines of six families with random weights, made from configs and saved once a session as folders."""

import gc
import importlib
import json
import shutil
import string
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import System

SIZE = 16
WORDS = ("a", "photo", "of", "nurse", "pilot")


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """From the name of a family to its folder, which is made on first use. Do not write to it: see `pipeline`."""
    root = tmp_path_factory.mktemp("pipelines")

    def made(family: str) -> Path:
        folder = root / family
        if not folder.exists():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _build(family).save_pretrained(folder)
            gc.freeze()  # what the libraries are made of stays, and is not looked through again by every collection
        return folder

    yield made
    gc.unfreeze()


@pytest.fixture(scope="module")
def system(families: Callable[[str], Path]) -> Iterator[System]:
    """One that many tests draw with. Its folder is not to be written to."""
    found = find_system(families("sd1"), steps=2, width=16, height=16)
    yield found
    found.close()


@pytest.fixture
def pipeline(families: Callable[[str], Path], tmp_path: Path) -> Path:
    """A Stable Diffusion 1 folder of this test's own, named `tiny`."""
    return Path(shutil.copytree(families("sd1"), tmp_path / "tiny"))


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes a systems.yaml with one system `tiny`, given its keys; returns its path."""

    def write(**keys: object) -> Path:
        path = tmp_path / "systems.yaml"
        path.write_text(json.dumps({"systems": {"tiny": {"kind": "diffusers", **keys}}}))
        return path

    return write


@pytest.fixture(scope="session")
def change() -> Callable[..., None]:
    """Rewrites one tensor of a safetensors file: `change(file, name, function)`."""

    def rewrite(file: Path, name: str, function: Callable) -> None:
        tensors = {key: value.clone() for key, value in load_file(file).items()}
        tensors[name] = function(tensors[name])
        save_file(tensors, file, {"format": "pt"})

    return rewrite


def _build(family: str):
    import torch

    torch.manual_seed(0)
    return {"sd1": _sd1, "sdxl": _sdxl, "sd3": _sd3, "flux": _flux, "pixart": _pixart, "sana": _sana}[family]()


def _library() -> Any:
    """diffusers, whose classes a type checker sees as unions with what stands in where torch is missing."""
    return importlib.import_module("diffusers")


def _clip_tokenizer():
    from transformers import CLIPTokenizer

    tokens = [*string.ascii_lowercase, *(letter + "</w>" for letter in string.ascii_lowercase)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocab = {token: index for index, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocab, merges=[], model_max_length=16)


def _clip_text(projected: bool = False):
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=54, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=16, projection_dim=16, bos_token_id=52, eos_token_id=53, pad_token_id=53,
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def _t5(width: int = 16):
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    vocab = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    vocab += [(letter, -3.0) for letter in string.ascii_lowercase]
    config = T5Config(vocab_size=len(vocab), d_model=width, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    return T5EncoderModel(config).eval(), T5Tokenizer(vocab=vocab, extra_ids=0, model_max_length=16)


def _vae(channels: int = 4, **keys: object):
    diffusers = _library()
    return diffusers.AutoencoderKL(
        in_channels=3, out_channels=3, block_out_channels=(8, 8), layers_per_block=1, norm_num_groups=2,
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=channels, sample_size=SIZE, **keys,
    )  # fmt: skip


def _unet(**keys: object):
    diffusers = _library()
    return diffusers.UNet2DConditionModel(
        sample_size=SIZE // 2, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4, norm_num_groups=2, **keys,
    )  # fmt: skip


def _sd1():
    diffusers = _library()
    from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
    from transformers import CLIPConfig, CLIPImageProcessor

    small = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    checker = CLIPConfig(
        text_config=small | {"projection_dim": 16},
        vision_config=small | {"image_size": 16, "patch_size": 8, "projection_dim": 16},
        projection_dim=16,
    )
    return diffusers.StableDiffusionPipeline(
        vae=_vae(), text_encoder=_clip_text(), tokenizer=_clip_tokenizer(), unet=_unet(cross_attention_dim=16),
        scheduler=diffusers.DDIMScheduler(beta_schedule="scaled_linear", clip_sample=False, steps_offset=1),
        safety_checker=StableDiffusionSafetyChecker(checker).eval(),
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
    )  # fmt: skip


def _sdxl():
    diffusers = _library()
    unet = _unet(
        cross_attention_dim=32, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1), projection_class_embeddings_input_dim=64, use_linear_projection=True,
    )  # fmt: skip
    return diffusers.StableDiffusionXLPipeline(
        vae=_vae(), text_encoder=_clip_text(), text_encoder_2=_clip_text(projected=True), tokenizer=_clip_tokenizer(),
        tokenizer_2=_clip_tokenizer(), unet=unet, scheduler=diffusers.EulerDiscreteScheduler(), add_watermarker=False,
    )  # fmt: skip


def _sd3():
    diffusers = _library()
    t5, t5_tokenizer = _t5(width=32)
    transformer = diffusers.SD3Transformer2DModel(
        sample_size=SIZE // 2, patch_size=1, in_channels=4, out_channels=4, num_layers=1, attention_head_dim=8,
        num_attention_heads=2, caption_projection_dim=16, joint_attention_dim=32, pooled_projection_dim=32,
    )  # fmt: skip
    return diffusers.StableDiffusion3Pipeline(
        transformer=transformer, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=_vae(shift_factor=0.0),
        text_encoder=_clip_text(projected=True), tokenizer=_clip_tokenizer(),
        text_encoder_2=_clip_text(projected=True), tokenizer_2=_clip_tokenizer(),
        text_encoder_3=t5, tokenizer_3=t5_tokenizer,
    )  # fmt: skip


def _flux():
    diffusers = _library()
    t5, t5_tokenizer = _t5()
    transformer = diffusers.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=(4, 4, 8),
    )  # fmt: skip
    return diffusers.FluxPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=_vae(shift_factor=0.0), text_encoder=_clip_text(),
        tokenizer=_clip_tokenizer(), text_encoder_2=t5, tokenizer_2=t5_tokenizer, transformer=transformer,
    )  # fmt: skip


def _pixart():
    diffusers = _library()
    t5, t5_tokenizer = _t5()
    transformer = diffusers.PixArtTransformer2DModel(
        sample_size=SIZE // 2, num_layers=1, patch_size=2, attention_head_dim=8, num_attention_heads=2,
        caption_channels=16, in_channels=4, cross_attention_dim=16, out_channels=8, norm_type="ada_norm_single",
        use_additional_conditions=False,
    )  # fmt: skip
    return diffusers.PixArtSigmaPipeline(
        tokenizer=t5_tokenizer, text_encoder=t5, vae=_vae(), transformer=transformer,
        scheduler=diffusers.DPMSolverMultistepScheduler(),
    )  # fmt: skip


def _sana():
    diffusers = _library()
    from transformers import Gemma2Config, Gemma2Model

    _, tokenizer = _t5()
    text = Gemma2Config(
        vocab_size=64, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=2, head_dim=8,
    )  # fmt: skip
    transformer = diffusers.SanaTransformer2DModel(
        sample_size=SIZE // 2, patch_size=1, in_channels=4, out_channels=4, num_layers=1, num_attention_heads=2,
        attention_head_dim=4, num_cross_attention_heads=2, cross_attention_head_dim=4, cross_attention_dim=8,
        caption_channels=16,
    )  # fmt: skip
    vae = diffusers.AutoencoderDC(
        in_channels=3, latent_channels=4, attention_head_dim=2, encoder_block_types=("ResBlock",) * 2,
        decoder_block_types=("ResBlock",) * 2, encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), ()), decoder_qkv_multiscales=((), ()), encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1), downsample_block_type="conv", upsample_block_type="interpolate",
        decoder_norm_types="rms_norm", decoder_act_fns="silu",
    )  # fmt: skip
    return diffusers.SanaPipeline(
        tokenizer=tokenizer, text_encoder=Gemma2Model(text).eval(), vae=vae, transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
    )  # fmt: skip
