"""What hosted systems without a client library of their own share: JSON to one host, and what came back.

Belongs here: sending, within the bounds of `transport`. What an answer means is said by each provider's file.
"""

import json
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

import httpx2

from mcas_assets.systems.hosted import transport
from mcas_assets.systems.hosted.answer import Answer, delivered
from mcas_assets.systems.hosted.fetching import fetch
from mcas_assets.systems.hosted.system import HostedSystem
from mcas_assets.systems.hosted.transport import Refused
from mcas_assets.systems.protocol import Probe, Request

FIRST_LOOK, LONGEST_LOOK = 0.25, 5.0
"""Seconds between looks at a queue: the first wait, and what they grow to."""

MOST_LOST = 5
"""Looks in a row that may be lost."""

Found = TypeVar("Found")


class Reply(NamedTuple):
    """One answer of a host."""

    status: int
    headers: httpx2.Headers
    content: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode(errors="replace")

    def value(self) -> Any:
        """The body as JSON.

        Raises:
            Refused: It is none, or was cut short (`server_error`).
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            problem = "the answer is no JSON of the expected form, or was cut short"
            raise Refused("server_error", problem) from None


class Line:
    """The way to one host. Safe to use from many threads.

    Args:
        url: The address that was declared; paths are below it.
        timeout: Seconds for one answer.
        headers: Sent with every request: here is the key, which no other host sees.
    """

    def __init__(self, url: str, timeout: float, headers: dict[str, str]) -> None:
        self.url = url.rstrip("/")
        self._client = transport.client(url, timeout)
        self._client.headers.update(headers)

    def send(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Reply:
        """One request.

        Args:
            method: GET, POST, PUT or DELETE.
            path: Below the declared address, or a whole address, which must be on the same host.
            body: JSON, or None for none.
            query: Parameters of the address.

        Raises:
            Refused: The address is on another host, or the answer passes a limit.
            httpx2.TransportError: No answer.
        """
        url = path if path.startswith(("http://", "https://")) else f"{self.url}/{path.lstrip('/')}"
        try:
            answer = self._client.request(method, url, json=body, params=query)
        except (httpx2.InvalidURL, UnicodeError) as error:
            raise Refused("not_understood", f"an answer refers to {url[:200]!r}, which is no address") from error
        return Reply(answer.status_code, answer.headers, answer.content)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


class RestSystem(HostedSystem):
    """A hosted system that is asked by plain requests."""

    package: ClassVar[str] = "httpx2"

    @abstractmethod
    def _draw(self, request: Request) -> Answer:
        """Ask for one image, and put what came of it into the audit's words. What breaks on the way is raised."""

    @abstractmethod
    def _seen(self) -> Probe | Answer:
        """Ask the provider about the model. What breaks on the way is raised."""

    def _ask(self, request: Request) -> Answer:
        try:
            return self._draw(request)
        except httpx2.TransportError as error:
            return self._no_answer(error, isinstance(error, httpx2.TimeoutException))

    def _look(self) -> Probe | Answer:
        try:
            return self._seen()
        except httpx2.TransportError as error:
            return self._no_answer(error, isinstance(error, httpx2.TimeoutException))

    def _await(self, look: Callable[[], Found | None]) -> Found | None:
        """What a look at a queue finds, once it finds something; None where the declared time is over first, or the run.

        A look that breaks off is no word on the image, which is being drawn and will be paid for: it is repeated.

        Args:
            look: Asks how far the image is; None while it is not there.

        Raises:
            Refused: See `Line.send`.
            httpx2.TransportError: No answer, `MOST_LOST` times in a row.
        """
        ends, wait, lost = time.monotonic() + self._entry.timeout, FIRST_LOOK, 0
        while True:
            try:
                if (found := look()) is not None:
                    return found
                lost = 0
            except Refused:
                raise
            except httpx2.TransportError:
                lost += 1
                if lost == MOST_LOST:
                    raise
            if time.monotonic() + wait > ends or self._course.stopped.is_set():
                return None
            self._wait(wait)
            wait = min(wait * 1.5, LONGEST_LOOK)

    def _deliver(self, answer: Answer, sent: str, base: str) -> Answer:
        """The answer with its image: what was sent is base64, a data URL, or the address that it is fetched from."""
        if sent.startswith("data:") or not sent.lower().startswith(("http:", "https:")):
            return delivered(answer, sent)
        try:
            return delivered(answer, fetch(sent, base, self._entry.timeout))
        except Refused as refused:
            answer.outcome, answer.reason = refused.outcome, str(refused)
        except httpx2.TransportError as error:
            answer.outcome, answer.reason = "decode_error", f"the image cannot be fetched from where it is: {error}"
        return answer
