"""Tiny pipelines whose denoiser is a U-Net, beside those of `first`."""

from tests.systems.tiny.first import sd1, sdxl
from tests.systems.tiny.parts import SIZE, clip_text, clip_tokenizer, library, t5, unet, vae


def _with_parts_of(other, pipeline: str, *left_out: str, **keys: object):
    parts = {name: part for name, part in other.components.items() if name not in left_out}
    return getattr(library(), pipeline)(**parts | keys)


def sd1_pag():
    return _with_parts_of(sd1(), "StableDiffusionPAGPipeline", pag_applied_layers="mid")


def sdxl_pag():
    return _with_parts_of(sdxl(), "StableDiffusionXLPAGPipeline", pag_applied_layers="mid")


def semantic():
    return _with_parts_of(sd1(), "SemanticStableDiffusionPipeline", "image_encoder")


def self_attention_guided():
    return _with_parts_of(sd1(), "StableDiffusionSAGPipeline")


def lcm():
    denoiser = unet(cross_attention_dim=16, time_cond_proj_dim=16)
    return _with_parts_of(
        sd1(), "LatentConsistencyModelPipeline", unet=denoiser, scheduler=library().LCMScheduler(clip_sample=False)
    )


def latent_diffusion():
    diffusers = library()
    return diffusers.LDMTextToImagePipeline(
        vqvae=vae(blocks=4), bert=clip_text(tokens=77), tokenizer=clip_tokenizer(), unet=unet(cross_attention_dim=16),
        scheduler=diffusers.DDIMScheduler(clip_sample=False),
    )  # fmt: skip


def deepfloyd():
    diffusers = library()
    encoder, tokenizer = t5(width=32)
    denoiser = diffusers.UNet2DConditionModel(
        sample_size=SIZE, layers_per_block=1, block_out_channels=[32, 64],
        down_block_types=["ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"], in_channels=3, out_channels=6,
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", up_block_types=["SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"],
        cross_attention_dim=32, encoder_hid_dim=32, attention_head_dim=8, addition_embed_type="text",
        addition_embed_type_num_heads=2, cross_attention_norm="group_norm", resnet_time_scale_shift="scale_shift",
        act_fn="gelu",
    )  # fmt: skip
    scheduler = diffusers.DDPMScheduler(
        beta_schedule="squaredcos_cap_v2", thresholding=True, variance_type="learned_range", prediction_type="epsilon"
    )
    return diffusers.IFPipeline(
        tokenizer=tokenizer, text_encoder=encoder, unet=denoiser, scheduler=scheduler, safety_checker=None,
        feature_extractor=None, watermarker=None, requires_safety_checker=False,
    )  # fmt: skip


def kandinsky3():
    diffusers = library()
    encoder, tokenizer = t5()
    denoiser = diffusers.Kandinsky3UNet(
        in_channels=4, time_embedding_dim=4, groups=2, attention_head_dim=4, layers_per_block=3, block_out_channels=(32, 64),
        cross_attention_dim=4, encoder_hid_dim=16,
    )  # fmt: skip
    movq = diffusers.VQModel(
        block_out_channels=[32, 64], down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D"], in_channels=3,
        latent_channels=4, layers_per_block=1, norm_num_groups=2, norm_type="spatial", num_vq_embeddings=12, out_channels=3,
        up_block_types=["AttnUpDecoderBlock2D", "UpDecoderBlock2D"], vq_embed_dim=4,
    )  # fmt: skip
    return diffusers.Kandinsky3Pipeline(
        tokenizer=tokenizer, text_encoder=encoder, unet=denoiser, scheduler=diffusers.DDPMScheduler(), movq=movq
    )
