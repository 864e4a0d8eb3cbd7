"""Systems of kind `comfyui`: a workflow that a ComfyUI server runs, with the prompt and the seed of each image filled in.

Source: ComfyUI's `server.py`, `execution.py` and `app/assets` (November 2026). A workflow is put into the server's queue,
looked for in its history, and its image taken.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import httpx2
from pydantic import Field

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.documents import Slug
from mcas_assets.systems.hosted.answer import Answer, delivered, mapping
from mcas_assets.systems.hosted.entry import HostedEntry, KeyVariable
from mcas_assets.systems.hosted.rest import Line, RestSystem
from mcas_assets.systems.hosted.workflows import Slots, Workflow
from mcas_assets.systems.protocol import Probe, Request, SystemIdentity

log = logging.getLogger(__name__)

_OF_MEMORY = ("OutOfMemory", "OOM")


class Declaration(HostedEntry):
    """One entry of kind `comfyui`. Also see `HostedEntry`.

    Attributes:
        workflow: The file, as `Workflow, Export (API)` of ComfyUI writes it, relative to the file of the entry.
        slots: What is filled in for each image.
        width, height: In pixels: filled in where there are slots for it, else what the workflow draws.
        output: The node whose image is taken; the only one that saves an image if not given.
        files: What you know of files of weights that the workflow names: the sha256 of each. Part of the version.
        model: What the workflow is called in records.
        base_url: Where ComfyUI is.
        key_variable: The environment variable with a key that a proxy before the server wants, as a bearer token.
        canary: None by default: a server of one's own does not move behind its name.
    """

    kind: Literal["comfyui"]
    workflow: Annotated[str, Field(min_length=1)]
    slots: Slots
    width: Annotated[int, Field(ge=16, le=16384)]
    height: Annotated[int, Field(ge=16, le=16384)]
    output: Annotated[str, Field(min_length=1)] | None = None
    files: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(default_factory=dict)
    model: Annotated[str, Field(min_length=1)] = "workflow"
    base_url: str | None = "http://127.0.0.1:8188"
    key_variable: KeyVariable | None = None
    canary: Slug | None = None

    @property
    def key_variables(self) -> tuple[str, ...]:
        """The one that is declared, if any."""
        return (self.key_variable,) if self.key_variable else ()


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "ComfyUISystem":
    """The system of an entry; `base` is the folder that its workflow is relative to."""
    return ComfyUISystem(name, entry, base)


class ComfyUISystem(RestSystem):
    """A workflow on a server."""

    provider: ClassVar[str] = "comfyui"
    _entry: Declaration
    _client: Line

    def __init__(self, name: str, entry: Declaration, base: Path) -> None:
        super().__init__(name, entry)
        self._path = base / Path(entry.workflow).expanduser()
        self._read: Workflow | None = None
        self._hashes: dict[str, str | None] | None = None
        self._server: dict[str, Any] = {}

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _seed(self) -> Literal["none", "best_effort"]:
        return "best_effort" if self._entry.slots.seed else "none"

    def _settings(self) -> dict[str, Any]:
        return {"width": self._entry.width, "height": self._entry.height}

    def _workflow(self) -> Workflow:
        if self._read is None:
            self._read = Workflow(self._path, self._entry.slots.all(), self._entry.output)
        return self._read

    def identity(self) -> SystemIdentity:
        """The workflow but for its slots, and the files that it loads: as the server tells their hashes, or the entry.

        Raises:
            BadInput: The workflow cannot be read or lacks a slot, or the server cannot be asked.
        """
        workflow = self._workflow()
        if self._hashes is None:
            line = self._line(self._key())
            self._hashes = self._told(line)
            line.close()
        files = {name: {"declared": self._entry.files.get(name), "server": told} for name, told in self._hashes.items()}
        known = all(any(told.values()) for told in files.values())
        document = super().identity().document | {
            "workflow": workflow.digest(), "slots": self._entry.slots.model_dump(mode="json"), "output": workflow.output,
            "files": files, "endpoint": None if known else self._entry.base_url,
        }  # fmt: skip
        return SystemIdentity(self.name, document)

    def environment(self) -> dict[str, Any]:
        """By which client, from where, and what the server says of itself."""
        return super().environment() | ({"server": self._server} if self._server else {})

    def _line(self, key: str) -> Line:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Line(self._entry.base_url or "", self._entry.timeout, headers)

    def _connect(self, key: str) -> Line:
        line = self._line(key)
        told, known = self._told(line), self._hashes
        if known is not None and told != known:
            moved = next(name for name in told if told[name] != known.get(name))
            problem = f"{moved} on the server is another file than was identified"
            raise BadInput(self.name, problem, "Run again: it will count as another version")
        self._hashes = told
        for name, found in told.items():
            if found is None and name not in self._entry.files:
                log.warning(
                    "%s: nobody says which file %s is: another one of its name would not be noticed", self.name, name
                )
        return line

    def _told(self, line: Line) -> dict[str, str | None]:
        """The hash of each file of the workflow, where the server tells it (by its assets), else None."""
        try:
            stats = line.send("GET", "system_stats")
            system = mapping(mapping(stats.value()).get("system")) if stats.status == 200 else {}
            if not system:
                raise BadInput(self.name, f"{line.url} answers, but not as ComfyUI does", "Correct base_url")
            keys = ("comfyui_version", "pytorch_version", "python_version", "os")
            self._server = {key: str(system[key])[:200] for key in keys if key in system}
            return {name: _hash_of(line, name) for name in self._workflow().files()}
        except httpx2.TransportError as error:
            problem = f"the server at {line.url} cannot be asked which files its workflow loads ({error})"
            raise BadInput(self.name, problem, "Start ComfyUI, or correct base_url") from error

    def _draw(self, request: Request) -> Answer:
        filled = self._workflow().filled(
            {"prompt": request.prompt, "seed": request.seed, "width": request.width, "height": request.height}
        )
        reply = self._client.send("POST", "prompt", {"prompt": filled, "client_id": "mcas"})
        if reply.status in (200, 400):
            body = mapping(reply.value())
            wrong = mapping(body.get("node_errors"))
            if reply.status == 400 or self._workflow().output in wrong:
                return self._refused(body, wrong, reply.text)
            number = body.get("prompt_id")
            if isinstance(number, str) and number:
                return self._wait_for(number)
            return Answer("not_understood", "does not say where the image will be", http_status=200, message=reply.text)
        outcome = (
            "auth" if reply.status in (401, 403) else "server_error" if reply.status >= 500 else "invalid_settings"
        )
        reason = f"HTTP {reply.status}: {reply.text[:300] or 'without a word'}"
        return Answer(outcome, reason, http_status=reply.status, message=reply.text, usd=0.0)

    def _wait_for(self, number: str) -> Answer:
        done = self._await(lambda: self._state(number))
        if done is None:
            self._client.send("POST", "queue", {"delete": [number]})
            reason = f"not drawn within {self._entry.timeout:g} s, and taken out of the queue"
            return Answer("timeout", reason, request_id=number, usd=self._price())
        answer = done if isinstance(done, Answer) else self._taken(done)
        answer.request_id, answer.usd = number, self._price()
        return answer

    def _state(self, number: str) -> Answer | dict[str, Any] | None:
        """What the history holds; None while it is queued or drawn."""
        if found := self._history(number):
            return found
        queue = self._look_at("queue")
        waiting = [
            one for key in ("queue_running", "queue_pending") for one in queue.get(key) or () if isinstance(one, list)
        ]
        if any(number in one for one in waiting):
            return None
        # It may have been done between the two looks; else the server was started anew, and has forgotten it.
        gone = Answer(
            "server_error", "the server no longer knows of the request: it was started anew, or somebody cleared it"
        )
        return self._history(number) or gone

    def _history(self, number: str) -> dict[str, Any]:
        return mapping(self._look_at(f"history/{number}").get(number))

    def _look_at(self, path: str) -> dict[str, Any]:
        reply = self._client.send("GET", path)
        if reply.status != 200:
            raise httpx2.RemoteProtocolError(f"HTTP {reply.status} at {path}")
        return mapping(reply.value())

    def _taken(self, done: Mapping[str, Any]) -> Answer:
        """The image of a request that is done, or what kept its nodes from drawing it."""
        status = mapping(done.get("status"))
        if status.get("status_str") == "error":
            return self._broken_node(status)
        outputs = mapping(mapping(done.get("outputs")).get(self._workflow().output))
        images = outputs.get("images")
        first = mapping(images[0]) if isinstance(images, list) and images else {}
        if not first.get("filename"):
            return Answer("empty", f"{self._workflow().named(self._workflow().output)} holds no image", http_status=200)
        query = {key: str(first.get(key) or "") for key in ("filename", "subfolder", "type")}
        reply = self._client.send("GET", "view", query=query)
        if reply.status != 200:
            return Answer("decode_error", f"the image cannot be had: HTTP {reply.status}", http_status=reply.status)
        return delivered(Answer("ok", http_status=200), reply.content)

    def _broken_node(self, status: Mapping[str, Any]) -> Answer:
        """Of an execution that ended in an error: whose, and whether it may pass."""
        messages = status.get("messages")
        events = (
            [one for one in messages if isinstance(one, list) and len(one) == 2] if isinstance(messages, list) else []
        )
        told = next((mapping(data) for event, data in events if event == "execution_error"), {})
        if not told:
            return Answer("server_error", "the execution was interrupted", http_status=200, message=str(messages))
        kind, message = (str(told.get(key) or "") for key in ("exception_type", "exception_message"))
        reason = f"{self._workflow().named(str(told.get('node_id')))} raised {kind}: {message.strip()}"
        passes = any(word in kind for word in _OF_MEMORY)
        return Answer(
            "server_error" if passes else "failed", reason, http_status=200, code=kind or None, message=message
        )

    def _refused(self, body: Mapping[str, Any], wrong: Mapping[str, Any], text: str) -> Answer:
        """Of a workflow that the server does not run: what it says of each node."""
        error = mapping(body.get("error"))
        parts = [f"{self._workflow().named(node)}: {told}" for node in wrong for told in _words(wrong[node])]
        said = "; ".join(parts) or str(error.get("message") or body.get("error") or "without a word")
        only_prompt = bool(wrong) and all(map(self._workflow().is_prompt, wrong))
        code = str(error.get("type") or "") or None
        outcome = "invalid_request" if only_prompt else "invalid_settings"
        return Answer(
            outcome, f"the server does not run the workflow: {said}", http_status=400, code=code, message=text
        )

    def _seen(self) -> Probe | Answer:
        reply = self._client.send("GET", "system_stats")
        return Probe("available") if reply.status == 200 else Answer("server_error", f"HTTP {reply.status}")


def _hash_of(line: Line, name: str) -> str | None:
    """The hash of one file of weights, as the server's list of assets tells it; None where it has no such list, or none of it."""
    bare = name.replace("\\", "/").rpartition("/")[2]
    reply = line.send("GET", "api/assets", query={"include_tags": "models", "name_contains": bare, "limit": "100"})
    if reply.status != 200:
        return None
    listed = mapping(reply.value()).get("assets")
    assets = [mapping(one) for one in listed] if isinstance(listed, list) else []
    same = [one for one in assets if str(one.get("name")).replace("\\", "/").rpartition("/")[2] == bare]
    found = {str(one.get("asset_hash") or one.get("hash") or "") for one in same} - {""}
    return ", ".join(sorted(found)) or None


def _words(told: object) -> Iterable[str]:
    errors = mapping(told).get("errors")
    for one in errors if isinstance(errors, list) else []:
        error = mapping(one)
        yield ": ".join(filter(None, (str(error.get("message") or ""), str(error.get("details") or ""))))
