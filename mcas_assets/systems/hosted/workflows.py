"""Workflows of ComfyUI, in the format that its API takes: read, held to the slots of an entry, filled, and identified.

`{"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "...", "clip": ["4", 1]}}, ...}`: a node by its number, with inputs that
are values or links to outputs of other nodes. A slot is `node.input`.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from mcas_assets.core.digests import document_digest
from mcas_assets.core.errors import BadInput

MOST_BYTES = 1 << 24
"""Of a workflow: 16 MiB."""

_WEIGHTS = (".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".gguf", ".onnx")
_SAVES = ("SaveImage", "PreviewImage")
_EXPORT = "Save it from ComfyUI by Workflow, Export (API)"


SlotName = Annotated[str, Field(pattern=r"^[^.\s]+\.[^.\s]+$")]
SlotNames = Annotated[tuple[SlotName, ...], Field(strict=False, min_length=1)]


class Slot(NamedTuple):
    """An input of a node.

    Attributes:
        key: The key of the entry that names it.
        node, input: Which.
        kind: What a value must be that stands there: `str` or `int`.
    """

    key: str
    node: str
    input: str
    kind: type


class Slots(BaseModel):
    """Where in the workflow stands what is another for each image: inputs as `node.input`, one or a list of them.

    Attributes:
        prompt: Inputs that hold the prompt; of a model with several text encoders, all of them.
        seed: Inputs that hold the seed; if not given, none is filled in, and every image of a prompt is the same.
        width, height: Inputs that hold the size; if not given, the workflow has its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    prompt: SlotName | SlotNames
    seed: SlotName | SlotNames | None = None
    width: SlotName | SlotNames | None = None
    height: SlotName | SlotNames | None = None

    def all(self) -> tuple[Slot, ...]:
        """Every input, with what must stand there."""
        kinds: dict[str, type] = {"prompt": str, "seed": int, "width": int, "height": int}
        named = ((key, getattr(self, key) or ()) for key in kinds)
        return tuple(
            Slot(key, *name.split("."), kinds[key])
            for key, names in named
            for name in ((names,) if isinstance(names, str) else names)
        )


class Workflow:
    """A workflow, with the inputs that are filled for each image.

    Args:
        path: Of its file.
        slots: What is filled.
        output: The node whose image is taken; the only one that saves one if not given.

    Raises:
        BadInput: The file cannot be read, is of another format, or has no such inputs or outputs.
    """

    def __init__(self, path: Path, slots: tuple[Slot, ...], output: str | None) -> None:
        self._path, self._slots = path, slots
        self._nodes = _read(path)
        for slot in slots:
            self._require(slot)
        self.output = self._saving() if output is None else output
        if self.output not in self._nodes:
            raise BadInput(path, f"has no node {output}", f"Name one of {_some(self._nodes)}", "output")

    def filled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The workflow with the values of the entry's keys in their slots."""
        nodes = copy.deepcopy(self._nodes)
        for slot in self._slots:
            nodes[slot.node]["inputs"][slot.input] = values[slot.key]
        return nodes

    def digest(self) -> str:
        """64 hex digits of everything but what is filled, and but titles and places of nodes."""
        nodes = {
            node: {key: told[key] for key in ("class_type", "inputs")} for node, told in self.filled(_Nothing()).items()
        }
        return document_digest(nodes)

    def files(self) -> list[str]:
        """The files of weights that its nodes name, sorted."""
        values = {value for node in self._nodes.values() for value in node["inputs"].values() if isinstance(value, str)}
        return sorted(value for value in values if value.lower().endswith(_WEIGHTS))

    def named(self, node: str) -> str:
        """A node in words: its number and class."""
        found = self._nodes.get(node)
        return f"node {node} ({found['class_type']})" if found else f"node {node}"

    def is_prompt(self, node: str) -> bool:
        """Whether a node is one that the prompt stands in."""
        return any(slot.node == node and slot.key == "prompt" for slot in self._slots)

    def _require(self, slot: Slot) -> None:
        found = self._nodes.get(slot.node, {}).get("inputs", {}).get(slot.input)
        if isinstance(found, slot.kind) and not isinstance(found, bool):
            return
        what = "a text" if slot.kind is str else "a whole number"
        if slot.node not in self._nodes:
            problem = f"has no node {slot.node}"
        elif isinstance(found, list):
            problem = f"has a link at {slot.node}.{slot.input}, where {what} is to be filled in"
        else:
            problem = f"has no input {slot.node}.{slot.input} that holds {what}"
        raise BadInput(self._path, problem, f"Name one of {_some(self._inputs(slot.kind))}", f"slots.{slot.key}")

    def _inputs(self, kind: type) -> Iterator[str]:
        for node, told in self._nodes.items():
            for name, value in told["inputs"].items():
                if isinstance(value, kind) and not isinstance(value, bool):
                    yield f"{node}.{name}"

    def _saving(self) -> str:
        saving = [node for node, told in self._nodes.items() if told["class_type"] in _SAVES]
        if len(saving) == 1:
            return saving[0]
        problem = f"has {len(saving)} nodes that save an image" if saving else "has no node that saves an image"
        remedy = f"Name the one whose image counts, of {_some(saving or self._nodes)}"
        raise BadInput(self._path, problem, remedy, "output")


class _Nothing(dict):
    def __missing__(self, key: str) -> None:
        return None


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(path, f"is larger than {MOST_BYTES >> 20} MiB", "Name the workflow's own file")
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInput(
            path, f"cannot be read ({error.strerror})", "Check the path and its permissions", "workflow"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(path, f"is not valid JSON ({error})", _EXPORT, "workflow") from error
    if isinstance(value, dict) and isinstance(value.get("nodes"), list):
        raise BadInput(
            path, "is a workflow as the editor keeps it, which the server does not take", _EXPORT, "workflow"
        )
    if not isinstance(value, dict) or not value or not all(map(_is_node, value.values())):
        raise BadInput(path, "is no workflow in the format of the API", _EXPORT, "workflow")
    return value


def _is_node(value: object) -> bool:
    return (
        isinstance(value, dict) and isinstance(value.get("class_type"), str) and isinstance(value.get("inputs"), dict)
    )


def _some(names: Any) -> str:
    found = list(names)
    return (", ".join(found[:12]) + (", ..." if len(found) > 12 else "")) or "none: there is none"
