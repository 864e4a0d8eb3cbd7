"""Tiny modular pipelines: blocks of diffusers with parts that have random weights."""

from typing import Any

from tests.systems.tiny import further
from tests.systems.tiny.parts import CHAT, SMALL, flux2_vae, library, qwen_tokenizer


def _of(blocks: str, **parts: Any) -> Any:
    """A modular pipeline with these parts of those that its blocks take."""
    pipeline = getattr(library(), blocks)().init_pipeline()
    pipeline.update_components(**{name: part for name, part in parts.items() if name in pipeline.components})
    return pipeline


def z_image():
    return _of("ZImageAutoBlocks", **further.z_image().components)


def flux3():
    """FLUX.3 as it is distilled: with a language model that rewrites every prompt before it is drawn."""
    from transformers import (
        Qwen2VLImageProcessor,
        Qwen3_5Config,
        Qwen3_5ForConditionalGeneration,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLProcessor,
        Qwen3VLVideoProcessor,
    )  # fmt: skip

    diffusers = library()
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(), tokenizer=qwen_tokenizer(), video_processor=Qwen3VLVideoProcessor(),
        chat_template=CHAT,
    )  # fmt: skip
    text = SMALL | {"head_dim": 8, "max_position_embeddings": 16384}
    encoder = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision)).eval()
    linear = {
        "linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
        "layer_types": ["full_attention", "full_attention"],
    }  # fmt: skip
    writer = Qwen3_5ForConditionalGeneration(Qwen3_5Config(text_config=text | linear, vision_config=vision)).eval()
    transformer = diffusers.Flux3Transformer2DModel(
        in_channels=16, cond_in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=32, timestep_channels=16, axes_dims_rope=(4, 4, 4, 4), flow_map=True,
    )  # fmt: skip
    return _of(
        "Flux3DistilledAutoBlocks", prompt_upsampler=writer, prompt_upsampler_processor=processor, text_encoder=encoder,
        tokenizer=processor, vae=flux2_vae(), transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip
