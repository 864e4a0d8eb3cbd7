"""A component whose weights were saved quantised: which package reads them, told before anything is loaded."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput

_PACKAGES = {
    "bitsandbytes": "bitsandbytes", "torchao": "torchao", "gguf": "gguf", "quanto": "optimum.quanto", "modelopt": "modelopt",
    "auto-round": "auto_round", "sdnq": "sdnq", "nunchaku_lite": "kernels", "bfl": "accelerate",
}  # fmt: skip
"""Method -> the module that reads what it wrote (diffusers 0.42, `quantizers/`). All of them load by way of `accelerate`."""
_INSTALLED_AS = {"optimum.quanto": "optimum-quanto", "modelopt": "nvidia-modelopt", "auto_round": "auto-round"}


def require_dequantisable(folder: Path, config: Mapping[str, Any]) -> None:
    """See that quantised weights can be read here.

    Args:
        folder: The component's.
        config: Its configuration.

    Raises:
        BadInput: A package that their method needs is not installed.
    """
    stated = config.get("quantization_config")
    if not isinstance(stated, dict):
        return
    method = str(stated.get("quant_method", "an unknown method"))
    needed = [*dict.fromkeys(["accelerate", _PACKAGES.get(method, method)])]
    missing = [_INSTALLED_AS.get(name, name) for name in needed if not _is_installed(name)]
    if missing:
        problem = f"is quantised by {method}, and what reads it is not installed: {', '.join(missing)}"
        remedy = f"Install it (uv pip install {' '.join(missing)}), or give the pipeline with unquantised weights"
        raise BadInput(folder / "config.json", problem, remedy, "quantization_config")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ModuleNotFoundError, ValueError):  # of a package within one that is missing; a name that is none
        return False
