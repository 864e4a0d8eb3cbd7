"""A ComfyUI on this machine: its queue, its history and its images, in whose answers a test can change whatever it likes."""

import copy
import json
from pathlib import Path
from typing import Any

from tests.systems.hosted.providers import FAST, Provider, Reply, picture

WORKFLOW: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {
        "seed": 5, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "denoise": 1, "model": ["4", 0], "positive": ["6", 0],
        "negative": ["7", 0], "latent_image": ["5", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd/v1-5.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}, "_meta": {"title": "positive"}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "mcas", "images": ["8", 0]}},
}  # fmt: skip
SLOTS = {"prompt": "6.text", "seed": "3.seed", "width": "5.width", "height": "5.height"}
STATS = {
    "system": {"comfyui_version": "0.9.2", "pytorch_version": "2.13", "python_version": "3.12", "os": "linux"},
    "devices": [],
}


class Comfy:
    """A server that draws after so many looks.

    Attributes:
        looks: So often a request is not done when its history is looked at.
        hashes: Of files of weights, as its list of assets has them; None where there is no such list.
        submitted, entry, view, stats, history: Answered in place of what would be, if given.
        forgets: Whether it was started anew after each request.
    """

    def __init__(self) -> None:
        self.looks, self.forgets = 1, False
        self.hashes: dict[str, str] | None = {"v1-5.safetensors": "blake3:aa11"}
        self.submitted: Reply | None = None
        self.entry: dict | None = None
        self.view: Reply | None = None
        self.stats: Reply | None = None
        self.history: list[Reply] = []
        self.deleted: list[str] = []
        self.prompts: dict[str, dict] = {}
        self._looked: dict[str, int] = {}
        self.server = Provider(self._speak)

    def _speak(self, path: str, body: dict) -> Reply:
        path, _, query = path.removeprefix("/").partition("?")
        if path == "prompt":
            return self.submitted or self._queued(body)
        if path == "queue" and body:
            self.deleted += body["delete"]
            return Reply(b"")
        if path == "queue":
            waiting = [] if self.forgets else [[0, number, {}, {}, ["9"]] for number in self.prompts]
            return Reply({"queue_running": waiting[:1], "queue_pending": waiting[1:]})
        if path == "system_stats":
            return self.stats or Reply(STATS)
        if path == "api/assets":
            return self._assets(query)
        if path == "view":
            number = query.partition("filename=")[2].partition(".")[0]
            return self.view or Reply(picture(self.prompts[number]["6"]["inputs"]["text"]))
        return self._past(path.partition("/")[2])

    def _queued(self, body: dict) -> Reply:
        number = f"p{len(self.prompts)}"
        self.prompts[number] = body["prompt"]
        return Reply({"prompt_id": number, "number": 1, "node_errors": {}})

    def _past(self, number: str) -> Reply:
        if self.history:
            return self.history.pop(0)
        self._looked[number] = self._looked.get(number, 0) + 1
        if self.forgets or self._looked[number] <= self.looks:
            return Reply({})
        done = {"status_str": "success", "completed": True, "messages": [["execution_success", {}]]}
        image = {"filename": f"{number}.png", "subfolder": "a b", "type": "output"}
        return Reply({number: self.entry or {"outputs": {"9": {"images": [image]}}, "status": done}})

    def _assets(self, query: str) -> Reply:
        if self.hashes is None:
            return Reply(b"404: Not Found", 404)
        listed = [
            {"id": "1", "name": name, "asset_hash": told, "tags": ["models"]} for name, told in self.hashes.items()
        ]
        return Reply({"assets": [one for one in listed if str(one["name"]) in query], "total": 1, "has_more": False})


def broken(kind: str, message: str = "It was not to be.", event: str = "execution_error") -> dict:
    told = {
        "node_id": "3",
        "node_type": "KSampler",
        "exception_type": kind,
        "exception_message": message,
        "traceback": [],
    }
    return {
        "outputs": {},
        "status": {"status_str": "error", "completed": False, "messages": [["x", {}], [event, told]]},
    }


def workflow(folder: Path, changes: dict[str, Any] | None = None) -> Path:
    """A workflow's file; `changes` of inputs by `node.input`."""
    nodes = copy.deepcopy(WORKFLOW)
    for slot, value in (changes or {}).items():
        node, _, name = slot.partition(".")
        nodes[node]["inputs"][name] = value
    file = folder / "workflow.json"
    file.write_text(json.dumps(nodes))
    return file


def comfy_entry(comfy: Comfy, file: Path, **keys: Any) -> dict:
    entry = {
        "kind": "comfyui", "workflow": str(file), "base_url": comfy.server.url, "slots": SLOTS, "width": 64, "height": 64,
        "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys
