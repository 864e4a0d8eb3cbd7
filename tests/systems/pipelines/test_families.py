"""Every family of pipelines is audited through the same front door: a folder becomes a system that draws."""

import io

import numpy as np
import pytest
from PIL import Image

from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request
from tests.systems.tiny.recipes import RECIPES

# numpy 2 and the arrays that diffusers makes of tensors.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("family", RECIPES)
def test_a_family_draws_one_outcome_a_request(family, families, declare):
    recipe, side = RECIPES[family], RECIPES[family].side
    said = {"steps": 2, "width": side, "height": side, "arguments": dict(recipe.arguments)} | dict(recipe.keys)
    system = find_system("tiny", declare(path=str(families(family)), **said))
    assert system.identity().document["pipeline"] == recipe.pipeline
    requests = [Request("a nurse", seed, side, side) for seed in (1, 2, 1)]
    outcomes = system.generate(requests)
    assert [(outcome.outcome, outcome.reason) for outcome in outcomes] == [("ok", None)] * 3
    assert [outcome.provider["safety"] for outcome in outcomes] == [recipe.safety] * 3
    images = [np.asarray(Image.open(io.BytesIO(outcome.image or b""))) for outcome in outcomes]
    assert {image.shape for image in images} == {(side, side, 3)}
    apart = abs(images[0].astype(int) - images[2]).max()
    assert apart <= 1, "one seed, one prompt: one image, but for low bits, wherever it stands in the batch"
    assert (images[0] != images[1]).any()
    assert system.capabilities().seed == "exact"
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
