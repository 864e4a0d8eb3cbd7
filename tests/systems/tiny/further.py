"""Tiny pipelines of families whose denoiser is a transformer."""

from typing import Any

from tests.systems.tiny.first import pixart, sana
from tests.systems.tiny.parts import (
    SIZE,
    flux2_vae,
    gemma2,
    library,
    qwen3,
    qwen_tokenizer,
    qwen_vae,
    qwen_vl,
    t5,
    vae,
)  # fmt: skip


def chroma():
    diffusers = library()
    encoder, tokenizer = t5()
    transformer = diffusers.ChromaTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, axes_dims_rope=[4, 4, 8], approximator_hidden_dim=16, approximator_layers=1,
        approximator_num_channels=16,
    )  # fmt: skip
    return diffusers.ChromaPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(shift_factor=0.0), text_encoder=encoder,
        tokenizer=tokenizer, transformer=transformer,
    )  # fmt: skip


def aura_flow():
    diffusers = library()
    from transformers import UMT5Config, UMT5EncoderModel

    _, tokenizer = t5()
    config = UMT5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    transformer = diffusers.AuraFlowTransformer2DModel(
        sample_size=SIZE // 2, patch_size=2, in_channels=4, num_mmdit_layers=1, num_single_dit_layers=1, attention_head_dim=8,
        num_attention_heads=2, caption_projection_dim=16, joint_attention_dim=16, out_channels=4, pos_embed_max_size=64,
    )  # fmt: skip
    return diffusers.AuraFlowPipeline(
        tokenizer=tokenizer, text_encoder=UMT5EncoderModel(config).eval(), vae=vae(), transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
    )  # fmt: skip


def lumina2():
    diffusers = library()
    _, tokenizer = t5()
    transformer = diffusers.Lumina2Transformer2DModel(
        sample_size=4, patch_size=2, in_channels=4, hidden_size=8, num_layers=2, num_attention_heads=1, num_kv_heads=1,
        multiple_of=16, scaling_factor=1.0, axes_dim_rope=[4, 2, 2], cap_feat_dim=16,
    )  # fmt: skip
    return diffusers.Lumina2Pipeline(
        transformer=transformer, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(blocks=4, shift_factor=0.0),
        text_encoder=gemma2(), tokenizer=tokenizer,
    )  # fmt: skip


def lumina():
    diffusers = library()
    from transformers import GemmaConfig, GemmaForCausalLM

    _, tokenizer = t5()
    config = GemmaConfig(
        vocab_size=64, head_dim=4, hidden_size=8, intermediate_size=16, num_attention_heads=2, num_hidden_layers=2,
        num_key_value_heads=2,
    )  # fmt: skip
    transformer = diffusers.LuminaNextDiT2DModel(
        sample_size=4, patch_size=2, in_channels=4, hidden_size=4, num_layers=1, num_attention_heads=1, num_kv_heads=1,
        multiple_of=16, cross_attention_dim=8, learn_sigma=True, qk_norm=True, scaling_factor=1.0,
    )  # fmt: skip
    return diffusers.LuminaPipeline(
        transformer=transformer, scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(blocks=4),
        text_encoder=GemmaForCausalLM(config).eval(), tokenizer=tokenizer,
    )  # fmt: skip


def z_image():
    import torch

    diffusers = library()
    transformer = diffusers.ZImageTransformer2DModel(
        all_patch_size=(2,), all_f_patch_size=(1,), in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2,
        n_kv_heads=2, qk_norm=True, cap_feat_dim=16, rope_theta=256.0, t_scale=1000.0, axes_dims=[8, 4, 4],
        axes_lens=[256, 32, 32],
    )  # fmt: skip
    with torch.no_grad():
        transformer.x_pad_token.fill_(1)
        transformer.cap_pad_token.fill_(1)
    return diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(shift_factor=0.0), text_encoder=qwen3(),
        tokenizer=qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def qwen_image():
    diffusers = library()
    transformer = diffusers.QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    return diffusers.QwenImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=qwen_vae(), text_encoder=qwen_vl(),
        tokenizer=qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def krea2():
    diffusers = library()
    from transformers import Qwen3VLConfig, Qwen3VLModel

    from tests.systems.tiny.parts import SMALL

    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    config = Qwen3VLConfig(text_config=SMALL | {"head_dim": 8}, vision_config=vision)
    transformer = diffusers.Krea2Transformer2DModel(
        in_channels=16, num_layers=1, attention_head_dim=8, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=16, timestep_embed_dim=8, text_hidden_dim=16, num_text_layers=3, text_num_attention_heads=2,
        text_num_key_value_heads=1, text_intermediate_size=16, num_layerwise_text_blocks=1, num_refiner_text_blocks=1,
        axes_dims_rope=(4, 2, 2), rope_theta=1000.0,
    )  # fmt: skip
    return diffusers.Krea2Pipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=qwen_vae(), text_encoder=Qwen3VLModel(config).eval(),
        tokenizer=qwen_tokenizer(), transformer=transformer, text_encoder_select_layers=(0, 1, 2),
    )  # fmt: skip


def longcat():
    diffusers = library()
    from transformers import Qwen2_5_VLProcessor, Qwen2VLImageProcessor, Qwen2VLVideoProcessor

    from tests.systems.tiny.parts import CHAT

    words = qwen_tokenizer()
    transformer = diffusers.LongCatImageTransformer2DModel(
        patch_size=1, in_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=16, pooled_projection_dim=16, axes_dims_rope=[4, 4, 8],
    )  # fmt: skip
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(),
        tokenizer=words,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHAT,
    )
    return diffusers.LongCatImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(channels=16, shift_factor=0.0), text_encoder=qwen_vl(),
        tokenizer=words, text_processor=processor, transformer=transformer,
    )  # fmt: skip


def ernie():
    """With a language model that rewrites: a tiny one, whose eight tokens are as random as its weights."""
    diffusers = library()
    transformer = diffusers.ErnieImageTransformer2DModel(
        hidden_size=32, num_attention_heads=2, num_layers=1, ffn_hidden_size=32, in_channels=16, out_channels=16,
        text_in_dim=16, rope_axes_dim=(8, 4, 4),
    )  # fmt: skip
    writer = qwen_tokenizer()
    writer.model_max_length = 8
    return diffusers.ErnieImagePipeline(
        transformer=transformer, vae=flux2_vae(), text_encoder=qwen3(), tokenizer=qwen_tokenizer(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), pe=qwen3("Qwen3ForCausalLM"), pe_tokenizer=writer,
    )  # fmt: skip


def ovis():
    diffusers = library()
    transformer = diffusers.OvisImageTransformer2DModel(
        patch_size=1, in_channels=16, out_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=16, axes_dims_rope=(4, 4, 8),
    )  # fmt: skip
    return diffusers.OvisImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(shift_factor=0.0), text_encoder=qwen3(),
        tokenizer=qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def bria():
    diffusers = library()
    encoder, tokenizer = t5()
    transformer = diffusers.BriaTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=8, num_attention_heads=2,
        joint_attention_dim=16, pooled_projection_dim=None, axes_dims_rope=[0, 4, 4],
    )  # fmt: skip
    return diffusers.BriaPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=vae(shift_factor=0), text_encoder=encoder,
        tokenizer=tokenizer, transformer=transformer,
    )  # fmt: skip


def flux2_klein():
    diffusers = library()
    transformer = diffusers.Flux2Transformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=48, timestep_guidance_channels=16, axes_dims_rope=[4, 4, 4, 4], guidance_embeds=False,
    )  # fmt: skip
    return diffusers.Flux2KleinPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(), vae=flux2_vae(), text_encoder=qwen3("Qwen3ForCausalLM"),
        tokenizer=qwen_tokenizer(), transformer=transformer,
    )  # fmt: skip


def cogview3():
    diffusers = library()
    encoder, tokenizer = t5()
    transformer = diffusers.CogView3PlusTransformer2DModel(
        patch_size=2, in_channels=4, num_layers=1, attention_head_dim=4, num_attention_heads=2, out_channels=4,
        text_embed_dim=16, time_embed_dim=8, condition_dim=2, pos_embed_max_size=8, sample_size=8,
    )  # fmt: skip
    return diffusers.CogView3PlusPipeline(
        tokenizer=tokenizer, text_encoder=encoder, vae=vae(), transformer=transformer,
        scheduler=diffusers.CogVideoXDDIMScheduler(),
    )  # fmt: skip


def hunyuan_dit():
    diffusers = library()
    from transformers import BertConfig, BertModel, BertTokenizer

    encoder, tokenizer = t5()
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocab = {word: place for place, word in enumerate([*marks, *letters, *(f"##{letter}" for letter in letters)])}
    small: dict[str, Any] = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    bert = BertConfig(vocab_size=len(vocab), max_position_embeddings=80, **small)
    transformer = diffusers.HunyuanDiT2DModel(
        sample_size=8, num_layers=2, patch_size=2, attention_head_dim=8, num_attention_heads=2, in_channels=4,
        cross_attention_dim=16, cross_attention_dim_t5=16, pooled_projection_dim=16, hidden_size=16,
        activation_fn="gelu-approximate", text_len=77, text_len_t5=256,
    )  # fmt: skip
    return diffusers.HunyuanDiTPipeline(
        vae=vae(), text_encoder=BertModel(bert).eval(), tokenizer=BertTokenizer(vocab=vocab), transformer=transformer,
        scheduler=diffusers.DDPMScheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        text_encoder_2=encoder, tokenizer_2=tokenizer,
    )  # fmt: skip


def pixart_alpha():
    diffusers = library()
    other = pixart()
    parts = {name: other.components[name] for name in ("tokenizer", "text_encoder", "vae", "transformer")}
    return diffusers.PixArtAlphaPipeline(**parts, scheduler=diffusers.DDIMScheduler())


def sana_sprint():
    diffusers = library()
    other = sana()
    transformer = diffusers.SanaTransformer2DModel.from_config(dict(other.transformer.config), guidance_embeds=True)
    parts = {name: other.components[name] for name in ("tokenizer", "text_encoder", "vae")}
    return diffusers.SanaSprintPipeline(**parts, transformer=transformer, scheduler=diffusers.SCMScheduler())
