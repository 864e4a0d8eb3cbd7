"""What kind of part of a pipeline a folder is, as diffusers' own loader tells it: by what its class is derived from.

The loader's table (`LOADABLE_CLASSES` of `pipelines/pipeline_loading_utils.py`, diffusers 0.42) and the classes are read from
source: importing them takes seconds.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mcas_assets.systems.pipelines import signatures


class Kind(NamedTuple):
    """How a component is kept.

    Attributes:
        config: The file that its configuration is in, or None where there may be one or another.
        has_weights: Whether it is loaded from weights, too.
    """

    config: str | None
    has_weights: bool


MODEL, SCHEDULER, GUIDER, WORDS = (
    Kind("config.json", True),
    Kind("scheduler_config.json", False),
    Kind("guider_config.json", False),
    Kind(None, False),
)
_KINDS = {"ModelMixin": MODEL, "PreTrainedModel": MODEL, "SchedulerMixin": SCHEDULER, "BaseGuidance": GUIDER}
"""By the class of the loader's table that the component's is derived from. Those of transformers without weights (tokenizers,
processors, feature extractors) are `WORDS`."""
_ALIASES = ("PreTrainedTokenizerBase",)  # what transformers 5 derives every tokenizer from


_CLASS = re.compile(r"^class (\w+)(?:\(([^)]*)\))?:", re.MULTILINE)


@cache
def loadable() -> dict[str, frozenset[str]]:
    """What diffusers' loader can load: names of base classes by the library that defines them."""
    root = signatures.installed("diffusers")
    if root is None:
        return {}
    for line in ast.parse((root / "pipelines" / "pipeline_loading_utils.py").read_bytes()).body:
        if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", None) == "LOADABLE_CLASSES":
            return {library: frozenset(classes) for library, classes in ast.literal_eval(line.value).items()}
    return {}


@cache
def kind_of(library: str, class_name: str) -> Kind | None:
    """The kind of a component.

    Args:
        library: As model_index.json names it: 'diffusers', 'transformers', or a folder of diffusers' pipelines.
        class_name: Its class.

    Returns:
        None if no class is found, or the loader knows none that it is derived from.
    """
    known = frozenset().union(*loadable().values(), _ALIASES)
    for name in _ancestry(library, class_name):
        if name in known:
            return _KINDS.get(name, WORDS)
    return None


def kind_in(folder: Path) -> Kind:
    """What the files of a component tell of its kind, where its class does not: another name of a class, say."""
    if (folder / "scheduler_config.json").is_file():
        return SCHEDULER
    words = any((folder / name).is_file() for name in ("tokenizer_config.json", "preprocessor_config.json"))
    return MODEL if (folder / "config.json").is_file() and not words else WORDS


def _ancestry(library: str, class_name: str) -> Iterator[str]:
    """The names of a class and of all that it is derived from, the nearest first."""
    generation, seen = [class_name], set()
    while generation:
        yield from generation
        seen |= {*generation}
        above = [base for name in generation for base in _bases(library, class_name, name)]
        generation = [name for name in dict.fromkeys(above) if name not in seen]


def _bases(library: str, component: str, name: str) -> tuple[str, ...]:
    for folder, pattern in _places(library, component):
        found = _classes(folder, pattern).get(name)
        if found is not None:
            return found
    return ()


def _places(library: str, component: str) -> Iterator[tuple[Path, str]]:
    """Where a class may be defined: of transformers in the folder of its model, whose name that of the component begins with."""
    root = signatures.installed("transformers" if library == "transformers" else "diffusers")
    if root is None:
        return
    if library == "transformers":
        word = component.lower().replace("_", "")
        folders = [folder for folder in (root / "models").iterdir() if word.startswith(folder.name.replace("_", ""))]
        yield from ((folder, "*.py") for folder in sorted(folders, key=lambda folder: -len(folder.name)))
        yield from ((root, pattern) for pattern in ("*_utils*.py", "*_back*.py", "*_base.py"))
        return
    yield from ((root / part, "**/*.py") for part in ("schedulers", "guiders", f"pipelines/{library}", "models"))


@cache
def _classes(folder: Path, pattern: str) -> dict[str, tuple[str, ...]]:
    """The names of the classes that the files of a folder define, with those of their bases."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(folder.glob(pattern)):
        for name, bases in _CLASS.findall(file.read_text(encoding="utf-8")):
            # What transformers' `modular_*.py` say shortly, the files made from them say in full, and come first.
            known = tuple(base.strip().rpartition(".")[2] for base in bases.split(",") if "=" not in base)
            found.setdefault(name, known)
    return found
