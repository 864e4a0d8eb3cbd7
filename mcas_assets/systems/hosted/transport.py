"""How requests leave, and how answers come in: the one way to a provider, under the clients of all of them.

A key goes to the host that was declared and nowhere else: what leads to another is refused before anything is sent there.
An answer is taken in up to a size, a depth and a time, so that no provider can fill the memory or hold up a run.
"""

import re
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import httpx2

from mcas_assets.core.outcomes import OutcomeName

MOST_BODY = 1 << 26
"""Bytes of an answer: 64 MiB, twice the base64 of the largest image that a provider offers (4096 x 4096)."""

MOST_TROUBLE = 1 << 20
"""Bytes of an answer that is an error: 1 MiB. What is kept of it is far less."""

DEEPEST = 64
"""How deep lists and mappings of an answer may lie in each other. Providers use some ten."""

MOST_PARTS = 100_000
"""How many lists and mappings an answer may hold."""

_REDIRECTS = (301, 302, 303, 307, 308)
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Refused(httpx2.TransportError):
    """What a provider does that is not followed, or sends that is not taken in.

    Attributes:
        outcome: What it is in the audit's words.
    """

    def __init__(self, outcome: OutcomeName, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


class LedOn(Refused):
    """An answer that leads elsewhere.

    Attributes:
        host: Where to.
    """

    def __init__(self, status: int, host: str) -> None:
        remedy = "declare base_url as what should be asked"
        super().__init__("invalid_settings", f"HTTP {status}: leads on to {host}, where no key is sent; {remedy}")
        self.host = host


def client(url: str, timeout: float, require: Callable[[str], None] | None = None) -> httpx2.Client:
    """An HTTP client for one provider, for its SDK to use.

    Args:
        url: The address that was declared: the only scheme, host and port that are called.
        timeout: Seconds for one answer, from the first byte sent to the last one received.
        require: Given the IP address that answers, before anything is sent to it; raises `Refused` for one that may not.
            Not asked where a proxy stands between.
    """
    transport = OneHost(url, timeout, require)
    return httpx2.Client(transport=transport, timeout=timeout, follow_redirects=False, trust_env=False)


class OneHost(httpx2.BaseTransport):
    """Sends to one host, each request on a connection of its own, and takes in each answer whole, within its limits.

    A connection of its own is what lets a clock end it: the time that a client gives is for each read, and an answer of
    single bytes would have as many of those as it likes.
    """

    def __init__(self, url: str, timeout: float, require: Callable[[str], None] | None = None) -> None:
        self._origin, self._timeout = origin_of(httpx2.URL(url)), timeout
        self._proxy = proxy_for(httpx2.URL(url))
        self._require = None if self._proxy else require
        self._tls: ssl.SSLContext | bool = httpx2.create_ssl_context() if self._origin[0] == "https" else False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and read its answer.

        Raises:
            Refused: It would go elsewhere, or the answer leads elsewhere or passes a limit.
            httpx2.TransportError: No answer.
        """
        if origin_of(request.url) != self._origin:
            raise Refused("invalid_settings", f"a request would go to {request.url.host}, which was not declared")
        request.headers["Accept-Encoding"] = "identity"  # what is small packed may be large unpacked
        clock = _Clock(self._timeout, self._require)
        request.extensions = {**request.extensions, "trace": clock.notice}
        with clock, httpx2.HTTPTransport(verify=self._tls, proxy=self._proxy) as once:
            try:
                answer = once.handle_request(request)
                _require_here(request, answer)
                body = _read(answer)
            except Refused:
                raise
            except httpx2.TransportError as error:
                if clock.is_over:
                    raise httpx2.ReadTimeout(f"no whole answer within {self._timeout:g} s") from error
                raise
        _require_shallow(body)
        return httpx2.Response(answer.status_code, headers=answer.headers, content=body, request=request)


class _Clock:
    """Ends the connection of one request when its time is over, wherever it stands: a reader that waits is woken."""

    def __init__(self, seconds: float, require: Callable[[str], None] | None) -> None:
        self.is_over = False
        self._require = require
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *ended: object) -> None:
        self._timer.cancel()
        for connected in self._sockets:
            connected.close()

    def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Take hold of the connection, told by the client's trace of what it does.

        By a handle of our own: TLS takes the client's over from its first byte on, and may be dripped a handshake.
        """
        if event.endswith("connect_tcp.complete"):
            if self._require is not None:
                self._require(info["return_value"].get_extra_info("server_addr")[0])
            self._sockets.append(info["return_value"].get_extra_info("socket").dup())
            if self.is_over:
                self._end()

    def _end(self) -> None:
        self.is_over = True
        for connected in tuple(self._sockets):
            try:
                # Below TLS, without a last word to the other side: it may not be listening.
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:  # closed meanwhile
                continue


def origin_of(url: httpx2.URL) -> tuple[str, str, int]:
    """Scheme, host and port: who is called."""
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def proxy_for(url: httpx2.URL) -> str | None:
    """The proxy that the environment names for an address: a client with a way of its own would pass it by."""
    if urllib.request.proxy_bypass(url.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


def _require_here(request: httpx2.Request, answer: httpx2.Response) -> None:
    if answer.status_code not in _REDIRECTS:
        return
    leads = answer.headers.get("location", "nowhere")
    try:
        host = request.url.join(leads).host or leads
    except (httpx2.InvalidURL, ValueError):
        host = leads
    raise LedOn(answer.status_code, host[:200])


def _read(answer: httpx2.Response) -> bytes:
    """The body, read piece by piece up to its limit."""
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise Refused("decode_error", f"the answer is packed ({packed[:40]}), which was not asked for")
    most = MOST_BODY if answer.status_code < 400 else MOST_TROUBLE
    parts, taken = [], 0
    for part in answer.iter_raw(1 << 16):
        taken += len(part)
        if taken > most:
            if answer.status_code >= 400:
                break  # the status is the news, and its first part says why
            raise Refused("decode_error", f"the answer is larger than {most >> 20} MiB, and was not read to its end")
        parts.append(part)
    return b"".join(parts)


def _require_shallow(body: bytes) -> None:
    """Refuse what lies so deep, or in so many parts, that reading it would end the program or take its memory."""
    if b"[" not in body and b"{" not in body:
        return
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    depth = deepest = 0
    for bracket in brackets[: 2 * MOST_PARTS + 1]:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST or len(brackets) > 2 * MOST_PARTS:
        what = f"lies more than {DEEPEST} levels deep" if deepest > DEEPEST else f"has more than {MOST_PARTS} parts"
        raise Refused("decode_error", f"the answer {what}, and was not read")
