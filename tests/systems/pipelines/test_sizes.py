"""The size that a pipeline draws at when told nothing is what its own source makes of its parts' configurations."""

import pytest

from mcas_assets.systems.pipelines.sizes import default_size

FOUR, FIVE = {"block_out_channels": [1, 2, 3, 4]}, {"block_out_channels": [1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("pipeline", "configs", "size"),
    [
        ("FluxPipeline", {"vae": FOUR}, (1024, 1024)),  # a number of its own, times the decoder's scale
        ("FluxPipeline", {"vae": FIVE}, (2048, 2048)),
        ("BriaPipeline", {"vae": FOUR}, (1024, 1024)),  # whose scale counts the patches in
        ("HunyuanImagePipeline", {"vae": {"spatial_compression_ratio": 32}}, (2048, 2048)),
        ("CogView4Pipeline", {"vae": FOUR, "transformer": {"sample_size": 128}}, (1024, 1024)),
        ("StableDiffusionXLPipeline", {"vae": FOUR, "unet": {"sample_size": 64}}, (512, 512)),
        ("IFPipeline", {"unet": {"sample_size": 64}}, (64, 64)),  # which draws pixels
        ("Cosmos2TextToImagePipeline", {}, (1360, 768)),  # which is no square
        ("QwenImage21Pipeline", {}, (1024, 1024)),  # by another argument's default
        ("ZImagePipeline", {}, (1024, 1024)),
        ("CogView4Pipeline", {"vae": FOUR}, None),  # a configuration that does not tell
        ("StableDiffusionXLPipeline", {"vae": FOUR, "unet": {"sample_size": [64, 32]}}, None),
        ("NoPipeline", {}, None),
    ],
)
def test_the_default_size_is_that_of_the_pipelines_own_expressions(pipeline, configs, size):
    assert default_size(pipeline, {}, configs) == size
