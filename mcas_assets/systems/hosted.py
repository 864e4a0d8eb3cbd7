"""What all hosted systems share: the declaration, the pool of requests, the budget, and the row that each image gets.

Belongs here: everything that does not depend on whose API it is. One file a provider (`openai`, `google`) says how its
client is called and what its answers mean. Keys come from the environment, and leave this process only in a request.
"""

import logging
import math
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Literal

from mcas_assets.errors import BadInput
from mcas_assets.outcomes import FATAL, RETRYABLE
from mcas_assets.systems import Capabilities, Outcome, Request, SystemIdentity
from mcas_assets.systems.hosted_answer import Answer, Redactor
from mcas_assets.systems.hosted_budget import Past, Purse
from mcas_assets.systems.hosted_entry import Probe
from mcas_assets.systems.hosted_retry import Pacer, persist
from mcas_assets.systems.identity import plain

log = logging.getLogger(__name__)

PATIENCE = 8
"""So many images given up one after the other, with none between that was answered, and the run ends."""


class HostedSystem(ABC):
    """A system behind an API. See `mcas_assets.systems.System`.

    Attributes:
        sleep: Waits between attempts, given seconds; None for real waiting that ends when the run does.
    """

    provider: ClassVar[str]
    package: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]

    def __init__(self, name: str, entry: Any) -> None:
        self.name = name
        self.sleep: Callable[[float], None] | None = None
        self._entry = entry
        self._lock = threading.Lock()
        self._past = Past()
        self._purse = self._filled()
        self._client: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._pacer = Pacer(None, time.sleep)
        self._stopped, self._ended, self._given_up = threading.Event(), "", 0
        self._reported: set[str] = set()
        self._said: set[str] = set()

    @abstractmethod
    def size(self) -> tuple[int, int]:
        """The width and height in pixels that are asked for."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """What is asked for with every image, for the identity document."""

    def _seed(self) -> Literal["none", "best_effort"]:
        """Whether a seed is sent; no provider promises more than to try."""
        return "none"

    @abstractmethod
    def _connect(self, key: str) -> Any:
        """A client of the provider that does not retry by itself.

        Raises:
            ImportError: The provider's package is not installed.
        """

    @abstractmethod
    def _ask(self, request: Request) -> Answer:
        """Send one request, and put what came of it into the audit's words. Raises nothing for what may be answered."""

    @abstractmethod
    def _look(self) -> Probe | Answer:
        """Ask the provider about the model; an answer of its refusal where it gives none."""

    def identity(self) -> SystemIdentity:
        """What is asked for, as declared. What answers is known only as far as the provider reports it, image by image."""
        document = {
            "kind": self._entry.kind,
            "model": self._entry.model,
            "endpoint": self._entry.base_url,
            "seed": self._seed(),
            "prompt_rewriter": "unknown",  # neither provider says whether its servers rewrite what is asked
        }
        return SystemIdentity(self.name, plain(document | self._settings()))

    def capabilities(self) -> Capabilities:
        """No seed, or one that the provider only tries to follow; as many requests at once as declared."""
        return Capabilities(seed=self._seed(), max_batch=None, sizes=(self.size(),))

    @property
    def price(self) -> float | None:
        """US dollars an image, as declared."""
        return self._entry.price

    def allowance(self, past: Past, images: int) -> str:
        """The budget in words, and whether it covers so many further images; empty where none is declared."""
        return self._entry.budget.words(self._entry.price or 0.0, past, images)

    def environment(self) -> dict[str, Any]:
        """By which client, and from where. Needs no key."""
        try:
            client = f"{self.package} {version(self.package)}"
        except PackageNotFoundError:  # known without it: identity, size and price
            client = self.package
        return {"client": client, "endpoint": self._entry.base_url or self.provider}

    def recall(self, past: Past) -> None:
        """Make ready to ask: take in what earlier runs of this version spent and were answered.

        Raises:
            BadInput: The package or the key is missing.
        """
        self._past = past
        self._purse = self._filled()
        self._reported = set(past.reported)
        self._ready()

    def probe(self) -> Probe:
        """Ask the provider about the model, once: what a watch over systems wants to know."""
        try:
            self._ready()
        except BadInput as error:
            return Probe("unreachable", str(error))
        found = self._look()
        if isinstance(found, Answer):
            state = "retired" if found.outcome == "retired" else "unreachable"
            found = Probe(state, f"{found.outcome}: {found.reason}")
        redact = self._redactor().value
        return Probe(found.state, *map(redact, (found.detail, found.reported_version, found.shutdown_date)))

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order, `concurrency` of them under way at once.

        After a fatal outcome nothing more is sent, in this call and in later ones until `close`: what was not sent says so.

        Raises:
            BadInput: The package or the key is missing.
        """
        if any((request.width, request.height) != self.size() for request in requests):
            raise ValueError(f"{self.name} draws at {self.size()} only: its size is part of its identity")
        if not requests:
            return []
        pool, begun, done = self._ready(), time.monotonic(), False
        futures = [pool.submit(self._one, request) for request in requests]
        try:
            outcomes = [future.result() for future in futures]
            done = True
        finally:
            if not done:  # interrupted: what has not begun does not begin, and what waits to try again does not
                self._stopped.set()
        sent = sum(outcome.outcome != "not_sent" for outcome in outcomes)
        each = 1000 * (time.monotonic() - begun) / max(sent, 1)
        return [replace(outcome, latency_ms=each if outcome.attempt else None) for outcome in outcomes]

    def close(self) -> None:
        """Let go of the connections. The system can be used again, and then sends again."""
        if self._pool is not None:
            self._stopped.set()
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()
        self._pool = self._client = None

    def _filled(self) -> Purse:
        return Purse(self._entry.budget, self._entry.price or 0.0, self._past)

    def _key(self) -> str:
        return next((found for name in self.keys if (found := os.environ.get(name, "").strip())), "")

    def _redactor(self) -> Redactor:
        return Redactor(os.environ.get(name, "").strip() for name in self.keys)

    def _ready(self) -> ThreadPoolExecutor:
        if self._pool is None:
            key = self._key()
            if not key:
                problem = f"no key for the provider is in the environment ({' or '.join(self.keys)})"
                raise BadInput(self.name, problem, f"Set {self.keys[0]}; it is kept nowhere")
            try:
                self._client = self._connect(key)
            except ImportError as error:
                problem = f"needs the package {self.package}, which is not installed"
                raise BadInput(self.name, problem, f"Install the extra: uv sync --extra {self._entry.kind}") from error
            self._stopped, self._ended, self._given_up = threading.Event(), "", 0
            self._pacer = Pacer(self._entry.requests_per_minute, self._wait)
            self._pool = ThreadPoolExecutor(self._entry.concurrency, thread_name_prefix=self.name)
        return self._pool

    def _wait(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self._stopped.wait(seconds)

    def _one(self, request: Request) -> Outcome:
        """Everything that is done for one image."""
        if self._stopped.is_set():
            return self._row([self._unsent()])
        answers = persist(self._entry.retry, partial(self._attempt, request), self._wait, self._stopped)
        self._judge(answers[-1])
        return self._row(answers)

    def _attempt(self, request: Request) -> Answer:
        self._pacer.wait()
        if self._stopped.is_set():
            return self._unsent()
        refused = self._purse.take()
        if refused:
            remedy = "raise it in the declaration to go on"
            return Answer("budget_exhausted", f"{refused}; {remedy}", is_sent=False)
        begun, answer = time.monotonic(), None
        try:
            answer = self._ask(request)
        finally:
            self._purse.settle(answer.usd if answer else self._price())
        answer.latency_ms = 1000 * (time.monotonic() - begun)
        return answer

    def _unsent(self) -> Answer:
        return Answer("not_sent", self._ended or "the run was interrupted", is_sent=False)

    def _judge(self, answer: Answer) -> None:
        """What the final answer for one image means for the run."""
        redact = self._redactor().text
        with self._lock:
            troubled = answer.outcome in RETRYABLE
            self._given_up = self._given_up + 1 if troubled else 0
            if troubled and self._given_up >= PATIENCE and not self._stopped.is_set():
                answer.reason = f"{self._given_up} images in a row were given up, the last: {answer.reason}"
                answer.outcome = "unavailable"
            if answer.outcome in FATAL and not self._stopped.is_set():
                self._ended = f"{answer.outcome} came first: {answer.reason}"
                self._stopped.set()
            reported = answer.model_reported and redact(answer.model_reported)
            if reported and reported not in self._reported:
                if self._reported:
                    before = ", ".join(sorted(self._reported))
                    log.warning("%s: the provider answers as %s now, before as %s", self.name, reported, before)
                self._reported.add(reported)
            wanted = "{}x{}".format(*self.size())
            if answer.size not in (None, wanted):
                self._say(f"images come at {answer.size}, where {wanted} was expected")
            for key, value in answer.settings.items():
                if key in (asked := self._settings()) and asked[key] not in (None, value):
                    self._say(redact(f"the provider says that it used {key} {value}, where {asked[key]} was asked for"))

    def _say(self, text: str) -> None:
        """Warn of something, once."""
        if text not in self._said:
            self._said.add(text)
            log.warning("%s: %s", self.name, text)

    def _price(self) -> float:
        """What a request is taken to have cost where the provider does not say: in full, to keep within a budget."""
        return self._entry.price or 0.0

    def _cost(self, tokens_in: Any, tokens_out: Any) -> float:
        """US dollars of a request that was worked on, by the tokens counted where those have a price."""
        prices = self._entry.token_prices
        counted = prices.of(tokens_in, tokens_out) if prices else None
        return self._price() if counted is None or not math.isfinite(counted) else counted

    def _no_answer(self, cause: BaseException | None, is_timeout: bool) -> Answer:
        """Of a request that broke on its way, by the HTTP client's error. Named, since the SDKs may use two clients."""
        kind = type(cause).__name__
        if kind in ("ConnectError", "ConnectTimeout"):
            return Answer("unavailable", f"the provider cannot be reached: {cause}", code=kind)
        if is_timeout:
            reason = f"no answer within {self._entry.timeout:g} s"
            return Answer("timeout", reason, code=kind, usd=self._price())
        return Answer("server_error", f"the connection broke: {cause}", code=kind, usd=self._price())

    def _broken(self, answer: Answer, text: str) -> Answer:
        """Of an answer that is not in the form it should have: it may have been cut short on its way."""
        answer.outcome, answer.reason = "server_error", "the answer is no JSON of the expected form, or was cut short"
        answer.message, answer.usd = text, self._price()
        return answer

    def _row(self, answers: Sequence[Answer]) -> Outcome:
        """The outcome of one image, from all that was answered. What a provider said passes the redactor here."""
        last, sent = answers[-1], [answer for answer in answers if answer.is_sent]
        redact = self._redactor().value
        provider = {
            "provider": self.provider, "model_requested": self._entry.model, "model_reported": last.model_reported,
            "http_status": last.http_status, "provider_code": last.code, "provider_reason": last.category,
            "raw_message": last.message, "request_id": last.request_id, "usage": last.usage,
            "settings": last.settings, "size": last.size, "latency_ms": last.latency_ms,
            "cost_usd": round(sum(answer.usd for answer in sent), 9), "attempts": [answer.attempt() for answer in sent],
        }  # fmt: skip
        return Outcome(
            last.outcome,
            redact(last.reason),
            last.image,
            last.suffix,
            redact(plain(provider)),
            last.latency_ms,
            len(sent),
        )
