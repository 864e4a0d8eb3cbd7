"""Pipelines of the shapes of Stable Diffusion 1.5 and XL with random weights: they take the time that real ones take."""

import string
from pathlib import Path
from typing import Any, NamedTuple

import torch

from mcas_assets.systems.pipelines.quiet import quiet_loading


class Shape(NamedTuple):
    """One pipeline to measure, with what is published of it.

    Attributes:
        size: Width and height in pixels.
        steps, guidance: Of the call.
        tflop: Work of one image at these settings in 10^12 operations (PERFORMANCE.md 1a), or None.
        published: The best figure that was found for it, and where.
    """

    family: str
    size: int
    steps: int
    guidance: float
    tflop: float | None
    published: str


SHAPES = {
    "sd15": Shape("sd15", 512, 50, 7.5, 82.8, "1.75 img/s, H100, batch 1, ONNX Runtime (microsoft/onnxruntime PR 22834); "
                  "1.50 img/s, A100, batch 16, torch.compile (diffusers docs, optimization/torch2.0)"),
    "sdxl": Shape("sdxl", 1024, 20, 8.0, 280.9, "2.18 img/s a GPU, H200, TensorRT 8 bit (MLPerf Inference v4.1 closed); "
                  "0.39 img/s at 30 steps, A100, batch 1, torch.compile (diffusers docs, fast_diffusion)"),
}  # fmt: skip
TINY = {name: shape._replace(size=64, steps=2, tflop=None) for name, shape in SHAPES.items()}


def build(family: str, folder: Path, device: str, dtype: torch.dtype, tiny: bool) -> dict[str, int]:
    """Make a pipeline with random weights and save it as a folder. Returns the parameters of each model."""
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            models = MODELS[family](tiny)
    finally:
        torch.set_default_dtype(before)
    with quiet_loading():
        PIPELINES[family](models).save_pretrained(folder)
    return {name: sum(tensor.numel() for tensor in model.parameters()) for name, model in models.items()}


def _sd15(tiny: bool) -> dict[str, Any]:
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel(
        sample_size=8 if tiny else 64, cross_attention_dim=64 if tiny else 768, attention_head_dim=8,
        block_out_channels=(32, 64, 64, 64) if tiny else (320, 640, 1280, 1280),
    )  # fmt: skip
    return {"unet": unet.eval(), "vae": _vae(tiny, 0.18215), "text_encoder": _text(tiny, 768, 12)}


def _sdxl(tiny: bool) -> dict[str, Any]:
    from diffusers import UNet2DConditionModel

    blocks = ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D")
    unet = UNet2DConditionModel(
        sample_size=8 if tiny else 128, block_out_channels=(32, 64, 64) if tiny else (320, 640, 1280),
        down_block_types=blocks, up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 1, 2) if tiny else (1, 2, 10),
        attention_head_dim=(2, 4, 4) if tiny else (5, 10, 20), cross_attention_dim=128 if tiny else 2048,
        addition_embed_type="text_time", addition_time_embed_dim=8 if tiny else 256,
        projection_class_embeddings_input_dim=64 + 6 * 8 if tiny else 2816, use_linear_projection=True,
    )  # fmt: skip
    texts = {"text_encoder": _text(tiny, 768, 12), "text_encoder_2": _text(tiny, 1280, 32, projected=True)}
    return {"unet": unet.eval(), "vae": _vae(tiny, 0.13025), **texts}


def _vae(tiny: bool, scale: float) -> Any:
    from diffusers import AutoencoderKL

    widths = (8, 8, 8, 8) if tiny else (128, 256, 512, 512)
    return AutoencoderKL(
        block_out_channels=widths, layers_per_block=2, latent_channels=4, sample_size=64 if tiny else 512, scaling_factor=scale,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4 if tiny else 32,
    ).eval()  # fmt: skip


def _text(tiny: bool, width: int, layers: int, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    width, layers = (64, 2) if tiny else (width, layers)
    config = CLIPTextConfig(
        vocab_size=54 if tiny else 49408, hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
        num_attention_heads=width // 64 or 1, projection_dim=width, bos_token_id=52, eos_token_id=53, pad_token_id=53,
        hidden_act="gelu" if projected else "quick_gelu",
    )  # fmt: skip
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def _tokenizer() -> Any:
    """Letters only: what a prompt says makes no difference to the time that it takes."""
    from transformers import CLIPTokenizer

    letters = [*string.ascii_lowercase, *(letter + "</w>" for letter in string.ascii_lowercase)]
    tokens = {token: number for number, token in enumerate([*letters, "<|startoftext|>", "<|endoftext|>"])}
    return CLIPTokenizer(vocab=tokens, merges=[], model_max_length=77)


def _sd15_pipeline(models: dict[str, Any]) -> Any:
    from diffusers import PNDMScheduler, StableDiffusionPipeline

    scheduler = PNDMScheduler(**_BETAS, skip_prk_steps=True, steps_offset=1)
    unchecked = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return StableDiffusionPipeline(**models, tokenizer=_tokenizer(), scheduler=scheduler, **unchecked)


def _sdxl_pipeline(models: dict[str, Any]) -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    words = {"tokenizer": _tokenizer(), "tokenizer_2": _tokenizer()}
    return StableDiffusionXLPipeline(
        **models, **words, scheduler=EulerDiscreteScheduler(**_BETAS), add_watermarker=False
    )


_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
MODELS = {"sd15": _sd15, "sdxl": _sdxl}
PIPELINES = {"sd15": _sd15_pipeline, "sdxl": _sdxl_pipeline}
