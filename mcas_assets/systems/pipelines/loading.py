"""Loading a diffusers pipeline: with which settings, and what stands in the way said in one sentence."""

import importlib.util
from typing import TYPE_CHECKING, Any

from mcas_assets.core.errors import BadInput, kind_and_line
from mcas_assets.systems.pipelines import devices, signatures
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder
from mcas_assets.systems.pipelines.quiet import quiet_loading
from mcas_assets.systems.pipelines.settings import Settings
from mcas_assets.systems.pipelines.strangers import Raised, strangers_code

if TYPE_CHECKING:
    import torch

_CHECKER = "safety_checker"


def load(folder: PipelineFolder, settings: Settings, variant: str | None, device: "torch.device") -> Any:
    """The pipeline of a folder, on the device.

    Args:
        folder: A pipeline folder that was found whole.
        settings: How to load it.
        variant: Weights variant to prefer, or None.
        device: A torch device.

    Raises:
        BadInput: diffusers cannot load it, it lacks weights, or it does not fit on the device.
    """
    import torch
    from diffusers import DiffusionPipeline

    options: dict[str, Any] = {"dtype": getattr(torch, settings.dtype), "local_files_only": True}
    options["use_safetensors"] = None if settings.allow_pickle else True
    # With accelerate, which is optional, large models load without twice their memory.
    options["low_cpu_mem_usage"] = importlib.util.find_spec("accelerate") is not None
    if variant:
        options["variant"] = variant
    made_with = signatures.parameters(folder.pipeline, "__init__") or {}
    if "add_watermarker" in made_with:
        # By default it depends on what else is installed.
        options["add_watermarker"] = False
    if settings.unchecked:
        unchecked = {_CHECKER: None, "requires_safety_checker": False}
        options |= {key: value for key, value in unchecked.items() if key in made_with}
    try:
        with quiet_loading() as complaints, strangers_code():
            pipeline = DiffusionPipeline.from_pretrained(str(folder.path), **options)
            pipeline.set_progress_bar_config(disable=True)
    except Raised as raised:
        problem = f"diffusers cannot load it ({describe(raised.error)})"
        remedy = "See that the folder is whole and of this version of diffusers"
        raise BadInput(folder.path, problem, remedy) from raised.error
    if complaints:
        problem = f"lacks weights, which would be drawn at random ({complaints[0]})"
        raise BadInput(folder.path, problem, "Copy or download the folder again")
    return _place(folder, pipeline, device)


def _place(folder: PipelineFolder, pipeline: Any, device: "torch.device") -> Any:
    try:
        with strangers_code():
            return pipeline.to(device)
    except Raised as raised:
        error = raised.error
        if not devices.is_out_of_memory(error):
            problem = f"cannot be put on the device ({device.type}: {describe(error)})"
            remedy = "Hide the device (CUDA_VISIBLE_DEVICES=) to run on the CPU, or choose another dtype"
            raise BadInput(folder.path, problem, remedy) from error
        problem = f"does not fit into the memory of the device ({device.type})"
        remedy = "Choose dtype: bfloat16, free the device, or hide it (CUDA_VISIBLE_DEVICES=) to run on the CPU"
        raise BadInput(folder.path, problem, remedy) from error


def describe(error: BaseException) -> str:
    """An error of the library as a reason, without a full stop at its end."""
    return kind_and_line(error, 500).rstrip(".")
