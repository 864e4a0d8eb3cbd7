"""Systems of kind `fal`: models that fal serves, through its queue.

Source: fal's Queue API, its model errors and its request errors (docs.fal.ai, November 2026). A request is submitted, looked at
until it is complete, and its result taken; its client library does the same, with retries and addresses of its own, which would
pay twice and go where no key should.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.hosted.answer import Answer, mapping
from mcas_assets.systems.hosted.entry import HostedEntry, mistakes_beside
from mcas_assets.systems.hosted.rest import Line, Reply, RestSystem
from mcas_assets.systems.hosted.retry import retry_after
from mcas_assets.systems.hosted.transport import Refused
from mcas_assets.systems.protocol import Probe, Request

_ENDPOINT = "https://queue.fal.run"
_OURS = {
    "prompt": "", "num_images": "", "image_size": "width and height", "seed": "seed", "num_inference_steps": "steps",
    "guidance_scale": "guidance", "enable_safety_checker": "safety_checker", "output_format": "output_format",
}  # fmt: skip
"""Inputs that are said elsewhere in the entry, or that the audit says for each image."""

_STATUS: dict[int, OutcomeName] = {
    401: "auth", 402: "quota_exhausted", 403: "auth", 404: "invalid_settings", 408: "timeout", 410: "retired",
    429: "rate_limited", 504: "timeout",
}  # fmt: skip
_TYPES: dict[str, OutcomeName] = {
    "no_media_generated": "empty", "generation_timeout": "timeout", "request_timeout": "timeout", "startup_timeout": "timeout",
    "internal_server_error": "server_error", "downstream_service_error": "server_error", "internal_error": "server_error",
    "downstream_service_unavailable": "server_error", "client_cancelled": "server_error", "client_disconnected": "server_error",
}  # fmt: skip
"""What a type of error stands for, whatever its status. Those of the runner (`runner_...`) are the server's."""

_UNPAID = re.compile(r"exhausted balance|user is locked|top up", re.IGNORECASE)


class Declaration(HostedEntry):
    """One entry of kind `fal`. Also see `HostedEntry`.

    Attributes:
        model: As fal's page of it says: owner/app, or owner/app/endpoint.
        width, height: In pixels.
        size_as: How a size is said: `image_size`, or `unsaid` for a model that takes none, or says it in `arguments` (an
            aspect ratio); then width and height are what is expected.
        steps: Of inference; null for a model that takes none.
        guidance: Guidance scale; the model's own if not given.
        seed: none sends no seed.
        safety_checker: Whether the model's checker looks; null says nothing, for a model that has none.
        output_format: Of the file; null says nothing.
        arguments: Whatever else the model takes; a rewriter of prompts (expand_prompt, enable_prompt_expansion) belongs here.
    """

    kind: Literal["fal"]
    model: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)+$")]
    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    size_as: Literal["image_size", "unsaid"] = "image_size"
    steps: Annotated[int, Field(ge=1, le=1000)] | None
    guidance: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    seed: Literal["best_effort", "none"] = "best_effort"
    safety_checker: bool | None = True
    output_format: Literal["png", "jpeg"] | None = "png"
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where fal's own client looks for the key."""
        return ("FAL_KEY",)

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: what is said twice."""
        yield from super().contradictions(raw)
        yield from mistakes_beside("arguments", mapping(raw.get("arguments")), _OURS)


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "FalSystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return FalSystem(name, entry)


class FalSystem(RestSystem):
    """A model that fal serves. One image a request: several would share a seed."""

    provider: ClassVar[str] = "fal"
    _entry: Declaration
    _client: Line

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _seed(self) -> Literal["none", "best_effort"]:
        return self._entry.seed

    def _settings(self) -> dict[str, Any]:
        keys = ("width", "height", "size_as", "steps", "guidance", "safety_checker", "output_format", "arguments")
        return {key: getattr(self._entry, key) for key in keys}

    def _connect(self, key: str) -> Line:
        return Line(self._entry.base_url or _ENDPOINT, self._entry.timeout, {"Authorization": f"Key {key}"})

    def _body(self, request: Request) -> dict[str, Any]:
        entry = self._entry
        wanted = {
            "prompt": request.prompt, "num_images": 1, "num_inference_steps": entry.steps, "guidance_scale": entry.guidance,
            "image_size": {"width": request.width, "height": request.height} if entry.size_as == "image_size" else None,
            "seed": request.seed if entry.seed == "best_effort" else None, "enable_safety_checker": entry.safety_checker,
            "output_format": entry.output_format,
        } | entry.arguments  # fmt: skip
        return {key: value for key, value in wanted.items() if value is not None}

    def _draw(self, request: Request) -> Answer:
        reply = self._client.send("POST", self._entry.model, self._body(request))
        if reply.status not in (200, 201, 202):
            return self._failed(reply, reply.headers.get("x-fal-request-id"))
        queued = mapping(reply.value())
        at = {key: queued.get(key) for key in ("request_id", "status_url", "response_url", "cancel_url")}
        if not all(isinstance(value, str) for value in at.values()):
            return Answer("not_understood", "does not say where the request is: a form that this client does not know",
                          http_status=reply.status, message=reply.text, usd=self._price())  # fmt: skip
        done = self._await(lambda: self._state(str(at["status_url"])))
        if done is None:
            self._client.send("PUT", str(at["cancel_url"]))
            return self._late(at)
        if isinstance(done, Answer):
            done.request_id = str(at["request_id"])
            return done
        result = self._await(lambda: self._client.send("GET", str(at["response_url"])))
        if result is None:
            return self._late(at)
        if result.status != 200:
            return self._failed(result, str(at["request_id"]))
        return self._read(mapping(result.value()), request, str(at["request_id"]))

    def _late(self, at: Mapping[str, Any]) -> Answer:
        reason = f"not complete within {self._entry.timeout:g} s"
        return Answer("timeout", reason, request_id=str(at["request_id"]), usd=self._price())

    def _state(self, url: str) -> Answer | Literal["complete"] | None:
        """None while it is queued or drawn, and while the queue itself is in passing trouble."""
        reply = self._client.send("GET", url)
        if reply.status >= 500 or reply.status == 429:
            return None
        if reply.status not in (200, 202):
            return self._failed(reply, None)
        state = mapping(reply.value()).get("status")
        if state in ("IN_QUEUE", "IN_PROGRESS"):
            return None
        if state == "COMPLETED":
            return "complete"
        reason = f"is in the state {str(state)[:40]!r}, which this client does not know"
        return Answer("not_understood", reason, http_status=reply.status, message=reply.text, usd=self._price())

    def _read(self, result: dict[str, Any], request: Request, request_id: str) -> Answer:
        """What a result holds: an image, and what the checker says of it."""
        answer = Answer("ok", http_status=200, request_id=request_id, usd=self._price())
        answer.usage = mapping(result.get("timings")) or None
        answer.settings = {"seed": result["seed"]} if isinstance(result.get("seed"), int) else {}
        prompt = result.get("prompt")
        answer.revised_prompt = prompt if isinstance(prompt, str) and prompt not in ("", request.prompt) else None
        flags = result.get("has_nsfw_concepts")
        if isinstance(flags, list) and flags and isinstance(flags[0], bool):
            answer.safety = "flagged" if flags[0] else "clean"
        images = result.get("images") or [result.get("image")]
        first = mapping(images[0]) if isinstance(images, list) and images else {}
        sent = first.get("url")
        if not isinstance(sent, str) or not sent:
            answer.outcome, answer.reason = "empty", "the result holds no image"
            if answer.safety == "flagged":
                answer.outcome, answer.reason = "refused_output", "the image was withheld: its checker found it unsafe"
            elif first:
                answer.outcome, answer.reason = "not_understood", f"holds no url, but {', '.join(sorted(first))[:200]}"
            return answer
        answer = self._deliver(answer, sent, self._client.url)
        if answer.outcome == "blank" and answer.safety == "flagged":
            answer.outcome, answer.category = "blanked", "has_nsfw_concepts"
            answer.reason = "its checker found it unsafe, and what came is blank"
        return answer

    def _failed(self, reply: Reply, request_id: str | None) -> Answer:
        """What an error of fal stands for: a list of what is wrong with the request, or a word on what failed."""
        try:
            body = reply.value()
        except Refused:  # no JSON
            body = None
        detail = body if isinstance(body, list) else mapping(body).get("detail")
        first = mapping(detail[0]) if isinstance(detail, list) and detail else {}
        code = str(first.get("type") or mapping(body).get("error_type") or reply.headers.get("x-fal-error-type") or "")
        message = str(first.get("msg") or (detail if isinstance(detail, str) else "") or reply.text[:300])
        outcome = _outcome_of(reply.status, code, message, first)
        categories = first.get("categories")
        return Answer(
            outcome, f"HTTP {reply.status} {code}".rstrip() + f": {message}", http_status=reply.status, code=code or None,
            category=", ".join(map(str, categories)) if isinstance(categories, list) else None, message=reply.text,
            request_id=request_id, retry_after=retry_after(reply.headers),
            usd=self._price() if outcome in ("refused_output", "timeout") else 0.0,
        )  # fmt: skip

    def _seen(self) -> Probe | Answer:
        return Probe("available", "fal says of a model only by drawing whether it is there")


def _outcome_of(status: int, code: str, message: str, first: Mapping[str, Any]) -> OutcomeName:
    where = first.get("loc")
    field = str(where[-1]) if isinstance(where, list) and where else ""
    if code == "content_policy_violation":
        return "refused_output" if field not in ("", "prompt", "body") else "refused_prompt"
    if code in _TYPES:
        return _TYPES[code]
    if code.startswith("runner_"):
        return "server_error"
    if status in (402, 403) and _UNPAID.search(message):
        return "quota_exhausted"
    if status == 404 and "application" in message.lower():
        return "retired"
    if status in (400, 422):
        return "invalid_settings" if field not in ("", "prompt", "body") else "invalid_request"
    return _STATUS.get(status, "server_error" if status >= 500 else "invalid_request" if status >= 400 else "failed")
