"""Systems of kind `google`: Gemini image models through the Gemini Developer API.

Source: google-genai 3.6 (`models.py`, `types.py`, `errors.py`) and the API as it speaks in November 2026. Refusals come as
HTTP 200 in four shapes, so an image is what counts, and what came in its place is read for the reason.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.systems.hosted.answer import Answer, declines, delivered, mapping
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.hosted.retry import retry_after
from mcas_assets.systems.hosted.system import HostedSystem
from mcas_assets.systems.protocol import Probe, Request

_ENDPOINT = "https://generativelanguage.googleapis.com/"
_API_VERSION = "v1beta"
_SIDES = {"512": 512, "1K": 1024, "2K": 2048, "4K": 4096}
_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
# Reasons to stop that are no word on the content. Whatever else stops a candidate without an image withholds it.
_NO_WORD = {"", "STOP", "NO_IMAGE", "IMAGE_OTHER", "OTHER", "MAX_TOKENS", "MALFORMED_RESPONSE", "CONTINUATION",
            "FINISH_REASON_UNSPECIFIED", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
            "MISSING_THOUGHT_SIGNATURE"}  # fmt: skip
_WITHHELD = {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "LANGUAGE", "ESCALATION", "MODEL_ARMOR",
             "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"}  # fmt: skip
_SOUNDS_WITHHELD = re.compile(r"SAFETY|PROHIBIT|BLOCK|RECITATION|SPII|HARM|POLICY|MODERAT")
_BANNED = "PUP_LIMITED_DISABLED"  # the account, not the prompt
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")
_OF_SETTINGS = re.compile(r"generation_?config|image_?config|safety_?settings|thinking", re.IGNORECASE)


class Declaration(HostedEntry):
    """One entry of kind `google`. Also see `HostedEntry`.

    Attributes:
        aspect_ratio: Width to height, as "1:1".
        image_size: Class of size: 512, 1K (about a megapixel), 2K, 4K. Models differ in which they offer, and in how many
            pixels that is at another ratio than 1:1: what comes is taken as it is.
        thinking_level: How much the model may think, and so rewrite, before it draws; the model's default if not given.
        safety_threshold: From which level on content is blocked, for all four categories of harm; the provider's
            default if not given.
        seed: none sends no seed. The provider follows it as well as it can, and promises nothing.
    """

    kind: Literal["google"]
    aspect_ratio: str
    image_size: Literal["512", "1K", "2K", "4K"]
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None
    safety_threshold: (
        Literal["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"] | None
    ) = None
    seed: Literal["best_effort", "none"] = "best_effort"

    @property
    def key_variables(self) -> tuple[str, ...]:
        """Where the provider's own client looks for the key."""
        return ("GEMINI_API_KEY", "GOOGLE_API_KEY")

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: models that are gone, ratios that are none."""
        yield from super().contradictions(raw)
        model = str(raw.get("model"))
        if raw.get("base_url") is None and re.match(r"(models/)?imagen", model):
            remedy = "Audit images that it made earlier (kind: import), or name a Gemini image model"
            yield Mistake(("model",), "is an Imagen model, and those were shut down", remedy)
        ratio = raw.get("aspect_ratio")
        if isinstance(ratio, str) and not re.fullmatch(r"[1-9]\d?:[1-9]\d?", ratio):
            yield Mistake(("aspect_ratio",), f"is {ratio!r}, no ratio", 'Write it as "1:1" or "16:9", in quotes')


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "GoogleSystem":
    """The system of an entry. It has no files: `base` and `cache` serve other kinds."""
    return GoogleSystem(name, entry)


class GoogleSystem(HostedSystem):
    """A Gemini image model. One image a request: the API takes no more."""

    provider: ClassVar[str] = "google"
    package: ClassVar[str] = "google-genai"
    _entry: Declaration

    def size(self) -> tuple[int, int]:
        """Nominal width and height in pixels: the area of the class of size at the ratio, to a multiple of 16."""
        width, height = map(int, self._entry.aspect_ratio.split(":"))
        side, root = _SIDES[self._entry.image_size], math.sqrt(width / height)
        return 16 * round(side * root / 16), 16 * round(side / root / 16)

    def _seed(self) -> Literal["none", "best_effort"]:
        return self._entry.seed

    def _settings(self) -> dict[str, Any]:
        entry = self._entry
        return {
            "snapshot": None, "api_version": _API_VERSION, "aspect_ratio": entry.aspect_ratio,
            "image_size": entry.image_size, "thinking_level": entry.thinking_level,
            "safety_threshold": entry.safety_threshold, "person_generation": None,  # this API lets nobody set it
        }  # fmt: skip

    def _connect(self, key: str) -> Any:
        from google import genai
        from google.genai import types

        from mcas_assets.systems.hosted.transport import client

        url, timeout = self._entry.base_url or _ENDPOINT, self._entry.timeout
        # Everything that the client would take from the environment is said here: it would change what answers.
        options = types.HttpOptions(
            base_url=url, api_version=_API_VERSION, timeout=round(1000 * timeout), httpx_client=client(url, timeout),
            retry_options=types.HttpRetryOptions(attempts=1),
        )  # fmt: skip
        return genai.Client(api_key=key, vertexai=False, http_options=options)

    def _ask(self, request: Request) -> Answer:
        from google.genai import errors

        try:
            response = self._client.models.generate_content(
                model=self._entry.model, contents=request.prompt, config=self._config(request.seed)
            )
        except errors.APIError as error:
            return self._failure(error)
        except ValidationError as error:  # the client decodes images too
            reason = "what was sent is not of the form that the client knows, or no valid base64"
            return Answer("decode_error", reason, http_status=200, message=str(error), usd=self._price())
        except ValueError as error:
            return self._broken(Answer("server_error", http_status=200), f"{type(error).__name__}: {error}")
        except _transport_errors() as error:
            return self._no_answer(error, "Timeout" in type(error).__name__)
        return self._read(response)

    def _config(self, seed: int) -> Any:
        from google.genai import types

        entry, threshold = self._entry, self._entry.safety_threshold
        level = entry.thinking_level
        keys = {
            "response_modalities": ["IMAGE"],
            "seed": seed if entry.seed == "best_effort" else None,
            "image_config": {"aspect_ratio": entry.aspect_ratio, "image_size": entry.image_size},
            "thinking_config": {"thinking_level": level.upper()} if level else None,
            "safety_settings": threshold
            and [{"category": f"HARM_CATEGORY_{harm}", "threshold": threshold} for harm in _HARMS],
            "automatic_function_calling": {"disable": True},
            "automatic_continuation": False,  # each request is counted here
        }
        known = types.GenerateContentConfig.model_fields  # the last of them is newer than the oldest client we take
        return types.GenerateContentConfig.model_validate({key: value for key, value in keys.items() if key in known})

    def _read(self, response: Any) -> Answer:
        """What a 200 holds: an image, or one of the four shapes of a refusal."""
        usage = response.usage_metadata.model_dump(mode="json", exclude_none=True) if response.usage_metadata else None
        headers = getattr(response.sdk_http_response, "headers", None) or {}
        answer = Answer(
            "ok", http_status=200, request_id=response.response_id or headers.get("x-request-id"), usage=usage,
            model_reported=response.model_version, usd=self._cost(*_tokens(usage or {})),
        )  # fmt: skip
        status = getattr(response, "model_status", None)  # younger than the oldest client we take
        if status is not None:
            answer.settings["model_status"] = status.model_dump(mode="json", exclude_none=True)
        # An image that was drawn on the way counts only where there is no other.
        images = list(_images(response, is_thought=False)) or list(_images(response, is_thought=True))
        if not images:
            return _declined(answer, response, self._entry.declines)
        return delivered(answer, images[-1])  # where there are several, the last one is the final one

    def _failure(self, error: Any) -> Answer:
        outer = mapping(error.details)
        body = mapping(outer.get("error")) or outer
        details = [item for item in body.get("details") or () if isinstance(item, dict)]
        outcome = _outcome_of(error.code, str(error.status), str(error.message), details)
        headers = getattr(error.response, "headers", None) or {}
        reasons = [str(item["reason"]) for item in details if item.get("reason")]
        return Answer(
            outcome, f"HTTP {error.code} {error.status}: {error.message}", http_status=error.code, code=str(error.status),
            category=", ".join(reasons) or None, message=str(outer), request_id=headers.get("x-request-id"),
            retry_after=_retry_delay(details) or retry_after(headers), usd=self._price() if outcome == "timeout" else 0.0,
        )  # fmt: skip

    def _look(self) -> Probe | Answer:
        from google.genai import errors

        try:
            model = self._client.models.get(model=self._entry.model)
        except errors.APIError as error:
            return self._failure(error)
        except ValueError:
            return Answer("server_error", "the answer is no JSON of the expected form, or was cut short")
        except _transport_errors() as error:
            return self._no_answer(error, "Timeout" in type(error).__name__)
        if (model.name or "").removeprefix("models/") != self._entry.model.removeprefix("models/"):
            return Answer("failed", "the answer does not speak of the model")
        return Probe("available", reported_version=model.version)


def _transport_errors() -> tuple[type[Exception], ...]:
    """The client's errors of the connection: it passes on those of the HTTP library that it uses, which is loaded then."""
    used = (sys.modules.get(name) for name in ("httpx2", "httpx"))
    return tuple(library.HTTPError for library in used if library is not None)


def _images(response: Any, is_thought: bool) -> Iterator[bytes]:
    for candidate in response.candidates or ():
        for part in (candidate.content and candidate.content.parts) or ():
            blob = part.inline_data
            if blob and bool(part.thought) == is_thought and (blob.mime_type or "").startswith("image/"):
                yield blob.data or b""


def _declined(answer: Answer, response: Any, further: Iterable[str]) -> Answer:
    """Why there is no image, as far as the answer tells."""
    feedback, candidates = response.prompt_feedback, response.candidates or ()
    if feedback is not None and feedback.block_reason:
        answer.outcome, answer.code, answer.category = "refused_prompt", "prompt_blocked", _name(feedback.block_reason)
        answer.reason = answer.message = feedback.block_reason_message or f"the prompt was blocked: {answer.category}"
        return answer
    finish = next((_name(candidate.finish_reason) for candidate in candidates if candidate.finish_reason), "")
    message = next((candidate.finish_message for candidate in candidates if candidate.finish_message), None)
    parts = [part for one in candidates for part in (one.content and one.content.parts) or ()]
    text = " ".join(part.text for part in parts if part.text and not part.thought)
    answer.code, answer.message = finish or None, message or text or None
    if finish == _BANNED:
        answer.outcome, answer.reason = "auth", "the account is limited or disabled for violations of its use policy"
    elif finish in _WITHHELD or (finish not in _NO_WORD and _SOUNDS_WITHHELD.search(finish)):
        answer.outcome, answer.category = "refused_output", finish
        answer.reason = message or f"the image was withheld: {finish}"
    elif text:
        answer.outcome, answer.category = "refused_prompt" if declines(text, further) else "words", "text"
        answer.reason = f"the model answered in words: {text}"
    elif any(part.file_data or part.inline_data for part in parts):
        answer.outcome = "not_understood"
        answer.reason = "holds a file that is no image in place: a form that this client does not know"
    else:
        answer.outcome = "empty"
        answer.reason = f"the answer holds no image ({finish})" if finish else "the answer holds no image"
    return answer


def _outcome_of(status: int, name: str, message: str, details: list[dict[str, Any]]) -> OutcomeName:
    """The outcome that an error stands for, by status and by Google's details (google.rpc.error_details)."""
    reasons = {str(item.get("reason")) for item in details}
    if status in (401, 403) or name == "FAILED_PRECONDITION" or "API_KEY_INVALID" in reasons or "API key" in message:
        return "auth"
    if status == 429:
        quotas = [quota for item in details for quota in item.get("violations") or () if isinstance(quota, dict)]
        used_up = any("PerDay" in str(quota.get("quotaId")) or str(quota.get("quotaValue")) == "0" for quota in quotas)
        return "quota_exhausted" if used_up else "rate_limited"
    if status == 404:
        return "retired" if name == "NOT_FOUND" else "invalid_settings"
    if status == 400:
        fields = [str(field.get("field")) for item in details for field in item.get("fieldViolations") or ()]
        of_settings = any(map(_OF_SETTINGS.search, [*fields, message]))
        return "invalid_settings" if of_settings else "invalid_request"
    known: dict[int, OutcomeName] = {
        402: "quota_exhausted",
        408: "timeout",
        409: "server_error",
        410: "retired",
        499: "timeout",
        504: "timeout",
    }
    return known.get(status, "server_error" if status >= 500 else "invalid_request" if status >= 400 else "failed")


def _retry_delay(details: list[dict[str, Any]]) -> float | None:
    """Seconds of a google.rpc.RetryInfo, the API's own Retry-After."""
    delays = [match for item in details if (match := _DURATION.fullmatch(str(item.get("retryDelay"))))]
    return float(delays[0][1]) if delays else None


def _tokens(usage: dict[str, Any]) -> tuple[int | None, int | None]:
    """(tokens in, tokens out) as billed: thoughts count as output."""
    out = [usage[key] for key in ("candidates_token_count", "thoughts_token_count") if isinstance(usage.get(key), int)]
    return usage.get("prompt_token_count"), sum(out) if out else None


def _name(value: Any) -> str:
    """The name of an enum value, also of one that the client does not know yet."""
    return str(getattr(value, "value", value))
