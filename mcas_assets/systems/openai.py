"""Systems of kind `openai`: GPT Image models through OpenAI's Images API.

Source: openai-python 3.57 (`resources/images.py`, `_exceptions.py`) and the API as it speaks in November 2026. Its answers
are told apart by HTTP status and error code; a refusal is a 400.
"""

import json
import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.hosted.answer import Answer, delivered, mapping
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.hosted.images_api import outcome_of, without_image
from mcas_assets.systems.hosted.retry import retry_after
from mcas_assets.systems.hosted.system import HostedSystem
from mcas_assets.systems.protocol import Probe, Request

_ENDPOINT = "https://api.openai.com/v1"
_SNAPSHOT = re.compile(r"\d{4}-\d{2}-\d{2}$")
_SHUT = {"dall-e-2": "2026-05-12", "dall-e-3": "2026-05-12", "gpt-image-1": "2026-10-23"}


class Declaration(HostedEntry):
    """One entry of kind `openai`. Also see `HostedEntry`.

    Nothing is left to the server that can be said: what is `auto` there may be another thing next month.

    Attributes:
        width, height: In pixels, multiples of 16.
        quality: The models 2.5 and later know xhigh and max too.
        background: transparent needs output_format png or webp.
        moderation: How strict the filter is; auto is its usual level.
        output_format: Of the file that is sent.
        output_compression: 0 to 100, for jpeg and webp; the server's default if not given.
        complexity: Planning effort, for models that know it (2.6); the model's default if not given.
        safety_identifier: A hash that stands for who asks, for the provider's abuse monitoring. Not part of the version.
    """

    kind: Literal["openai"]
    width: Annotated[int, Field(ge=16, le=3840)]
    height: Annotated[int, Field(ge=16, le=3840)]
    quality: Literal["low", "medium", "high", "xhigh", "max"]
    background: Literal["opaque", "transparent"] = "opaque"
    moderation: Literal["auto", "low"] = "auto"
    output_format: Literal["png", "jpeg", "webp"] = "png"
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    safety_identifier: Annotated[str, Field(max_length=64)] | None = None

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where the provider's own client looks for the key."""
        return ("OPENAI_API_KEY",)

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: models that are gone, sizes and formats that the API does not take."""
        yield from super().contradictions(raw)
        gone = _SHUT.get(str(raw.get("model")))
        if gone and raw.get("base_url") is None:
            remedy = "Audit images that it made earlier (kind: import), or name a model that there is"
            yield Mistake(("model",), f"was shut down on {gone}", remedy)
        width, height = raw.get("width"), raw.get("height")
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
            for key, value in (("width", width), ("height", height)):
                if value % 16:
                    yield Mistake((key,), f"is {value}, no multiple of 16", f"Use {max(16, value // 16 * 16)}")
            if max(width, height) > 3 * min(width, height):
                yield Mistake(("width",), "is more than thrice the height, or less than a third", "Use 1:3 to 3:1")
        format = raw.get("output_format", "png")
        if raw.get("background") == "transparent" and format == "jpeg":
            yield Mistake(("output_format",), "is jpeg, which has no transparency", "Use png or webp")
        if raw.get("output_compression") is not None and format == "png":
            yield Mistake(("output_compression",), "is for jpeg and webp only", "Leave it out")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "OpenAISystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return OpenAISystem(name, entry)


class OpenAISystem(HostedSystem):
    """A GPT Image model. One image a request: several at once would be refused all together."""

    provider: ClassVar[str] = "openai"
    package: ClassVar[str] = "openai"
    _entry: Declaration

    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as declared."""
        return self._entry.width, self._entry.height

    def _settings(self) -> dict[str, Any]:
        entry = self._entry
        return {
            "snapshot": dated.group() if (dated := _SNAPSHOT.search(entry.model)) else None,
            "width": entry.width, "height": entry.height, "quality": entry.quality, "background": entry.background,
            "moderation": entry.moderation, "output_format": entry.output_format,
            "output_compression": entry.output_compression, "complexity": entry.complexity,
        }  # fmt: skip

    def _connect(self, key: str) -> Any:
        import openai

        from mcas_assets.systems.hosted.transport import client

        url, timeout = self._entry.base_url or _ENDPOINT, self._entry.timeout
        # Everything that the client would take from the environment is said here: it would change what answers.
        return openai.OpenAI(
            api_key=key, base_url=url, max_retries=0, timeout=timeout, http_client=client(url, timeout)
        )

    def _ask(self, request: Request) -> Answer:
        import openai

        entry = self._entry
        wanted = {
            "model": entry.model, "prompt": request.prompt, "n": 1, "size": f"{request.width}x{request.height}",
            "quality": entry.quality, "background": entry.background, "moderation": entry.moderation,
            "output_format": entry.output_format, "output_compression": entry.output_compression,
            "complexity": entry.complexity, "safety_identifier": entry.safety_identifier,
        }  # fmt: skip
        try:
            raw = self._client.images.with_raw_response.generate(
                **{key: value for key, value in wanted.items() if value is not None}
            )
        except openai.OpenAIError as error:
            return self._failure(error)
        answer = Answer("ok", http_status=raw.http_response.status_code, request_id=raw.headers.get("x-request-id"))
        try:
            body = json.loads(raw.http_response.content)
        except ValueError:
            return self._broken(answer, raw.http_response.text)
        return self._read(answer, mapping(body))

    def _read(self, answer: Answer, body: dict[str, Any]) -> Answer:
        """What a 200 holds. Read as plain JSON: the client's models neither check nor keep what they do not know."""
        usage = mapping(body.get("usage"))
        answer.usage = usage or None
        answer.usd = self._cost(usage.get("input_tokens"), usage.get("output_tokens"))
        answer.settings = {key: body[key] for key in ("quality", "background", "output_format") if body.get(key)}
        answer.model_reported = body["model"] if isinstance(body.get("model"), str) else None  # gateways say it
        data = body.get("data")
        first = mapping(data[0]) if isinstance(data, list) and data else {}
        sent = first.get("b64_json") or first.get("url")
        if isinstance(sent, str) and (sent.startswith("data:") or first.get("b64_json")):
            return delivered(answer, sent)
        return without_image(answer, body, first)

    def _failure(self, error: Exception) -> Answer:
        import openai

        if isinstance(error, openai.APIConnectionError):
            return self._no_answer(error.__cause__, isinstance(error, openai.APITimeoutError))
        if not isinstance(error, openai.APIStatusError):
            return Answer("failed", f"{type(error).__name__} of the client", message=str(error), usd=self._price())
        body = mapping(error.body)
        details = mapping(body.get("moderation_details"))
        message = str(body.get("message") or error.message)
        outcome = outcome_of(error.status_code, error.code, error.param, message, details)
        categories = details.get("categories")
        named = [str(category) for category in categories] if isinstance(categories, list) else []
        stage = [str(details["moderation_stage"])] if details.get("moderation_stage") else []
        return Answer(
            outcome, f"HTTP {error.status_code} {error.code or ''}".rstrip() + f": {message}",
            http_status=error.status_code, code=error.code or error.type, category=": ".join([*stage, ", ".join(named)]) or None,
            message=error.response.text, request_id=error.request_id or body.get("request_id"),
            retry_after=retry_after(error.response.headers),
            usd=self._price() if outcome in ("refused_output", "timeout") else 0.0,
        )  # fmt: skip

    def _look(self) -> Probe | Answer:
        import openai

        try:
            model = self._client.models.retrieve(self._entry.model)
        except openai.OpenAIError as error:
            return self._failure(error)
        except ValueError:
            return Answer("server_error", "the answer is no JSON, or was cut short")
        if getattr(model, "id", None) != self._entry.model:
            return Answer("failed", "the answer does not speak of the model")
        ends = model.shutdown_date
        if not ends:
            return Probe("available")
        try:
            return Probe("available", f"will be shut down on {ends}", shutdown_date=date.fromisoformat(ends))
        except ValueError:
            return Probe("available", f"will be shut down: {ends}")
