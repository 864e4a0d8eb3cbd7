"""Adapters and single files beside a pipeline: each wrong use, and what its remedy does."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from mcas_assets.core.paths import DATA
from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request
from tests.remedies.situations import Situation, Step, situation

LORA = "pytorch_lora_weights.safetensors"
BLOCK = "mid_block.attentions.0.transformer_blocks.0.attn1"


def adapter(file: Path, name: str = BLOCK) -> Path:
    """A LoRA of the phantom's denoiser, whose width is what the phantom's says."""
    file.parent.mkdir(parents=True, exist_ok=True)
    weights = load_file(DATA / "phantom" / "fair" / "unet" / "diffusion_pytorch_model.safetensors")
    out, width = weights[f"{BLOCK}.to_q.weight"].shape
    save_file(
        {
            f"unet.{name}.to_q.lora_A.weight": torch.ones(2, width),
            f"unet.{name}.to_q.lora_B.weight": torch.ones(out, 2),
        },
        file,
    )
    return file


def entry(place: Path, **keys: object) -> Callable[[], Any]:
    """Writes an entry; answers with what identifies it."""
    said = {"kind": "diffusers", "path": str(DATA / "phantom" / "fair"), "steps": 1, "width": 64, "height": 64} | keys
    (place / "systems.yaml").write_text(json.dumps({"systems": {"mine": said}}))
    return lambda: find_system("mine", place / "systems.yaml").identity()


def drawn(place: Path) -> Callable[[], object]:
    return lambda: find_system("mine", place / "systems.yaml").generate([Request("a nurse", 1, 64, 64)])


def wrong(words: str, given: dict[str, Any], mended: dict[str, Any]) -> Situation:
    """An adapter that is named wrongly, then as the remedy says."""

    def of_an_adapter(place: Path) -> Iterator[Step]:
        adapter(place / "mine" / LORA)
        (place / "empty").mkdir()
        for name in "ab":
            adapter(place / "two" / f"{name}.safetensors")
        save_file({"conv_in.weight": torch.zeros(1)}, place / "part.safetensors")
        identified = entry(place, adapters=[given])
        yield identified, words
        entry(place, adapters=[mended])

    of_an_adapter.__name__ = f"adapter: {words}"
    return of_an_adapter


ADAPTERS_TABLE = [
    wrong("Give path: FILE OR FOLDER", {"scale": 1.0}, {"path": "mine"}),
    wrong("Correct the path of the adapter", {"path": "mime"}, {"path": "mine"}),
    wrong(
        "Correct weight_name", {"path": "mine", "weight_name": "x.safetensors"}, {"path": "mine", "weight_name": LORA}
    ),
    wrong("Give the folder or the file of one", {"path": "empty"}, {"path": f"mine/{LORA}"}),
    wrong("weight_name: a.safetensors", {"path": "two"}, {"path": "two", "weight_name": "a.safetensors"}),
    wrong("Name an adapter in the safetensors format", {"path": "part.safetensors"}, {"path": "mine"}),
]


@situation
def an_adapter_of_another_model(place: Path) -> Iterator[Step]:
    adapter(place / LORA, BLOCK.replace("attentions.0", "attentions.7"))
    entry(place, adapters=[{"path": LORA}])
    yield drawn(place), "Put it on the model that it was trained on, or leave it out"
    adapter(place / LORA)


@situation
def an_adapter_that_names_no_part(place: Path) -> Iterator[Step]:
    adapter(place / LORA)
    save_file({name.replace("unet.", "prior."): value for name, value in load_file(place / LORA).items()}, place / LORA)
    entry(place, adapters=[{"path": LORA}])
    yield drawn(place), "Put it on the model that it was trained on, or leave it out"
    entry(place)


@situation
def an_adapter_in_place_of_a_model(place: Path) -> Iterator[Step]:
    file = adapter(place / LORA)
    acts = [lambda: find_system(file)]
    yield lambda: acts[0](), f"adapters: [{{path: {file}}}]"
    acts[0] = entry(place, adapters=[{"path": str(file)}])


@situation
def a_single_file_that_is_not_there(place: Path) -> Iterator[Step]:
    yield entry(place, single_file="x.safetensors"), "or declare a folder with path"
    save_file({"model.diffusion_model.x": torch.zeros(1)}, place / "x.safetensors")


@situation
def a_single_file_of_another_form(place: Path) -> Iterator[Step]:
    (place / "x.ckpt").write_bytes(b"PK")
    yield entry(place, single_file="x.ckpt"), "Convert it to safetensors"
    save_file({"model.diffusion_model.x": torch.zeros(1)}, place / "x.safetensors")
    entry(place, single_file="x.safetensors")


@situation
def a_checkpoint_in_place_of_a_model(place: Path) -> Iterator[Step]:
    save_file({"model.diffusion_model.x": torch.zeros(1)}, place / "x.safetensors")
    shutil.copytree(DATA / "phantom" / "fair", place / "config")
    acts = [lambda: find_system(place / "x.safetensors")]
    yield lambda: acts[0](), "Declare it in systems.yaml with single_file: "
    acts[0] = entry(place, single_file="x.safetensors", path="config")
