"""On what, and in which number format, models run."""

import importlib.util
import os
import platform
import re
import sys
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def expected_device() -> str:
    """'cuda', 'mps' or 'cpu': what `best_device` will say, told without importing torch.

    For the default number format, which is part of a system's identity. Were it wrong, the number format that the
    identity states would be used all the same.
    """
    build = _torch_build()
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")
    nodes = ("nvidia0", "dxg", "nvhost-gpu") if "cuda" in build else ("kfd",) if "hip" in build else ()
    numbered = Path("/dev").glob("nvidia[0-9]*") if "cuda" in build else iter(())
    if not hidden and (any(Path("/dev", node).exists() for node in nodes) or any(numbered)):
        return "cuda"
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "mps"
    return "cpu"


def best_device() -> "torch.device":
    """The `torch.device` to run on: cuda, else mps, else cpu."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def default_dtype() -> str:
    """The name: float32 on a CPU, where half formats are slow; else bfloat16, whose range is that of float32."""
    return "float32" if expected_device() == "cpu" else "bfloat16"


def describe(device: "torch.device") -> dict[str, Any]:
    """The facts of a torch device that can change low bits of what it computes (JSON values)."""
    import torch

    facts: dict[str, Any] = {
        "device": device.type,
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }
    if device.type == "cuda":
        facts |= {
            "device_name": torch.cuda.get_device_name(device),
            "cuda": torch.version.cuda or torch.version.hip,
            "cudnn": torch.backends.cudnn.version(),
            "matmul_tf32": torch.backends.cuda.matmul.allow_tf32,
            "cudnn_tf32": torch.backends.cudnn.allow_tf32,
            "deterministic": torch.are_deterministic_algorithms_enabled(),
        }
    else:
        facts["device_name"] = platform.processor() or platform.machine()
    return facts


@contextmanager
def full_precision() -> Generator[None]:
    """Convolutions and matrix products in float32 as such: no TF32, no algorithm chosen by timing."""
    import torch

    matmul = torch.backends.cuda.matmul
    before = matmul.allow_tf32
    matmul.allow_tf32 = False
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        matmul.allow_tf32 = before


def prepare_deterministic() -> None:
    """What `deterministic` needs to have been said before a GPU is first used (CUDA's documentation of cuBLAS)."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@contextmanager
def deterministic() -> Generator[None]:
    """Only algorithms that give the same bits every time on one machine, in full precision.

    Raises:
        RuntimeError: An operation has no such algorithm, when it is met.
    """
    import torch

    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with full_precision():
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory did not suffice, on whichever device."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    message = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in message or "can't allocate memory" in message)


def free(device: "torch.device | None", *gone: weakref.ref) -> None:
    """Give back what is no longer used.

    Args:
        device: Where it lies, or None.
        gone: References to the models that were let go of. If all of them are gone, nothing holds them in a circle, and circles
            are not looked for: that takes half a second in a process of this size.
    """
    import gc

    import torch

    if not gone or any(one() is not None for one in gone):
        gc.collect()
    if device is not None and device.type == "cuda":
        torch.cuda.empty_cache()
    elif device is not None and device.type == "mps":
        torch.mps.empty_cache()


def _torch_build() -> set[str]:
    """Which accelerators the installed torch was built for, from its version file."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return set()
    version = Path(spec.origin).with_name("version.py")
    text = version.read_text() if version.exists() else ""
    return {name for name in ("cuda", "hip") if re.search(rf"^{name}\b[^=]*= *'", text, re.MULTILINE)}
