"""Modular pipelines are audited like any other: FLUX.3, whose blocks rewrite every prompt, among them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines import modular, pipeline_runner, rewriters
from mcas_assets.systems.pipelines.pipeline_folder import inspect
from mcas_assets.systems.pipelines.trial import Trial
from mcas_assets.systems.protocol import Request
from tests.systems.pipelines.test_hub import FIRST

INDEX = "modular_model_index.json"
SMALL = {"text_encoder_out_layers": [1, 2]}
WRITING = {"max_new_tokens": 4}


@pytest.fixture
def subject(families, declare) -> Callable[..., Any]:
    def made(family: str, **keys: object) -> Any:
        said = {"steps": 2, "width": 32, "height": 32, "path": str(families(family))}
        return find_system("tiny", declare(**said | keys))

    return made


@pytest.fixture
def folder(families, tmp_path) -> Path:
    return Path(shutil.copytree(families("z-image-modular"), tmp_path / "own"))


def drawn(system: Any, *seeds: int) -> list[Any]:
    outcomes = system.generate([Request("a nurse", seed, 32, 32) for seed in seeds])
    system.close()
    return outcomes


def test_what_its_blocks_take_is_asked_of_diffusers():
    taken = modular.parameters("ZImageModularPipeline")
    assert taken is not None
    assert (taken["num_inference_steps"], "prompt" in taken, "generator" in taken) == (8, True, True)
    assert modular.parameters("NoSuchModularPipeline") is None
    assert rewriters.shipped("Flux3ModularPipeline") == ("prompt_upsampler",)
    assert rewriters.shipped("ZImageModularPipeline") == ()


def test_an_image_is_the_one_that_the_bare_blocks_draw(subject, families):
    import numpy as np
    import torch
    from diffusers import ModularPipeline

    from tests.systems.drawing import pixels

    bare: Any = ModularPipeline.from_pretrained(str(families("z-image-modular")), local_files_only=True)
    bare.load_components(dtype=torch.float32)
    generators = [torch.Generator("cpu").manual_seed(seed) for seed in (1, 2)]
    images = bare(
        prompt=["a nurse"] * 2, generator=generators, height=32, width=32, num_inference_steps=2, output_type="pil",
        output="images",
    )  # fmt: skip
    for image, outcome in zip(images, drawn(subject("z-image-modular"), 1, 2), strict=True):
        assert (np.asarray(image) == pixels(outcome.image)).all()


def test_as_asked_the_block_that_rewrites_is_taken_out_with_its_model(subject):
    system = subject("flux3", arguments=SMALL)
    document = system.identity().document
    assert document["rewriter"] == "as_asked"
    assert not any(name.startswith("prompt_upsampler") for name in system.folder.components)
    outcomes = drawn(system, 1, 2)
    assert all("revised_prompt" not in outcome.provider for outcome in outcomes)


def test_as_shipped_the_prompt_is_rewritten_and_what_became_of_it_is_kept(subject, monkeypatch):
    # Which would draw once without `max_new_tokens`, and so have thousands written.
    monkeypatch.setattr(pipeline_runner, "try_first", lambda *given, **keys: Trial())
    asked, shipped = (
        subject("flux3", arguments=SMALL),
        subject("flux3", arguments=SMALL | WRITING, rewriter="as_shipped"),
    )
    assert "prompt_upsampler" in shipped.folder.components
    assert shipped.identity().document["weights"] != asked.identity().document["weights"]
    first, second = drawn(shipped, 1, 2)
    assert first.provider["revised_prompt"] == second.provider["revised_prompt"] != "a nurse", (
        "it writes without chance"
    )
    assert first.image != second.image
    assert first.image != drawn(asked, 1)[0].image


def test_a_pipeline_of_the_hub_is_fetched_by_its_own_index(families, hub, declare):
    folder = families("z-image-modular")
    files = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    hub.push(FIRST, files | {"README.md": b"words"})
    system = find_system("tiny", declare(repo="org/tiny", revision=FIRST, width=32, height=32, steps=2))
    local = find_system("tiny", declare(path=str(folder), width=32, height=32, steps=2))
    assert system.identity() == local.identity()


def test_where_a_folder_is_both_it_is_the_standard_pipeline(families, tmp_path):
    both = Path(shutil.copytree(families("z-image"), tmp_path / "both"))
    shutil.copyfile(families("z-image-modular") / INDEX, both / INDEX)
    assert inspect(both).pipeline == "ZImagePipeline"


def edited(folder: Path, **values: object) -> None:
    index = json.loads((folder / INDEX).read_text()) | values
    (folder / INDEX).write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"_blocks_class_name": "MyBlocks"}, "Blocks with code of their own are not run"),
        ({"_class_name": "NoModularPipeline"}, "does not have"),
        ({"_class_name": "WanModularPipeline", "_blocks_class_name": "WanBlocks"}, "draws video"),
        (
            {"vae_2": ["diffusers", "AutoencoderKL", {"type_hint": ["diffusers", "AutoencoderKL"]}]},
            "modular_model_index",
        ),
        ({"vae_2": [None, None, {"type_hint": ["diffusers", "AutoencoderKL"]}]}, "vae_2: is missing"),
    ],
)
def test_what_cannot_be_run_is_refused(folder, values, says):
    edited(folder, **values)
    with pytest.raises(BadInput, match=says):
        find_system(folder, width=32, height=32).identity()


def test_a_part_of_another_repository_is_named_with_it_and_used_once_it_lies_beside_the_others(folder, tmp_path):
    whole = drawn(find_system(folder, width=32, height=32, steps=1), 1)[0].image
    (folder / "vae").rename(tmp_path / "vae")
    for repo, part, remedy in (
        ("maker/parts", "vae", "Download the folder vae of maker/parts to there$"),
        ("maker/vae", None, "Download maker/vae to there, and say subfolder: vae of it in modular_model_index.json"),
    ):
        spec = {"pretrained_model_name_or_path": repo, "subfolder": part, "type_hint": ["diffusers", "AutoencoderKL"]}
        edited(folder, vae=[None, None, spec])
        with pytest.raises(BadInput, match=f"as a part of {repo}. {remedy}"):
            find_system(folder, width=32, height=32).identity()
    (tmp_path / "vae").rename(folder / "vae")
    with pytest.raises(BadInput, match=r"vae.subfolder: is not said, so vae would be loaded from there"):
        find_system(folder, width=32, height=32).identity()
    edited(folder, vae=[None, None, spec | {"subfolder": "vae"}])
    system = find_system(folder, width=32, height=32, steps=1)
    assert drawn(system, 1)[0].image == whole


def test_a_part_that_cannot_be_loaded_is_told(folder):
    config = folder / "vae" / "config.json"
    config.write_text(config.read_text().replace('"UpDecoderBlock2D"', '"NoSuchBlock"'))
    with pytest.raises(BadInput, match="parts that could not be loaded: vae"):
        find_system(folder, width=32, height=32, steps=1).environment()


def test_its_size_is_asked_for_where_its_blocks_do_not_state_one(folder):
    with pytest.raises(BadInput, match="Declare it with width and height"):
        find_system(folder).identity()
