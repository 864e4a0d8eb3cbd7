"""Systems of kind `replicate`: models that Replicate runs, through its predictions.

Source: Replicate's HTTP API (November 2026). A prediction is made, looked at until it has ended, and its output taken. Its client
library does the same with retries and addresses of its own, and was last released for another HTTP client than is used here.
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
from mcas_assets.systems.hosted.images_api import failed
from mcas_assets.systems.hosted.rest import Line, Reply, RestSystem
from mcas_assets.systems.protocol import Probe, Request

_ENDPOINT = "https://api.replicate.com/v1"
_OURS = {"prompt": "", "seed": "seed", "width": "width", "height": "height", "num_outputs": ""}
_WAITING = ("starting", "processing", "queued")
_FLAGGED = re.compile(r"nsfw|flagged|sensitive|\bE005\b|content policy|safety", re.IGNORECASE)
_OF_INPUT = re.compile(r"\b(prompt|input)\b(?! or output)", re.IGNORECASE)
_PASSES = re.compile(r"out of memory|queue is full|interrupted|\bE(?:1000|8367|9243)\b|timed out", re.IGNORECASE)


class Declaration(HostedEntry):
    """One entry of kind `replicate`. Also see `HostedEntry`.

    Attributes:
        model: owner/name.
        version: 64 hex digits, which the model's page lists: it cannot move. If not given, the model's present one is asked, as
            Replicate offers for its official models.
        width, height: In pixels.
        size_as: How a size is said: `width_height`, or `unsaid` for a model that takes none, or says it in `arguments` (an
            aspect ratio); then width and height are what is expected.
        seed: none sends no seed.
        arguments: Whatever else the model takes: steps, guidance, output_format; its defaults move with its version.
    """

    kind: Literal["replicate"]
    model: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    version: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    size_as: Literal["width_height", "unsaid"] = "width_height"
    seed: Literal["best_effort", "none"] = "best_effort"
    arguments: dict[str, Any] = Field(default_factory=dict)

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where Replicate's own client looks for the key."""
        return ("REPLICATE_API_TOKEN",)

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: what is said twice."""
        yield from super().contradictions(raw)
        yield from mistakes_beside("arguments", mapping(raw.get("arguments")), _OURS)


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "ReplicateSystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return ReplicateSystem(name, entry)


class ReplicateSystem(RestSystem):
    """A model that Replicate runs. One image a request: several would share a seed."""

    provider: ClassVar[str] = "replicate"
    _entry: Declaration
    _client: Line

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _seed(self) -> Literal["none", "best_effort"]:
        return self._entry.seed

    def _settings(self) -> dict[str, Any]:
        entry = self._entry
        settings = {key: getattr(entry, key) for key in ("width", "height", "size_as", "arguments")}
        return settings | {"snapshot": entry.version}

    def _connect(self, key: str) -> Line:
        return Line(self._entry.base_url or _ENDPOINT, self._entry.timeout, {"Authorization": f"Bearer {key}"})

    def _draw(self, request: Request) -> Answer:
        entry = self._entry
        wanted: dict[str, Any] = {"prompt": request.prompt} | entry.arguments
        if entry.size_as == "width_height":
            wanted |= {"width": request.width, "height": request.height}
        if entry.seed == "best_effort":
            wanted["seed"] = request.seed
        body = {"input": {key: value for key, value in wanted.items() if value is not None}}
        if entry.version:
            reply = self._client.send("POST", "predictions", body | {"version": entry.version})
        else:
            reply = self._client.send("POST", f"models/{entry.model}/predictions", body)
        if reply.status not in (200, 201, 202):
            return _failed(reply)
        begun = mapping(reply.value())
        number, urls = begun.get("id"), mapping(begun.get("urls"))
        if not isinstance(number, str) or not isinstance(urls.get("get"), str):
            reason = "does not say where the prediction is: a form that this client does not know"
            return Answer("not_understood", reason, http_status=reply.status, message=reply.text, usd=self._price())
        done = self._await(lambda: self._ended(str(urls["get"])))
        if done is None:
            if isinstance(urls.get("cancel"), str):
                self._client.send("POST", str(urls["cancel"]), {})
            reason = f"not drawn within {entry.timeout:g} s, and cancelled"
            return Answer("timeout", reason, request_id=number, usd=self._price())
        answer = done if isinstance(done, Answer) else self._read(done)
        answer.request_id = number
        return answer

    def _ended(self, url: str) -> Answer | dict[str, Any] | None:
        """The prediction once it has ended; None before, and while the provider is in passing trouble."""
        reply = self._client.send("GET", url)
        if reply.status >= 500 or reply.status == 429:
            return None
        if reply.status != 200:
            return _failed(reply)
        body = mapping(reply.value())
        return None if body.get("status") in _WAITING else body

    def _read(self, body: Mapping[str, Any]) -> Answer:
        """What a prediction that has ended holds: an image, or why there is none."""
        state, error = str(body.get("status")), str(body.get("error") or "")
        answer = Answer("ok", http_status=200, usd=self._price(), usage=mapping(body.get("metrics")) or None)
        version = body.get("version")
        answer.model_reported = version if isinstance(version, str) else None
        if state != "succeeded":
            answer.outcome, answer.code, answer.message = _outcome_of(state, error), state, error or None
            answer.reason = f"the prediction is {state[:40]!r}" + (f": {error}" if error else "")
            return answer
        output = body.get("output")
        sent = output[0] if isinstance(output, list) and output else output
        if isinstance(sent, str) and sent.lower().startswith(("http:", "https:", "data:")):
            return self._deliver(answer, sent, self._client.url)
        answer.outcome, answer.reason = "empty", "the prediction holds no image"
        if output:
            answer.outcome, answer.message = "not_understood", str(output)[:2000]
            answer.reason = "the output is no address of an image: a form that this client does not know"
        return answer

    def _seen(self) -> Probe | Answer:
        entry = self._entry
        at = f"models/{entry.model}" + (f"/versions/{entry.version}" if entry.version else "")
        reply = self._client.send("GET", at)
        if reply.status != 200:
            return _failed(reply)
        body = mapping(reply.value())
        newest = body.get("id") if entry.version else mapping(body.get("latest_version")).get("id")
        return Probe("available", reported_version=newest if isinstance(newest, str) else None)


def _outcome_of(state: str, error: str) -> OutcomeName:
    """What a prediction that did not succeed stands for, by its state and the words of its error."""
    if state in ("canceled", "aborted") or _PASSES.search(error):
        return "server_error"
    if state != "failed":
        return "not_understood"
    if _FLAGGED.search(error):
        return "refused_prompt" if _OF_INPUT.search(error) else "refused_output"
    return "failed"


def _failed(reply: Reply) -> Answer:
    """Of an answer with an error: its status, and the words of its detail."""
    answer = failed(reply.status, reply.headers, reply.text)
    if reply.status == 404:
        answer.outcome = "retired"
    elif reply.status == 422 and answer.outcome == "invalid_request" and "prompt" not in reply.text:
        answer.outcome = "invalid_settings"
    return answer
