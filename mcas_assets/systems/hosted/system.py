"""What all hosted systems share: the declaration, the pool of requests, the budget, and the row that each image gets.

Belongs here: everything that does not depend on whose API it is. One file a provider (`openai`, `google`) says how its
client is called and what its answers mean. Keys come from the environment, and leave this process only in a request.
"""

import math
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar, Literal

from mcas_assets.core.digests import plain
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import remedy
from mcas_assets.systems.hosted.answer import Answer
from mcas_assets.systems.hosted.budget import Past, Purse
from mcas_assets.systems.hosted.course import Course
from mcas_assets.systems.hosted.entry import HostedEntry
from mcas_assets.systems.hosted.redaction import Redactor
from mcas_assets.systems.hosted.retry import Pacer, persist
from mcas_assets.systems.hosted.rows import row_of
from mcas_assets.systems.hosted.streaming import in_order
from mcas_assets.systems.protocol import Capabilities, Outcome, Probe, Request, SystemIdentity


class HostedSystem(ABC):
    """A system behind an API. See `mcas_assets.systems.protocol.System`.

    Attributes:
        sleep: Waits between attempts, given seconds; None for real waiting that ends when the run does.
    """

    provider: ClassVar[str]
    package: ClassVar[str]

    def __init__(self, name: str, entry: HostedEntry) -> None:
        self.name = name
        self.sleep: Callable[[float], None] | None = None
        self._entry = entry
        self._past = Past()
        self._purse = self._filled()
        self._client: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self._pacer = Pacer(None, time.sleep)
        self._course = self._begun()

    @abstractmethod
    def size(self) -> tuple[int, int]:
        """The width and height in pixels that are asked for."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """What is asked for with every image, for the identity document."""

    def _seed(self) -> Literal["none", "best_effort"]:
        """Whether a seed is sent; no provider promises more than to try."""
        return "none"

    def _concurrency(self) -> int:
        """Requests under way at once."""
        return self._entry.concurrency

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
        self._course = self._begun()
        self._ready()

    def probe(self) -> Probe:
        """Ask the provider about the model, once: what a watch over systems wants to know.

        Withdrawn only if the provider says that it has no such model. Whatever else stands in the way of an answer (no key,
        a wrong one, no connection, a wrong address) says nothing of the model.
        """
        try:
            self._ready()
        except BadInput as error:
            return Probe("unreachable", str(error))
        answer = self._look()
        if isinstance(answer, Answer):
            state = "withdrawn" if answer.outcome == "retired" else "unreachable"
            probe = Probe(state, f"{answer.outcome}: {answer.reason}")
        else:
            probe = answer
        redact = self._redactor().value
        return replace(probe, detail=redact(probe.detail), reported_version=redact(probe.reported_version))

    def generate(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in order, `concurrency` of them under way at once.

        After a fatal outcome nothing more is sent, in this call and in later ones until `close`: what was not sent says so.

        Raises:
            BadInput: The package or the key is missing.
        """
        (outcomes,) = self.stream([requests])
        return outcomes

    def stream(self, batches: Iterable[Sequence[Request]]) -> Iterator[list[Outcome]]:
        """The outcomes of each batch, in order. The next batches are sent while the last images of one are waited for.

        So there are always as many requests under way as declared, however small the batches are. It ends early after a
        fatal outcome, with the last batch that anything was sent of.

        Raises:
            BadInput: The package or the key is missing.
        """
        return in_order(batches, self._submit, self._concurrency(), lambda: self._course.stopped)

    def _submit(self, request: Request) -> Future[Outcome]:
        if (request.width, request.height) != self.size():
            raise ValueError(f"{self.name} draws at {self.size()} only: its size is part of its identity")
        return self._ready().submit(self._one, request)

    def close(self) -> None:
        """Let go of the connections. The system can be used again, and then sends again."""
        if self._pool is not None:
            self._course.stopped.set()
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()
        self._pool = self._client = None

    def _begun(self) -> Course:
        return Course(self.name, self.size(), self._settings(), self._past.reported, self._redactor().text)

    def _filled(self) -> Purse:
        return Purse(self._entry.budget, self._entry.price or 0.0, self._past)

    def _key(self) -> str:
        return next((key for name in self._entry.key_variables if (key := os.environ.get(name, "").strip())), "")

    def _redactor(self) -> Redactor:
        return Redactor(os.environ.get(name, "").strip() for name in self._entry.key_variables)

    def _ready(self) -> ThreadPoolExecutor:
        if self._pool is None:
            key, names = self._key(), self._entry.key_variables
            if names and not key:
                problem = f"no key for the provider is in the environment ({' or '.join(names)})"
                raise BadInput(self.name, problem, f"Set {names[0]}; it is kept nowhere")
            try:
                self._client = self._connect(key)
            except ImportError as error:
                problem = f"needs the package {self.package}, which is not installed"
                raise BadInput(self.name, problem, remedy(self._entry.kind)) from error
            self._course = self._begun()
            self._pacer = Pacer(self._entry.requests_per_minute, self._wait)
            self._pool = ThreadPoolExecutor(self._concurrency(), thread_name_prefix=self.name)
        return self._pool

    def _wait(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self._course.stopped.wait(seconds)

    def _one(self, request: Request) -> Outcome:
        """Everything that is done for one image."""
        course = self._course
        if course.stopped.is_set():
            return self._row([course.unsent()])
        answers = persist(self._entry.retry, partial(self._attempt, course, request), self._wait, course.stopped)
        course.judge(answers[-1])
        return self._row(answers)

    def _attempt(self, course: Course, request: Request) -> Answer:
        self._pacer.wait()
        if course.stopped.is_set():
            return course.unsent()
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

    def _price(self) -> float:
        """What a request is taken to have cost where the provider does not say: in full, to keep within a budget."""
        return self._entry.price or 0.0

    def _cost(self, tokens_in: object, tokens_out: object) -> float:
        """US dollars of a request that was worked on, by the tokens counted where those have a price."""
        prices = self._entry.token_prices
        counted = prices.of(tokens_in, tokens_out) if prices else None
        return self._price() if counted is None or not math.isfinite(counted) else counted

    def _no_answer(self, cause: BaseException | None, is_timeout: bool) -> Answer:
        """Of a request that broke on its way, by the HTTP client's error. Named, since the SDKs may use two clients."""
        from mcas_assets.systems.hosted.transport import Refused

        kind = type(cause).__name__
        if isinstance(cause, Refused):
            return Answer(cause.outcome, str(cause), code=kind, usd=self._price())
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
        return row_of(answers, self.provider, self._entry.model, self._redactor().value)
