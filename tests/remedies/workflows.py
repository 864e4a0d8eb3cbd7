"""Workflows of ComfyUI, and the server that runs them."""

import json
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.systems.find import find_system
from mcas_assets.systems.protocol import Request, System
from tests.remedies.situations import Step, situation
from tests.systems.hosted.comfy import SLOTS, WORKFLOW, Comfy, comfy_entry, workflow

ENTRY = {"kind": "comfyui", "workflow": "workflow.json", "slots": SLOTS, "width": 64, "height": 64}
REQUEST = Request("an image of a nurse", 1, 64, 64)


def found(place: Path, entry: dict) -> System:
    file = place / "systems.yaml"
    file.write_text(json.dumps({"systems": {"flow": entry}}))
    return find_system("flow", file)


def spoiled(text: str, words: str) -> object:
    """A workflow's file that holds something else."""

    def step(place: Path) -> Iterator[Step]:
        comfy = Comfy()
        entry = comfy_entry(comfy, Path("workflow.json"))
        (place / "workflow.json").write_text(text)
        yield lambda: found(place, entry).identity(), words
        workflow(place)

    step.__name__ = f"a workflow that is {text[:12]!r}"
    return step


FILES_TABLE = [
    spoiled("{", "Save it from ComfyUI by Workflow, Export (API)"),
    spoiled(json.dumps({"nodes": [], "links": []}), "Save it from ComfyUI by Workflow, Export (API)"),
    spoiled("[]", "Save it from ComfyUI by Workflow, Export (API)"),
    spoiled(" " * ((1 << 24) + 1), "Name the workflow's own file"),
]


@situation
def a_workflow_that_is_not_there(place) -> Iterator[Step]:
    comfy = Comfy()
    yield (
        lambda: found(place, comfy_entry(comfy, Path("workflow.json"))).identity(),
        "Check the path and its permissions",
    )
    workflow(place)


@situation
def a_slot_that_is_not_there(place) -> Iterator[Step]:
    comfy, slots = Comfy(), SLOTS | {"prompt": "6.words"}
    workflow(place)
    asked = [comfy_entry(comfy, Path("workflow.json"), slots=slots)]
    yield lambda: found(place, asked[0]).identity(), "Name one of 3.sampler_name, 4.ckpt_name, 6.text"
    asked[0]["slots"] = SLOTS


@situation
def an_output_that_is_not_there(place) -> Iterator[Step]:
    comfy = Comfy()
    workflow(place)
    asked = [comfy_entry(comfy, Path("workflow.json"), output="10")]
    yield lambda: found(place, asked[0]).identity(), "Name one of 3, 4, 5"
    asked[0]["output"] = "9"


@situation
def a_workflow_that_saves_two_images(place) -> Iterator[Step]:
    comfy = Comfy()
    (place / "workflow.json").write_text(json.dumps(WORKFLOW | {"10": WORKFLOW["9"]}))
    asked = [comfy_entry(comfy, Path("workflow.json"))]
    yield lambda: found(place, asked[0]).identity(), "Name the one whose image counts, of 9, 10"
    asked[0]["output"] = "9"


@situation
def a_server_that_is_not_there(place) -> Iterator[Step]:
    comfy = Comfy()
    comfy.server.stop()
    workflow(place)
    yield (
        lambda: found(place, comfy_entry(comfy, Path("workflow.json"))).identity(),
        "Start ComfyUI, or correct base_url",
    )
    comfy.server.start()


@situation
def a_server_that_is_another(place) -> Iterator[Step]:
    comfy = Comfy()
    workflow(place)
    asked = [comfy_entry(comfy, Path("workflow.json"), base_url=f"{comfy.server.url}/history")]
    yield lambda: found(place, asked[0]).identity(), "Correct base_url"
    asked[0]["base_url"] = comfy.server.url


@situation
def files_of_a_server_that_moved(place) -> Iterator[Step]:
    comfy = Comfy()
    workflow(place)
    systems = [found(place, comfy_entry(comfy, Path("workflow.json")))]
    systems[0].identity()
    comfy.hashes = {"v1-5.safetensors": "blake3:bb"}
    yield lambda: systems[0].generate([REQUEST]), "Run again: it will count as another version"
    systems[0] = found(place, comfy_entry(comfy, Path("workflow.json")))
