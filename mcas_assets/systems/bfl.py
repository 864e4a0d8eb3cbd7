"""Systems of kind `bfl`: FLUX models through Black Forest Labs' API.

Source: docs.bfl.ai (November 2026): a request is submitted, and its state asked for at the address that the answer gives, which may
be of a region. A refusal is a state, within a 200.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.hosted.answer import Answer, mapping
from mcas_assets.systems.hosted.entry import HostedEntry, mistakes_beside
from mcas_assets.systems.hosted.images_api import failed
from mcas_assets.systems.hosted.rest import Line, Reply, RestSystem
from mcas_assets.systems.protocol import Probe, Request

_ENDPOINT = "https://api.bfl.ai"
_REGION = re.compile(r"api\.[a-z0-9-]+\.bfl\.ai")
_OURS = {
    "prompt": "", "width": "width", "height": "height", "seed": "seed", "prompt_upsampling": "prompt_upsampling",
    "safety_tolerance": "safety_tolerance", "output_format": "output_format", "steps": "steps", "guidance": "guidance",
    "webhook_url": "", "webhook_secret": "",
}  # fmt: skip
"""Inputs that are said elsewhere in the entry, or that are not for an audit."""

_STATES: dict[str, tuple[OutcomeName, str]] = {
    "Request Moderated": ("refused_prompt", "the request was moderated"),
    "Content Moderated": ("refused_output", "the image was moderated"),
    "Error": ("server_error", "the provider failed"),
    "Failed": ("server_error", "the provider failed"),
    "Task not found": ("server_error", "the provider no longer knows of the request"),
}
_WAITING = ("Pending", "Queued", "Processing", "Generating")


class Declaration(HostedEntry):
    """One entry of kind `bfl`. Also see `HostedEntry`.

    Attributes:
        model: The endpoint: flux-2-pro, flux-2-max, flux-2-flex, flux-dev, ...
        width, height: In pixels, multiples of 16.
        prompt_upsampling: Whether the provider rewrites prompts before it draws, which some of its models do if nothing is said:
            null says nothing, for a model that has no such setting.
        safety_tolerance: From 0, the strictest, to 6; the provider's default if not given.
        steps: Of inference, for models that take them (flex, dev).
        guidance: Guidance scale, for models that take it.
        seed: none sends no seed.
        output_format: Of the file.
        arguments: Whatever else the model takes.
    """

    kind: Literal["bfl"]
    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    width: Annotated[int, Field(ge=64, le=4096, multiple_of=16)]
    height: Annotated[int, Field(ge=64, le=4096, multiple_of=16)]
    prompt_upsampling: bool | None
    safety_tolerance: Annotated[int, Field(ge=0, le=6)] | None = None
    steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    seed: Literal["best_effort", "none"] = "best_effort"
    output_format: Literal["png", "jpeg"] = "png"
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where the provider's examples look for the key."""
        return ("BFL_API_KEY",)

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: what is said twice."""
        yield from super().contradictions(raw)
        yield from mistakes_beside("arguments", mapping(raw.get("arguments")), _OURS, "Leave it out")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "BflSystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return BflSystem(name, entry)


class BflSystem(RestSystem):
    """A FLUX model. One image a request: the API takes no more."""

    provider: ClassVar[str] = "bfl"
    _entry: Declaration
    _client: Line

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _seed(self) -> Literal["none", "best_effort"]:
        return self._entry.seed

    def _settings(self) -> dict[str, Any]:
        entry = self._entry
        keys = (
            "width",
            "height",
            "prompt_upsampling",
            "safety_tolerance",
            "steps",
            "guidance",
            "output_format",
            "arguments",
        )
        rewriter = {True: "on", False: "off", None: "unknown"}[entry.prompt_upsampling]
        return {key: getattr(entry, key) for key in keys} | {"prompt_rewriter": rewriter}

    def _connect(self, key: str) -> Line:
        return self._line(self._entry.base_url or _ENDPOINT, key)

    def _line(self, url: str, key: str) -> Line:
        return Line(url, self._entry.timeout, {"x-key": key})

    def _body(self, request: Request) -> dict[str, Any]:
        entry = self._entry
        wanted = {
            "prompt": request.prompt, "width": request.width, "height": request.height, "output_format": entry.output_format,
            "seed": request.seed if entry.seed == "best_effort" else None, "prompt_upsampling": entry.prompt_upsampling,
            "safety_tolerance": entry.safety_tolerance, "steps": entry.steps, "guidance": entry.guidance,
        } | entry.arguments  # fmt: skip
        return {key: value for key, value in wanted.items() if value is not None}

    def _draw(self, request: Request) -> Answer:
        reply = self._client.send("POST", f"v1/{self._entry.model}", self._body(request))
        if reply.status != 200:
            return _failed(reply)
        queued = mapping(reply.value())
        number, at = queued.get("id"), queued.get("polling_url")
        if not isinstance(number, str) or not isinstance(at, str):
            reason = "does not say where the request is: a form that this client does not know"
            return Answer("not_understood", reason, http_status=200, message=reply.text, usd=self._price())
        line = self._region(at)
        try:
            done = self._await(lambda: self._state(line, at))
        finally:
            if line is not self._client:
                line.close()
        if done is None:
            reason = f"not drawn within {self._entry.timeout:g} s"
            return Answer("timeout", reason, request_id=number, usd=self._price())
        answer = done if isinstance(done, Answer) else self._read(done, request)
        answer.request_id = number
        return answer

    def _region(self, at: str) -> Line:
        """The way to where the state is asked for: the declared host, or, of the provider's own, one of its regions by https."""
        parts = urlsplit(at)
        if self._entry.base_url is None and parts.scheme == "https" and _REGION.fullmatch(parts.netloc):
            return self._line(f"https://{parts.netloc}", self._key())
        return self._client

    def _state(self, line: Line, at: str) -> Answer | dict[str, Any] | None:
        """What there is; None while it is drawn, and while the provider is in passing trouble."""
        reply = line.send("GET", at)
        if reply.status >= 500 or reply.status == 429:
            return None
        if reply.status not in (200, 404):
            return _failed(reply)
        body = mapping(reply.value())
        state = str(body.get("status"))
        if state in _WAITING:
            return None
        if state == "Ready":
            return body
        outcome, reason = _STATES.get(
            state, ("not_understood", f"is in the state {state[:40]!r}, which this client does not know")
        )
        details = mapping(body.get("details"))
        reasons = details.get("Moderation Reasons") or details.get("moderation_reasons")
        return Answer(
            outcome, reason, http_status=reply.status, code=state, message=reply.text,
            category=", ".join(map(str, reasons)) if isinstance(reasons, list) else None,
            usd=self._price() if outcome in ("refused_output", "not_understood") else 0.0,
        )  # fmt: skip

    def _read(self, body: Mapping[str, Any], request: Request) -> Answer:
        result = mapping(body.get("result"))
        answer = Answer("ok", http_status=200, usd=self._price())
        answer.settings = {"seed": result["seed"]} if isinstance(result.get("seed"), int) else {}
        prompt = result.get("prompt")
        answer.revised_prompt = prompt if isinstance(prompt, str) and prompt not in ("", request.prompt) else None
        sent = result.get("sample")
        if not isinstance(sent, str) or not sent:
            answer.outcome, answer.reason = "empty", "the result holds no image"
            return answer
        return self._deliver(answer, sent, self._client.url)

    def _seen(self) -> Probe | Answer:
        return Probe("available", "the provider says of a model only by drawing whether it is there")


def _failed(reply: Reply) -> Answer:
    """Of an answer with an error: its status, and what FastAPI says of the field."""
    answer = failed(reply.status, reply.headers, reply.text)
    if reply.status == 404:
        answer.outcome = "retired"
    return answer
