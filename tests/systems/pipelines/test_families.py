"""Every family of pipelines is audited through the same front door: a folder becomes a system that draws."""

import io

import numpy as np
import pytest
from PIL import Image

from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request

# numpy 2 and the arrays that diffusers makes of tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FAMILIES = {
    "sd1": ("StableDiffusionPipeline", "clean", {}),
    "sdxl": ("StableDiffusionXLPipeline", "not_checked", {}),
    "sd3": ("StableDiffusion3Pipeline", "not_checked", {"max_sequence_length": 16}),
    "flux": ("FluxPipeline", "not_checked", {"max_sequence_length": 16}),
    "pixart": ("PixArtSigmaPipeline", "not_checked", {"max_sequence_length": 16, "use_resolution_binning": False}),
    "sana": (
        "SanaPipeline",
        "not_checked",
        {"max_sequence_length": 16, "use_resolution_binning": False},
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_draws_one_outcome_a_request(family, families, declare):
    pipeline, safety, arguments = FAMILIES[family]
    side = 32 if family == "sana" else 16
    path = declare(path=str(families(family)), steps=2, width=side, height=side, arguments=arguments)
    system = find_system("tiny", path)
    assert system.identity().document["pipeline"] == pipeline
    requests = [Request("a nurse", seed, side, side) for seed in (1, 2, 1)]
    outcomes = system.generate(requests)
    assert [outcome.outcome for outcome in outcomes] == ["ok"] * 3
    assert [outcome.provider["safety"] for outcome in outcomes] == [safety] * 3
    images = [np.asarray(Image.open(io.BytesIO(outcome.image or b""))) for outcome in outcomes]
    assert {image.shape for image in images} == {(side, side, 3)}
    assert (images[0] == images[2]).all(), "one seed, one prompt: one image, wherever it stands in the batch"
    assert (images[0] != images[1]).any()
    again = system.generate(requests)
    assert [outcome.image for outcome in again] == [outcome.image for outcome in outcomes]


def test_no_watermark_is_drawn_whatever_else_is_installed(families, monkeypatch):
    from diffusers import DiffusionPipeline

    given: list[dict] = []
    load = DiffusionPipeline.from_pretrained

    def listen(*folder: str, **options: object):
        given.append(options)
        return load(*folder, **options)

    monkeypatch.setattr(DiffusionPipeline, "from_pretrained", listen)
    find_system(families("sdxl"), steps=1, width=16, height=16).environment()
    assert [(options["add_watermarker"], options["use_safetensors"]) for options in given] == [(False, True)]


@pytest.mark.parametrize(("device", "dtype"), [("cpu", "float32"), ("cuda", "bfloat16"), ("mps", "bfloat16")])
def test_the_number_format_suits_the_device_and_is_part_of_the_identity(families, monkeypatch, device, dtype):
    monkeypatch.setattr("mcas_assets.systems.pipelines.devices.expected_device", lambda: device)
    assert find_system(families("sd1")).identity().document["dtype"] == dtype
