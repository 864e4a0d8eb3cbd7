"""A checkpoint in one file, in its makers' own layout, draws what the pipeline folder draws that it was made from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.single_file import parts_in
from mcas_assets.systems.protocol import Request

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"


def in_makers_layout(folder: Path, file: Path) -> Path:
    """Z-Image as its makers publish it: the reverse of what diffusers does when it loads one."""
    tensors, made = load_file(folder / WEIGHTS), {}
    for name, value in tensors.items():
        if ".to_k." in name or ".to_v." in name:
            continue
        if ".to_q." in name:
            value = torch.cat([tensors[name.replace("to_q", part)] for part in ("to_q", "to_k", "to_v")])
        for ours, theirs in (
            ("all_final_layer.2-1.", "final_layer."), ("all_x_embedder.2-1.", "x_embedder."), (".to_q.", ".qkv."),
            (".norm_k.", ".k_norm."), (".norm_q.", ".q_norm."), (".to_out.0.", ".out."),
        ):  # fmt: skip
            name = name.replace(ours, theirs)
        made[f"model.diffusion_model.{name}"] = value.contiguous()
    save_file(made, file)
    return file


@pytest.fixture
def subject(families, declare, tmp_path) -> Callable[..., Any]:
    """`subject(single_file=..., path=...)`: beside it lies z.safetensors, and the folder of which the weights were taken away."""
    config = Path(shutil.copytree(families("z-image"), tmp_path / "config"))
    (config / WEIGHTS).unlink()
    in_makers_layout(families("z-image"), tmp_path / "z.safetensors")

    def made(**keys: object) -> Any:
        return find_system("tiny", declare(steps=2, width=32, height=32, **({"path": "config"} | keys)))

    return made


def drawn(system: Any) -> list[bytes | None]:
    images = [outcome.image for outcome in system.generate([Request("a nurse", seed, 32, 32) for seed in (1, 2)])]
    system.close()
    return images


def test_it_draws_what_its_folder_draws_and_is_a_version_of_its_own(subject, families):
    whole, single = subject(path=str(families("z-image"))), subject(single_file="z.safetensors")
    assert single.identity().document["pipeline"] == "ZImagePipeline"
    assert len(single.identity().document["single_file"]) == 64
    assert single.identity().version != whole.identity().version
    assert drawn(single) == drawn(whole)


def test_its_content_is_in_the_identity_and_its_place_is_not(subject, tmp_path):
    version = subject(single_file="z.safetensors").identity().version
    shutil.copyfile(tmp_path / "z.safetensors", tmp_path / "other.safetensors")
    assert subject(single_file="other.safetensors").identity().version == version
    tensors = load_file(tmp_path / "other.safetensors")
    name = next(iter(tensors))
    save_file(tensors | {name: tensors[name] + 1}, tmp_path / "other.safetensors")
    assert subject(single_file="other.safetensors").identity().version != version


def test_one_that_is_replaced_while_it_is_used_is_noticed(subject, tmp_path):
    system = subject(single_file="z.safetensors")
    system.identity()
    save_file(load_file(tmp_path / "z.safetensors"), tmp_path / "z.safetensors")
    with pytest.raises(BadInput, match=r"z\.safetensors: changed"):
        drawn(system)


def test_without_the_file_the_folder_of_configurations_is_not_whole(subject):
    with pytest.raises(BadInput, match="has no weights"):
        subject().identity()


@pytest.mark.parametrize(
    ("tensors", "parts"),
    [
        (["model.diffusion_model.x"], ("transformer",)),
        (["double_blocks.0.x"], ("transformer",)),
        (["model.diffusion_model.x", "first_stage_model.y"], ("vae", "transformer")),
        (["model.diffusion_model.x", "conditioner.embedders.0.y"], ("text_encoder", "text_encoder_2", "transformer")),
    ],
)
def test_what_a_file_holds_is_told_by_its_header(tmp_path, tensors, parts):
    save_file({name: torch.zeros(1) for name in tensors}, tmp_path / "x.safetensors")
    components = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "transformer", "scheduler")
    assert parts_in(tmp_path / "x.safetensors", components) == parts


def without_a_tensor(file: Path) -> None:
    tensors = load_file(file)
    name = next(name for name in tensors if ".out." in name)
    save_file({key: value for key, value in tensors.items() if key != name}, file)


def of_another_size(file: Path) -> None:
    save_file({name: torch.zeros(3, 3) for name in load_file(file)}, file)


@pytest.mark.parametrize(("spoil", "says"), [(without_a_tensor, "lacks weights"), (of_another_size, "cannot load it")])
def test_one_that_does_not_fit_its_configuration_is_refused(subject, tmp_path, spoil, says):
    spoil(tmp_path / "z.safetensors")
    with pytest.raises(BadInput, match=rf"z\.safetensors.*{says}"):
        drawn(subject(single_file="z.safetensors"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("none.safetensors", "single_file: is no file"),
        ("x.ckpt", "Convert it to safetensors"),
        ("lora.safetensors", r"is an adapter.*adapters: \[{path: "),
    ],
)
def test_each_wrong_use_is_told(subject, tmp_path, given, says):
    (tmp_path / "x.ckpt").write_bytes(b"PK")
    save_file({"unet.x.lora_A.weight": torch.zeros(1)}, tmp_path / "lora.safetensors")
    with pytest.raises(BadInput, match=says):
        subject(single_file=given).identity()


def test_a_checkpoint_given_in_place_of_a_folder_is_told_how_it_is_declared_and_that_works(subject, tmp_path):
    with pytest.raises(BadInput, match="is a checkpoint in its makers' own layout") as refused:
        find_system(tmp_path / "z.safetensors")
    said = refused.value.remedy.partition("single_file: ")[2].partition(",")[0]
    assert drawn(subject(single_file=said))[0]


def test_a_checker_is_no_part_of_a_single_file(families, declare, tmp_path):
    """The file names the denoiser; its folder's checker is not loaded, and the version says so."""
    shutil.copytree(families("sd1"), tmp_path / "config")
    save_file({"model.diffusion_model.x": torch.zeros(1)}, tmp_path / "x.safetensors")
    system = find_system("tiny", declare(path="config", single_file="x.safetensors"))
    assert system.identity().document["safety_checker"] is None
    assert json.loads((tmp_path / "config" / "model_index.json").read_text())["safety_checker"]
