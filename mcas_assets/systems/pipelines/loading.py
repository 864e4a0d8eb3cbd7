"""Loading a diffusers pipeline: with which settings, and what stands in the way said in one sentence."""

import importlib.util
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines import devices, modular, signatures
from mcas_assets.systems.pipelines.adapters import Laid, put_on
from mcas_assets.systems.pipelines.pipeline_folder import PipelineFolder
from mcas_assets.systems.pipelines.quiet import quiet_loading
from mcas_assets.systems.pipelines.settings import Settings
from mcas_assets.systems.pipelines.single_file import load_parts
from mcas_assets.systems.pipelines.strangers import Raised, describe, strangers_code

if TYPE_CHECKING:
    import torch

_CHECKER = "safety_checker"


def load(
    folder: PipelineFolder,
    settings: Settings,
    variant: str | None,
    device: "torch.device",
    adapters: Sequence[Laid] = (),
) -> Any:
    """The pipeline of a folder, on the device.

    Args:
        folder: A pipeline folder that was found whole.
        settings: How to load it.
        variant: Weights variant to prefer, or None.
        device: A torch device.
        adapters: What is put on it.

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
            if modular.is_modular(folder.pipeline):
                out = tuple(modular.REWRITING) if settings.rewriter == "as_asked" else ()
                pipeline = modular.load_modular(folder.path, folder.pipeline, out, options)
            else:
                held = _from_file(folder, options["dtype"])
                pipeline = held.pop("", None) or DiffusionPipeline.from_pretrained(str(folder.path), **options, **held)
            pipeline.set_progress_bar_config(disable=True)
    except Raised as raised:
        problem = f"diffusers cannot load it ({describe(raised.error)})"
        remedy = "See that the folder is whole and of this version of diffusers"
        if folder.single_file is not None:
            # What a file lacks is left without memory behind it ("meta"), and found when it is to be used.
            is_short = "meta tensor" in str(raised.error)
            problem = f"lacks weights of a {folder.pipeline} as configured in {folder.path}" if is_short else problem
            remedy = "Name with path: or repo: the folder or repository of the model that it is of"
        raise BadInput(folder.single_file or folder.path, problem, remedy) from raised.error
    if complaints:
        problem = f"lacks weights, which would be drawn at random ({complaints[0]})"
        raise BadInput(folder.path, problem, "Copy or download the folder again")
    put_on(pipeline, adapters, folder.path)
    return _place(folder, pipeline, device)


def _from_file(folder: PipelineFolder, dtype: Any) -> dict[str, Any]:
    """What is loaded from a single file, by component; the whole pipeline under ''."""
    if folder.single_file is None:
        return {}
    classes = {**folder.components, "": folder.pipeline}
    return load_parts(folder.single_file, folder.from_file, folder.path, classes, dtype)


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
