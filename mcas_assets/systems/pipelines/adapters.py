"""Adapters on a pipeline (LoRA and its like): where each lies, what of it is identified, and putting them on.

Most published fine-tunes are adapters. A base and its adapter are two versions, which compare like any two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.pipelines.hub import revision_mistakes, snapshot
from mcas_assets.systems.pipelines.loose_weights import adapters_in, kind_of, refusal
from mcas_assets.systems.pipelines.quiet import quiet_loading
from mcas_assets.systems.pipelines.strangers import Raised, describe, strangers_code

_USUAL = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
"""What diffusers and peft call the file of an adapter."""


class Adapter(BaseModel):
    """One adapter of an entry.

    Attributes:
        path: Its file or folder, relative to the folder of the file that declares it.
        repo, revision: Or a hub repository at a commit (40 hex digits).
        weight_name: Which file, where there are several.
        scale: How strongly it counts; 1 is as it was trained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    path: str | None = None
    repo: str | None = None
    revision: str | None = None
    weight_name: str | None = None
    scale: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)] = 1.0


@dataclass(frozen=True)
class Laid:
    """An adapter as it lies here: its weights file, and how strongly it counts."""

    file: Path
    scale: float


def adapter_mistakes(raw: object) -> Iterable[Mistake]:
    """What no single field of a list of adapters shows: exactly one of path and repo, a revision with a repo."""
    for place, one in enumerate(raw if isinstance(raw, list | tuple) else ()):
        if not isinstance(one, dict):
            continue
        if (one.get("path") is None) == (one.get("repo") is None):
            remedy = "Give path: FILE OR FOLDER, or repo: with revision:"
            yield Mistake(("adapters", place), "one of path and repo is needed", remedy)
        elif one.get("repo") is not None:
            for mistake in revision_mistakes(one.get("revision")):
                yield Mistake(("adapters", place, *mistake.at), mistake.problem, mistake.remedy)


def lay(adapters: Sequence[Adapter], base: Path) -> tuple[Laid, ...]:
    """The adapters of an entry, each seen to be one and whole; downloaded first where the cache lacks it.

    Args:
        adapters: As declared.
        base: What their paths are relative to.

    Raises:
        BadInput: One is missing, broken, something else, or one of several; or what puts them on is not installed.
    """
    if adapters:
        require_extra("adapters", "an adapter")
    return tuple(Laid(_file(_place(one, base), one.weight_name), one.scale) for one in adapters)


def put_on(pipeline: Any, adapters: Sequence[Laid], where: Path) -> None:
    """Put adapters on a loaded pipeline, all of them active at their scales.

    Args:
        pipeline: A diffusers pipeline.
        adapters: What `lay` found.
        where: The pipeline's folder.

    Raises:
        BadInput: One does not fit the pipeline, or the pipeline takes none.
    """
    names = [f"adapter_{place}" for place in range(len(adapters))]
    for name, one in zip(names, adapters, strict=True):
        try:
            with quiet_loading() as complaints, strangers_code():
                pipeline.load_lora_weights(
                    str(one.file.parent), weight_name=one.file.name, adapter_name=name, local_files_only=True
                )
                held = pipeline.get_list_adapters()
        except Raised as raised:
            problem = f"cannot be put on the pipeline in {where} ({describe(raised.error)})"
            raise BadInput(one.file, problem, _ITS_OWN) from raised.error
        if complaints or not any(name in ours for ours in held.values()):
            found = complaints[0] if complaints else "it changes none of its parts"
            raise BadInput(one.file, f"is no adapter of the pipeline in {where} ({found})", _ITS_OWN)
    if names:
        with strangers_code():
            pipeline.set_adapters(names, [one.scale for one in adapters])


_ITS_OWN = "Put it on the model that it was trained on, or leave it out of adapters"


def _place(one: Adapter, base: Path) -> Path:
    if one.path is not None:
        return base / Path(one.path).expanduser()
    return snapshot(str(one.repo), str(one.revision), [one.weight_name or "*.safetensors"])


def _file(place: Path, name: str | None) -> Path:
    """The weights file of an adapter."""
    if not place.exists():
        raise BadInput(place, "is not there", "Correct the path of the adapter", "adapters")
    file = _in_folder(place, name) if place.is_dir() else place
    if not file.is_file():
        raise BadInput(file, "is not there", "Correct weight_name of the adapter", "adapters")
    if file.suffix != ".safetensors" or kind_of(file) != "adapter":
        what, _ = refusal(file)
        raise BadInput(file, f"is no adapter: it {what}", "Name an adapter in the safetensors format", "adapters")
    return file.resolve()


def _in_folder(folder: Path, name: str | None) -> Path:
    if name is not None:
        return folder / name
    usual = [folder / one for one in _USUAL if (folder / one).is_file()]
    found = usual or adapters_in(folder)
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInput(folder, "holds no adapter (*.safetensors)", "Give the folder or the file of one", "adapters")
    listed = ", ".join(file.name for file in found)
    raise BadInput(folder, f"holds several adapters ({listed})", f"Say which: weight_name: {found[0].name}", "adapters")
