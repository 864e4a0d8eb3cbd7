"""Weights files, looked at without loading them: are they whole, are they safe, which of a folder's are meant.

Format: https://huggingface.co/docs/safetensors (8 bytes little-endian length, a JSON header, then the tensors).
"""

import json
import re
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput

_MOST_HEADER = 100_000_000  # bytes; the limit that the safetensors library itself sets
_VARIANT = re.compile(r"model\.(?P<variant>\w+?)(?:-\d+-of-\d+)?\.safetensors$")
"""The variant in a file's name; of shards too, where diffusers puts their numbers after it."""
_LONGEST_NAME = 255  # bytes, on the file systems in use
_LFS = b"version https://git-lfs"
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_FETCH_AGAIN = "Copy or download it again"


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        BadInput: It is missing, cannot be read or holds something else.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise BadInput(path, "is missing", f"{_FETCH_AGAIN}; the folder is not complete without it") from None
    except OSError as error:
        raise BadInput(path, f"cannot be read ({error.strerror})", "Check the path and its permissions") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"is not valid JSON ({error})", _FETCH_AGAIN) from error
    if not isinstance(value, dict):
        raise BadInput(path, "does not hold a JSON object", _FETCH_AGAIN)
    return value


def check_safetensors(path: Path) -> dict[str, Any]:
    """See that a file is in the safetensors format and as long as its header says. Reads the header only.

    Returns:
        What the header says of each tensor, by name; of the file as a whole under `__metadata__`.

    Raises:
        BadInput: It is missing, no safetensors file, or cut short.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            length = int.from_bytes(start, "little")
            header = file.read(min(length, _MOST_HEADER))
    except FileNotFoundError:
        raise BadInput(path, "is missing", _FETCH_AGAIN) from None
    except OSError as error:
        raise BadInput(path, f"cannot be read ({error.strerror})", "Check the path and its permissions") from error
    if (start + header[:40]).startswith(_LFS):
        raise BadInput(path, "is a Git LFS pointer, not the weights", "Run `git lfs pull` in its repository")
    if len(start) < 8 or (header[:1] in (b"{", b"") and len(header) < length <= _MOST_HEADER):
        raise BadInput(path, f"is cut short: {size:,} bytes are less than its header", _FETCH_AGAIN)
    try:
        tensors = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in tensors.items() if name != "__metadata__"]
        promised = 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        problem = "is not a safetensors file (its header cannot be read)"
        raise BadInput(path, problem, f"{_FETCH_AGAIN}, or convert the weights to safetensors") from None
    if promised != size:
        word = "is cut short" if size < promised else "holds more than it should"
        raise BadInput(path, f"{word}: {size:,} bytes, where its header promises {promised:,}", _FETCH_AGAIN)
    return tensors


def find_weights(folder: Path, variant: str | None, allow_pickle: bool, *, whole: bool = True) -> list[str]:
    """The weights files that a model component is loaded from, as names in its folder, each seen to be whole.

    Where a folder holds one file and also shards, all of them count: the library chooses which of the two it loads.

    Args:
        folder: A component: `unet`, `text_encoder`, ...
        variant: 'fp16' and the like: preferred where the component has it, as diffusers does.
        allow_pickle: Accept pickled weights where there are no others.
        whole: See that each is whole; not for a listing, where files stand empty.

    Raises:
        BadInput: There are none that may be loaded, one is missing, or one is not whole.
    """
    for infix in dict.fromkeys((variant, None)):
        files = _of_variant(folder, infix)
        if files:
            for name in files:
                if whole and name.endswith(".safetensors"):
                    check_safetensors(folder / name)
            return files
    pickles = sorted(file.name for file in folder.iterdir() if file.suffix in PICKLES)
    if pickles and allow_pickle:
        return pickles
    if pickles:
        problem = "has its weights only as a pickle, which can run any code when it is loaded"
        remedy = "Convert it to safetensors, or, if you trust where it is from, declare it with allow_pickle: true"
        raise BadInput(folder / pickles[0], problem, remedy)
    others = sorted({match["variant"] for name in _names(folder) if (match := _VARIANT.search(name))})
    if others:
        raise BadInput(folder, "has no weights of the plain variant", f"Declare it with variant: {others[0]}")
    raise BadInput(folder, "has no weights (*.safetensors)", f"{_FETCH_AGAIN}: the folder is not complete")


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.suffix == ".safetensors")


def _of_variant(folder: Path, variant: str | None) -> list[str]:
    infix = f".{variant}" if variant else ""
    files: list[str] = []
    for base in ("diffusion_pytorch_model", "model"):
        if (folder / f"{base}{infix}.safetensors").exists():
            files.append(f"{base}{infix}.safetensors")
        index = folder / f"{base}.safetensors.index{infix}.json"
        if index.exists():
            shards = read_json(index).get("weight_map")
            if not isinstance(shards, dict) or not shards:
                raise BadInput(index, "names no weights", _FETCH_AGAIN, "weight_map")
            names = sorted({str(shard) for shard in shards.values()})
            for name in names:
                if not _is_file_name(name):
                    raise BadInput(
                        index, f"names {name[:80]!r}, which is no file beside it", _FETCH_AGAIN, "weight_map"
                    )
            files += [index.name, *names]
    return files


def _is_file_name(name: str) -> bool:
    return (
        0 < len(name.encode("utf-8", "replace")) <= _LONGEST_NAME
        and name not in (".", "..")
        and not set(name) & set("/\\\0")
    )
