"""A checkpoint in one file, in its makers' own layout: which parts of a pipeline it holds, and how they are loaded.

The file holds weights and no configuration. So an entry names a pipeline folder or repository of the same family beside it: what
the file does not hold (tokenizers, the scheduler, often text encoders and the decoder) comes from there.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.systems.pipelines.loose_weights import kind_of, refusal
from mcas_assets.systems.pipelines.weights import check_safetensors

DENOISERS = ("unet", "transformer")
_PARTS = {
    "vae": re.compile(r"(first_stage_model|vae)\."),
    "text_encoder": re.compile(r"(cond_stage_model|conditioner|text_encoders)\."),
}
"""By the beginning of a part's name: how the names of its tensors begin in such a file. What else there is, is the denoiser's."""


def find_single_file(given: str, base: Path) -> Path:
    """The file of an entry, seen to be a whole checkpoint.

    Args:
        given: As declared.
        base: What it is relative to.

    Raises:
        BadInput: It is not there, broken, or something else; or what loads it is not installed.
    """
    file = base / Path(given).expanduser()
    if not file.is_file():
        raise BadInput(file, "is no file", "Correct the path, or declare a folder with path", "single_file")
    if file.suffix != ".safetensors":
        raise BadInput(file, "is not in the safetensors format", "Convert it to safetensors", "single_file")
    if kind_of(file) == "adapter":
        what, remedy = refusal(file)
        raise BadInput(file, what, remedy, "single_file")
    require_extra("adapters", "a single file")
    return file.resolve()


def parts_in(file: Path, components: Collection[str]) -> tuple[str, ...]:
    """The components of a pipeline that are loaded from the file, in their order.

    Args:
        file: The checkpoint.
        components: Of the pipeline that it is loaded as.
    """
    names = [name for name in check_safetensors(file) if name != "__metadata__"]
    held = [part for part, form in _PARTS.items() if any(form.match(name) for name in names)]
    return tuple(one for one in components if one in DENOISERS or any(one.startswith(part) for part in held))


def load_parts(
    file: Path, parts: Collection[str], folder: Path, classes: Mapping[str, str], dtype: Any
) -> dict[str, Any]:
    """The parts that a file holds, or the whole pipeline under '' where its text encoders are among them.

    Args:
        file: The checkpoint.
        parts: What `parts_in` found.
        folder: The pipeline folder with the configuration.
        classes: Class names by component, and of the pipeline under ''.
        dtype: A torch dtype.
    """
    import diffusers

    given: dict[str, Any] = {"config": str(folder), "local_files_only": True, "dtype": dtype}
    if any(part.startswith("text_encoder") for part in parts):
        return {"": getattr(diffusers, classes[""]).from_single_file(str(file), **given)}
    return {
        part: getattr(diffusers, classes[part]).from_single_file(str(file), subfolder=part, **given) for part in parts
    }
