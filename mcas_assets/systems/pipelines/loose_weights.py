"""What a weights file is that lies where a pipeline was expected, told by its header, and what can be done with it."""

import re
from pathlib import Path
from typing import Literal

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines.weights import check_safetensors, read_json

Kind = Literal["adapter", "checkpoint", "weights"]

_ADAPTER = re.compile(r"\blora_|[._]lora[._AB]|lokr_|hada_|\bdora_|oft_|ia3_", re.IGNORECASE)
_CHECKPOINT = re.compile(r"^(model\.diffusion_model|first_stage_model|cond_stage_model|double_blocks|joint_blocks)\.")


def kind_of(file: Path) -> Kind:
    """What a safetensors file holds, by the names of its tensors.

    Returns:
        `adapter` (LoRA and its like), `checkpoint` (a whole model in its makers' layout), or `weights` of some part.

    Raises:
        BadInput: It is not whole, or no safetensors file.
    """
    names = check_safetensors(file)
    if any(_ADAPTER.search(name) for name in names if name != "__metadata__"):
        return "adapter"
    return "checkpoint" if any(_CHECKPOINT.match(name) for name in names) else "weights"


def put_on_it(file: Path) -> str:
    """What to do with an adapter, and on which model it says that it was trained."""
    return f"Declare {_base_of(file)} in systems.yaml with adapters: [{{path: {file}}}]"


def refusal(file: Path) -> tuple[str, str]:
    """(what a weights file is, what to do) where a pipeline folder is needed."""
    if file.suffix != ".safetensors":
        return "is a checkpoint that is no safetensors file", f"Convert {file.name} to safetensors. {_as_single(file)}"
    kind = kind_of(file)
    if kind == "adapter":
        return "is an adapter (a LoRA or the like), which changes a model and is none", put_on_it(file)
    if kind == "checkpoint":
        return "is a checkpoint in its makers' own layout", _as_single(file)
    return (
        "is the weights of one part of a model",
        "Give the folder of the whole pipeline, which holds model_index.json",
    )


def _as_single(file: Path) -> str:
    return (
        f"Declare it in systems.yaml with single_file: {file.with_suffix('.safetensors')}, and with path: or repo: and revision: "
        "a pipeline of its family, for the configuration"
    )


def _base_of(file: Path) -> str:
    """The model that an adapter was trained on, as far as its header or peft's file beside it says (`base_model_name_or_path`)."""
    beside = file.with_name("adapter_config.json")
    try:
        said = read_json(beside).get("base_model_name_or_path") if beside.is_file() else None
        said = said or (check_safetensors(file).get("__metadata__") or {}).get("ss_sd_model_name")
    except BadInput:
        said = None
    return f"the model that it was trained on ({said})" if isinstance(said, str) else "the model that it was trained on"


def adapters_in(folder: Path) -> list[Path]:
    """The adapters that lie in a folder itself: of a training script, of peft, or beside the parts of a pipeline."""
    files = sorted(file for file in folder.iterdir() if file.suffix == ".safetensors" and file.is_file())
    found = []
    for file in files:
        try:
            if kind_of(file) == "adapter":
                found.append(file)
        except BadInput:  # a damaged file beside a pipeline is no part of it
            continue
    return found
