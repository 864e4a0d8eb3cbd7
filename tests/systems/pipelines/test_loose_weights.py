"""Weights where a pipeline was expected: what they are is told by what they hold, and so is what to do."""

import json
import logging
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import DATA
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.loose_weights import kind_of
from mcas_assets.systems.pipelines.pipeline_folder import inspect
from mcas_assets.systems.pipelines.weights import find_weights

NAMES = {
    "unet.down_blocks.0.attentions.0.to_q.lora_A.weight": "adapter",
    "lora_unet_down_blocks_0_attentions_0_to_q.lora_down.weight": "adapter",
    "lycoris_mid_block_to_q.lokr_w1": "adapter",
    "base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight": "adapter",
    "model.diffusion_model.input_blocks.0.0.weight": "checkpoint",
    "double_blocks.0.img_attn.proj.weight": "checkpoint",
    "conv_in.weight": "weights",
}


def weights(file: Path, *names: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: torch.zeros(2, 2) for name in names}, file)
    return file


@pytest.mark.parametrize(("name", "kind"), NAMES.items())
def test_a_file_is_told_by_the_names_of_its_tensors_and_not_by_its_own(tmp_path, name, kind):
    assert kind_of(weights(tmp_path / "model.safetensors", name)) == kind


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("unet.x.lora_A.weight", r"is an adapter .* adapters: \[{path: .*some.safetensors}\]"),
        ("model.diffusion_model.x.weight", "single_file: .*some.safetensors, and with path: or repo:"),
        ("conv_in.weight", "weights of one part .* model_index.json"),
    ],
)
def test_each_is_refused_with_what_helps_given_as_a_file_and_as_its_folder(tmp_path, name, says):
    file = weights(tmp_path / "given" / "some.safetensors", name)
    with pytest.raises(BadInput, match=says):
        find_system(file)
    with pytest.raises(BadInput, match=says):
        find_system(file.parent).identity()


def test_a_part_of_a_pipeline_is_told_from_a_pipeline(tmp_path):
    shutil.copytree(DATA / "phantom" / "fair" / "unet", tmp_path / "unet")
    with pytest.raises(BadInput, match=r"one part .UNet2DConditionModel. of a pipeline"):
        find_system(tmp_path / "unet").identity()


def test_an_adapter_beside_a_pipeline_is_said_to_be_left_unused(tmp_path, caplog):
    shutil.copytree(DATA / "phantom" / "fair", tmp_path / "pipeline")
    weights(tmp_path / "pipeline" / "pytorch_lora_weights.safetensors", "unet.x.lora_A.weight")
    with caplog.at_level(logging.WARNING):
        inspect(tmp_path / "pipeline")
    assert "pytorch_lora_weights.safetensors lies beside the pipeline and is left unused" in caplog.text


def test_the_variant_that_is_named_as_the_remedy_is_one_that_loads_also_of_shards(tmp_path):
    shards = {"a": "model.fp16-00001-of-00002.safetensors", "b": "model.fp16-00002-of-00002.safetensors"}
    for tensor, file in shards.items():
        weights(tmp_path / file, tensor)
    (tmp_path / "model.safetensors.index.fp16.json").write_text(json.dumps({"weight_map": shards}))
    with pytest.raises(BadInput, match=r"Declare it with variant: fp16$"):
        find_weights(tmp_path, None, False)
    assert find_weights(tmp_path, "fp16", False) == ["model.safetensors.index.fp16.json", *shards.values()]
