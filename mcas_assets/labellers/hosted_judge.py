"""Labellers of kind `hosted_judge`: a model behind an API that is OpenAI's in form, held to a closed list by a JSON schema.

What leaves this machine is the image, made smaller, and the question. Keys come from the environment, and go to the declared host
alone (`systems.hosted.transport`).
"""

import base64
import hashlib
import io
import json
import os
import threading
from collections.abc import Generator, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx2
from pydantic import Field

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.overlap import ahead
from mcas_assets.core.pictures import decoder
from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.documents import Text
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.declare.parts import Axis
from mcas_assets.labellers.asking import QUESTION, Option, Words, can_ask, options_of, turned
from mcas_assets.labellers.model_folder import labeller_id, shown
from mcas_assets.labellers.protocol import DECLINED, NO_ANSWER, Answer
from mcas_assets.systems.hosted import transport
from mcas_assets.systems.hosted.answer import Answer as Reply
from mcas_assets.systems.hosted.answer import mapping
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.hosted.redaction import Redactor
from mcas_assets.systems.hosted.retry import Pacer, Retry, persist, retry_after

ASKS = "1"
"""Raised with any change of this module after which an image may be told otherwise."""

_DECLINES = ("content_filter", "content_policy", "moderation", "safety")
"""In a provider's code for why it gives no answer: it would not look."""


class Declaration(Entry):
    """One entry of kind `hosted_judge`.

    Attributes:
        model: The provider's id of the model. A dated one cannot move under an audit.
        base_url: What `/chat/completions` is added to: https://api.openai.com/v1, or a server of your own.
        plain_http: Whether base_url may be http beyond this machine: the key and all images then travel readable by others.
        key: The environment variable that holds the key; null sends none, for a server of your own.
        question: What is asked of each image; the list of answers follows it.
        words: By axis of an audit and group of it: the words for the group in the list; the group's name, if not given.
        side: Pixels of an image's longer side as it is sent; smaller ones are sent as they are.
        extra: Further keys of the request, such as `temperature: 0` or which provider a gateway must use.
        concurrency: Requests under way at once.
        requests_per_minute: No more than that; no limit if not given.
        most_images: Images that it is asked about on an axis, over all runs: one more is refused before anything is asked. A
            standing watch wants it said of a labeller that has a key.
        timeout: Seconds to wait for one answer.
        retry: How long one image is tried for.
    """

    kind: Literal["hosted_judge"]
    model: Annotated[str, Field(min_length=1)]
    base_url: str
    plain_http: bool = False
    key: str | None = "OPENAI_API_KEY"
    question: Text = QUESTION
    words: Words = Field(default_factory=dict)
    side: Annotated[int, Field(ge=64, le=4096)] = 768
    extra: dict[str, Any] = Field(default_factory=dict)
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    requests_per_minute: Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False)] | None = None
    most_images: Annotated[int, Field(ge=1, le=10**9)] | None = None
    timeout: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 120.0
    retry: Retry = Retry()

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """An address that can be called, and no key of the request that this kind sends by itself."""
        yield from HostedEntry.contradictions(raw)
        extra = raw.get("extra")
        for one in (
            sorted({"model", "messages", "response_format", "stream", "n"} & set(extra))
            if isinstance(extra, dict)
            else ()
        ):
            yield Mistake(("extra", one), "is sent by itself, and answers are read by it", "Leave it out")


def build(name: str, entry: Declaration, base: Path, cache: Path | None = None) -> "HostedJudge":
    """The labeller of an entry. It reads no file."""
    return HostedJudge(name, entry)


class HostedJudge:
    """Asks over the network, several images at once. See `mcas_assets.labellers.protocol.Looker`.

    Attributes:
        name: The name it is declared by.
        entry: Its declaration.
        most_images: See `mcas_assets.labellers.protocol.Metered`.
    """

    def __init__(self, name: str, entry: Declaration) -> None:
        self.name, self.entry, self.most_images = name, entry, entry.most_images
        self._stopped = threading.Event()
        self._client: httpx2.Client | None = None
        self._pacer = Pacer(entry.requests_per_minute, self._wait)

    def tells(self, name: str, axis: Axis) -> bool:
        """Every axis of two groups or more."""
        return can_ask(f"labeller {self.name}", name, axis, self.entry.words)

    def identity(self) -> dict[str, Any]:
        """What is asked of which model, as declared. What answers is known as far as the provider reports it, with each answer."""
        settings = self.entry.model_dump(
            mode="json", include={"kind", "model", "base_url", "question", "side", "extra"}
        )
        return plain(settings | {"asks": ASKS, "pictures": decoder()})

    def require(self) -> None:
        """See that its key is there. Asks nothing yet."""
        self._key()

    def id_on(self, name: str, axis: Axis) -> str:
        """See `mcas_assets.labellers.protocol.Looker.id_on`."""
        return labeller_id(self.name, self.identity(), [name, options_of(name, axis, self.entry.words)])

    def look(self, name: str, axis: Axis, files: Iterable[bytes]) -> Generator[Answer]:
        """See `mcas_assets.labellers.protocol.Looker.look`. What is passing trouble is asked again, as `retry` says.

        Raises:
            BadInput: The provider does not take the key or the settings, or has nothing but trouble.
        """
        self._key()
        self._stopped.clear()
        self._client = self._client or transport.client(self.entry.base_url, self.entry.timeout)
        done = False
        try:
            yield from ahead(
                partial(self._told, options_of(name, axis, self.entry.words)), files, self.entry.concurrency
            )
            done = True
        finally:
            if not done:
                self._stopped.set()

    def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)

    def _key(self) -> str:
        if self.entry.key is None:
            return ""
        key = os.environ.get(self.entry.key, "").strip()
        if not key:
            problem = f"no key for the provider is in the environment ({self.entry.key})"
            remedy = f"Set {self.entry.key}, which is kept nowhere; for a server that wants none say key: null"
            raise BadInput(f"labeller {self.name}", problem, remedy, "key")
        return key

    def _told(self, options: list[Option], file: bytes) -> Answer:
        order = turned(options, int(hashlib.sha256(file).hexdigest()[:8], 16))
        body, key = self._body(file, order), self._key()
        redact = Redactor([key])
        replies = persist(self.entry.retry, partial(self._ask, body, key), self._wait, self._stopped)
        reply = replies[-1]
        raw = redact.value({
            "answer": reply.message, "model": reply.model_reported, "request_id": reply.request_id, "usage": reply.usage,
            "order": [one.label for one in order], "attempts": len(replies),
        })  # fmt: skip
        if reply.outcome == "ok":
            said = json.loads(reply.message or "{}")
            label = {one.words: one.label for one in options}[said["answer"]]
            return Answer(label, redact.text(" ".join(str(said.get("evidence", "")).split())) or None, raw)
        if reply.outcome == "refused_prompt":
            return Answer(DECLINED, redact.text(reply.reason or "") or None, raw)
        if reply.outcome == "words":
            return Answer(NO_ANSWER, None, raw)
        self._stopped.set()
        problem = f"cannot be asked further: {reply.outcome}: {redact.text(reply.reason or '').rstrip('. ')}"
        remedy = "Correct what it names and run again: the answers so far are kept, and not asked for again"
        raise BadInput(f"labeller {self.name}", problem, remedy)

    def _body(self, file: bytes, order: list[Option]) -> dict[str, Any]:
        picture = shown(file)
        picture.thumbnail((self.entry.side, self.entry.side))
        held = io.BytesIO()
        picture.save(held, "PNG")
        url = "data:image/png;base64," + base64.b64encode(held.getvalue()).decode()
        schema = {
            "type": "object", "additionalProperties": False, "required": ["evidence", "answer"],
            "properties": {
                "evidence": {"type": "string", "description": "in a few words, what is visible that shows it"},
                "answer": {"type": "string", "enum": [one.words for one in order]},
            },
        }  # fmt: skip
        text = "\n".join([self.entry.question, "Choose one of:", *(f"- {one.words}" for one in order)])
        content = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
        form = {"type": "json_schema", "json_schema": {"name": "label", "strict": True, "schema": schema}}
        messages = [{"role": "user", "content": content}]
        return {**self.entry.extra, "model": self.entry.model, "messages": messages, "response_format": form}

    def _ask(self, body: dict[str, Any], key: str) -> Reply:
        self._pacer.wait()
        assert self._client is not None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        try:
            answer = self._client.post(
                f"{self.entry.base_url.rstrip('/')}/chat/completions", json=body, headers=headers
            )
        except transport.Refused as error:
            return Reply(error.outcome, str(error))
        except httpx2.TimeoutException:
            return Reply("timeout", f"no answer within {self.entry.timeout:g} s")
        except httpx2.ConnectError as error:
            return Reply("unavailable", f"the provider cannot be reached: {error}")
        except httpx2.TransportError as error:
            return Reply("server_error", f"the connection broke: {error}")
        return read_reply(answer, body["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"])


def read_reply(answer: httpx2.Response, choices: list[str]) -> Reply:
    """What came of one request, in the audit's words: `ok` only where the text is JSON with an answer of the list."""
    try:
        document = mapping(answer.json())
    except ValueError:
        document = {}
    reply = Reply("server_error", http_status=answer.status_code, request_id=answer.headers.get("x-request-id"))
    error = mapping(document.get("error"))
    if error or answer.status_code >= 400 or not document:
        return _trouble(reply, answer, error)
    listed = document.get("choices")
    choice = mapping(listed[0]) if isinstance(listed, list) and listed else {}
    message = mapping(choice.get("message"))
    if not message:
        reply.outcome, reply.reason = "not_understood", "the answer has no message in the form of chat completions"
        return reply
    reply.model_reported, reply.usage = document.get("model"), mapping(document.get("usage"))
    text = message.get("content")
    reply.message = text if isinstance(text, str) else None
    if message.get("refusal") or choice.get("finish_reason") == "content_filter":
        reply.outcome, reply.reason = "refused_prompt", str(message.get("refusal") or "withheld by its content filter")
        return reply
    try:
        said = mapping(json.loads(reply.message or ""))
    except (ValueError, RecursionError):
        said = {}
    reply.outcome = "ok" if said.get("answer") in choices else "words"
    reply.reason = None if reply.outcome == "ok" else "what it said is no answer of the list"
    return reply


def _trouble(reply: Reply, answer: httpx2.Response, error: dict[str, Any]) -> Reply:
    """Of an error, also within a 200: by its status, and by the provider's code."""
    code = error.get("code")
    status = code if isinstance(code, int) and not isinstance(code, bool) else answer.status_code
    words = f"{code} {error.get('type', '')}".lower()
    reply.code = str(code) if code is not None else None
    reply.reason = f"HTTP {status}: {error.get('message') or 'the answer is not in the expected form'}"
    reply.retry_after = retry_after(answer.headers)
    if "quota" in words or status == 402:
        reply.outcome = "quota_exhausted"
    elif status == 429:
        reply.outcome = "rate_limited"
    elif status in (401, 403):
        reply.outcome = "auth"
    elif any(one in words for one in _DECLINES):
        reply.outcome = "refused_prompt"
    elif status == 404:
        reply.outcome = "retired"
    elif status < 400 or status >= 500:
        reply.outcome = "server_error"
    else:
        reply.outcome = "invalid_settings"
    return reply
