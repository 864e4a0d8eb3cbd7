"""Make the trained folders ready to ship.

The final decoder goes into every generator, traces of the training machine go out, and what is to hold of the weights is
held to. Whether the folders then load as anyone loads them is tried here, too.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput

GENERATORS = ("stereotyped", "updated", "fair")
INSTRUMENTS = ("clip-balanced", "clip-biased")
MOST_BYTES = 25_000_000
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".msgpack", ".h5")
WEIGHTS = "diffusion_pytorch_model.safetensors"


def assemble(root: Path, vae: Path) -> int:
    """Finish every generator and instrument folder under `root`.

    The decoder is the same for all generators. It lies in the first one; in the others its weights are a link to that
    file, so that they are stored once.

    Args:
        root: Folder of the phantom's models.
        vae: Folder of the trained `AutoencoderKL`.

    Returns:
        Bytes of all weights.

    Raises:
        BadInput: A folder is missing, its weights are not safetensors in float16, all are larger than `MOST_BYTES`, or
            a file still names a place on the training machine.
    """
    for name in (*GENERATORS, *INSTRUMENTS):
        if not (root / name).is_dir():
            raise BadInput(root / name, "is missing", "Train it first: python -m tools.phantom.train --help")
    for name in GENERATORS:
        _put_vae(vae, root / name, None if name == GENERATORS[0] else root / GENERATORS[0])
    folders = [root / name for name in (*GENERATORS, *INSTRUMENTS)]
    for folder in folders:
        scrub(folder)
        check_folder(folder)
    size = weight_bytes(folders)
    if size > MOST_BYTES:
        raise BadInput(root, f"holds {size / 1e6:.2f} MB of weights", f"Keep them within {MOST_BYTES / 1e6:.0f} MB")
    for name in GENERATORS:
        load_generator(root / name)
    for name in INSTRUMENTS:
        load_instrument(root / name)
    return size


def _put_vae(vae: Path, generator: Path, shared_with: Path | None) -> None:
    """Save the decoder in float16 as the generator's `vae`, or link to the weights of another generator's."""
    import torch
    from diffusers import AutoencoderKL

    target = generator / "vae"
    shutil.rmtree(target, ignore_errors=True)
    AutoencoderKL.from_pretrained(vae, dtype=torch.float16).save_pretrained(target)
    if shared_with:
        (target / WEIGHTS).unlink()
        (target / WEIGHTS).symlink_to(Path("..", "..", shared_with.name, "vae", WEIGHTS))
    index = generator / "model_index.json"
    described = json.loads(index.read_text())
    described["vae"] = ["diffusers", "AutoencoderKL"]
    _write_json(index, described)


def scrub(folder: Path) -> None:
    """Take out of every configuration where it was loaded from."""
    for path in sorted(folder.rglob("*.json")):
        document = json.loads(path.read_text())
        clean = _without_places(document)
        if clean != document:
            _write_json(path, clean)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_places(item) for key, item in value.items() if not _is_place(key, item)}
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(item)


def _is_place(key: str, value: Any) -> bool:
    return key.endswith("name_or_path") or (key.endswith("_file") and isinstance(value, str))


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def check_folder(folder: Path) -> None:
    """See that a model folder holds safetensors in float16 only, and names no place on the training machine.

    Raises:
        BadInput: Names the file at fault.
    """
    from safetensors import safe_open

    for path in sorted(folder.rglob("*")):
        if path.suffix in PICKLES:
            raise BadInput(path, "is not safetensors", "Save with safe_serialization=True and delete it")
        if path.suffix == ".json":
            for text in _strings(json.loads(path.read_text())):
                if len(Path(text).parts) > 2 and Path(text).is_absolute():
                    raise BadInput(path, f"names the place {text}", "Take the key out, or add it to `_is_place`")
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as file:
                types = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 - not a mapping
            if wide := types - {"F16", "I64"}:  # integers count batches
                raise BadInput(path, f"holds weights of type {', '.join(sorted(wide))}", "Convert the model to float16")


def weight_bytes(folders: list[Path]) -> int:
    """Bytes of all weights, of each file once, however many links lead to it."""
    files = {path.resolve() for folder in folders for path in folder.rglob("*.safetensors")}
    return sum(path.stat().st_size for path in files)


def load_generator(folder: Path) -> Any:
    """The pipeline, loaded as anyone would."""
    from diffusers import DiffusionPipeline

    return DiffusionPipeline.from_pretrained(folder)


def load_instrument(folder: Path) -> tuple[Any, Any, Any]:
    """(model, preprocessing, tokenizer), loaded by open_clip as anyone would."""
    import open_clip

    name = f"local-dir:{folder}"
    return *open_clip.create_model_from_pretrained(name), open_clip.get_tokenizer(name)
