"""Every family that a test makes tiny and draws with: how it is made, and what it must be told to draw so small."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.systems.tiny import first, further, modular, unets


@dataclass(frozen=True)
class Recipe:
    """A family.

    Attributes:
        pipeline: Its class in diffusers.
        make: Makes one with random weights.
        arguments: What its entry says of arguments.
        keys: What else its entry says.
        side: Of its pictures in pixels.
        safety: What its images say of a safety checker.
    """

    pipeline: str
    make: Callable[[], Any]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, Any] = field(default_factory=dict)
    side: int = 16
    safety: str = "not_checked"


_SHORT = {"max_sequence_length": 16}
_UNBINNED = {"use_resolution_binning": False}
RECIPES = {
    "sd1": Recipe("StableDiffusionPipeline", first.sd1, safety="clean"),
    "sdxl": Recipe("StableDiffusionXLPipeline", first.sdxl),
    "sd3": Recipe("StableDiffusion3Pipeline", first.sd3, _SHORT),
    "flux": Recipe("FluxPipeline", first.flux, _SHORT),
    "pixart": Recipe("PixArtSigmaPipeline", first.pixart, _SHORT | _UNBINNED),
    "sana": Recipe("SanaPipeline", first.sana, _SHORT | _UNBINNED, side=32),
    "pixart-alpha": Recipe("PixArtAlphaPipeline", further.pixart_alpha, _SHORT | _UNBINNED),
    "sana-sprint": Recipe("SanaSprintPipeline", further.sana_sprint, _SHORT | _UNBINNED, side=32),
    "chroma": Recipe("ChromaPipeline", further.chroma, _SHORT),
    "aura-flow": Recipe("AuraFlowPipeline", further.aura_flow, _SHORT),
    "lumina": Recipe("LuminaPipeline", further.lumina, _SHORT, side=32),
    "lumina2": Recipe("Lumina2Pipeline", further.lumina2, _SHORT, side=32),
    "z-image": Recipe("ZImagePipeline", further.z_image, side=32),
    "qwen-image": Recipe("QwenImagePipeline", further.qwen_image, side=32),
    "krea2": Recipe("Krea2Pipeline", further.krea2, side=32),
    "longcat": Recipe("LongCatImagePipeline", further.longcat),
    "ernie": Recipe("ErnieImagePipeline", further.ernie),
    "ovis": Recipe("OvisImagePipeline", further.ovis),
    "bria": Recipe("BriaPipeline", further.bria, _SHORT),
    "flux2-klein": Recipe("Flux2KleinPipeline", further.flux2_klein, {"text_encoder_out_layers": [0, 1, 2]}),
    "cogview3": Recipe("CogView3PlusPipeline", further.cogview3, _SHORT),
    "hunyuan-dit": Recipe("HunyuanDiTPipeline", further.hunyuan_dit, _UNBINNED),
    "sd1-pag": Recipe("StableDiffusionPAGPipeline", unets.sd1_pag, safety="clean"),
    "sdxl-pag": Recipe("StableDiffusionXLPAGPipeline", unets.sdxl_pag),
    "semantic": Recipe("SemanticStableDiffusionPipeline", unets.semantic, safety="clean"),
    "sag": Recipe("StableDiffusionSAGPipeline", unets.self_attention_guided, safety="clean"),
    "lcm": Recipe("LatentConsistencyModelPipeline", unets.lcm, safety="clean"),
    "latent-diffusion": Recipe("LDMTextToImagePipeline", unets.latent_diffusion, side=32),
    "deepfloyd": Recipe("IFPipeline", unets.deepfloyd),
    "z-image-modular": Recipe("ZImageModularPipeline", modular.z_image, side=32),
    "flux3": Recipe("Flux3DistilledModularPipeline", modular.flux3, {"text_encoder_out_layers": [1, 2]}, side=32),
    "kandinsky3": Recipe("Kandinsky3Pipeline", unets.kandinsky3),
}
"""By a name of the tests' own."""


def made(family: str) -> Any:
    """A pipeline of a family, the same one every time."""
    import torch

    torch.manual_seed(0)
    return RECIPES[family].make()
