"""Modular pipelines of diffusers (`modular_model_index.json`): blocks that are put together, and called like any pipeline.

What their blocks take stands nowhere in the source as one signature, so diffusers is imported to be asked. Only blocks that
diffusers itself has are run.
"""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.systems.pipelines.weights import read_json

INDEX = "modular_model_index.json"
REWRITING = {"prompt_upsampler": ("prompt_upsampler", "prompt_upsampler_processor")}
"""Blocks that rewrite the prompt whenever they are there (FLUX.3), with the components that they alone use."""


def is_modular(class_name: str) -> bool:
    """Whether a pipeline's class is one that blocks are put together in."""
    return class_name.endswith("ModularPipeline")


@cache
def parameters(class_name: str) -> dict[str, Any] | None:
    """What the blocks of a modular pipeline take, with their defaults. None if the installed diffusers has no such class."""
    blocks = _blocks(class_name)
    return None if blocks is None else {one.name: one.default for one in blocks.inputs if one.name}


@cache
def blocks_of(class_name: str) -> tuple[str, ...]:
    """The names of a modular pipeline's blocks, in their order."""
    blocks = _blocks(class_name)
    return () if blocks is None else tuple(blocks.sub_blocks)


def outputs(class_name: str) -> tuple[str, ...]:
    """The names of what the blocks of a modular pipeline give."""
    blocks = _blocks(class_name)
    return () if blocks is None else tuple(one.name for one in blocks.outputs)


def read_index(path: Path) -> dict[str, Any]:
    """A `modular_model_index.json` in the form of a `model_index.json`: each component as [library, class].

    Raises:
        BadInput: It cannot be read, or names blocks that diffusers does not have for its pipeline.
    """
    index = read_json(path)
    found = {key: value for key, value in index.items() if not isinstance(value, list)}
    stated, blocks = str(index.get("_class_name")), index.get("_blocks_class_name")
    expected = _class(stated)
    if expected is not None and blocks not in (None, expected.default_blocks_name):
        problem = f"is {blocks!r}, where diffusers has {expected.default_blocks_name} for a {stated}"
        raise BadInput(path, problem, "Blocks with code of their own are not run", "_blocks_class_name")
    for name, value in index.items():
        if isinstance(value, list) and len(value) == 3 and isinstance(value[2], dict):
            kind = value[:2] if value[0] else value[2].get("type_hint")
            if isinstance(kind, list) and len(kind) == 2 and all(isinstance(part, str) for part in kind):
                found[name] = kind
    return found


def elsewhere(folder: Path, name: str) -> tuple[str, str] | None:
    """The repository, and the folder in it, that an index says a component lies in; None where it says none."""
    if not (folder / INDEX).is_file():
        return None
    value = read_json(folder / INDEX).get(name)
    told = value[2] if isinstance(value, list) and len(value) == 3 and isinstance(value[2], dict) else {}
    repo, part = told.get("pretrained_model_name_or_path") or told.get("repo"), told.get("subfolder")
    return (repo, part if isinstance(part, str) else "") if isinstance(repo, str) and repo else None


def require_named_folder(folder: Path, name: str) -> None:
    """See that a component is loaded from where its files are read for the identity: from the folder of its name.

    Raises:
        BadInput: The index says another folder, or none, of a repository.
    """
    lies = elsewhere(folder, name)
    if lies is not None and lies[1] != name:
        problem = (
            f"is {lies[1] or 'not said'}, so {name} would be loaded from there and not from the folder of its name"
        )
        remedy = f"Put its files into {folder / name}, and say subfolder: {name}"
        raise BadInput(folder / INDEX, problem, remedy, f"{name}.subfolder")


@dataclass(frozen=True)
class Answer:
    """What a modular pipeline made of prompts, in the form of any pipeline's output."""

    images: Any
    revised_prompts: list[str] | None


class Called:
    """A modular pipeline that is called, and otherwise looks, like a standard one.

    Args:
        pipeline: As loaded.
        rewrites: Its prompt is rewritten by a block of its own.
    """

    def __init__(self, pipeline: Any, rewrites: bool) -> None:
        self._pipeline, self._rewrites = pipeline, rewrites

    def __call__(self, **arguments: Any) -> Answer:
        """The pictures of a call, with what became of the prompt."""
        state = self._pipeline(**arguments)
        text = state.get("prompt") if self._rewrites else None
        return Answer(state.get("images"), [text] if isinstance(text, str) else text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    def to(self, *where: Any) -> "Called":
        """Moves its models; answers with itself, as diffusers' pipelines do."""
        self._pipeline.to(*where)
        return self


def load_modular(folder: Path, class_name: str, left_out: tuple[str, ...], options: Mapping[str, Any]) -> Called:
    """A modular pipeline of a folder with all of its components.

    Args:
        folder: With `modular_model_index.json`.
        class_name: The pipeline's.
        left_out: Blocks that are taken out.
        options: How components are loaded (dtype, ...).

    Raises:
        BadInput: A component could not be loaded.
    """
    import diffusers

    blocks = _blocks(class_name)
    for name in left_out:
        blocks.sub_blocks.pop(name)
    pipeline = getattr(diffusers, class_name)(blocks=blocks, pretrained_model_name_or_path=str(folder))
    pipeline.load_components(**{key: options[key] for key in ("dtype", "local_files_only")})
    missing = [name for name in pipeline.pretrained_component_names if getattr(pipeline, name, None) is None]
    if missing:
        problem = f"has parts that could not be loaded: {', '.join(missing)}"
        raise BadInput(folder, problem, "See that the folder is whole and of this version of diffusers")
    rewrites = any(name in blocks.sub_blocks for name in REWRITING)
    return Called(pipeline, rewrites)


def _blocks(class_name: str) -> Any:
    """New blocks of a modular pipeline of diffusers, or None."""
    found = _class(class_name)
    if found is None:
        return None
    import diffusers

    return getattr(diffusers, found.default_blocks_name)()


def _class(class_name: str) -> Any:
    if not is_modular(class_name) or importlib.util.find_spec("diffusers") is None:
        return None
    import diffusers

    found = getattr(diffusers, class_name, None)
    return found if getattr(found, "default_blocks_name", None) else None
