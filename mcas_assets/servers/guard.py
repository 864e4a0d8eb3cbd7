"""One ASGI middleware for every server of ours: who may ask, in which way, and what the answer may load.

A browser sends requests to this machine on behalf of any page that is open in it. What tells them apart is the name that
was asked for (`Host`), the page that asks (`Origin`, `Sec-Fetch-Site`) and the form of the request: what a page may send
without asking first is GET and the three content types of forms.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names by which this machine calls itself, and the addresses that no other machine reaches."""

PAGES_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content security policy of pages that bring nothing inline and load nothing from elsewhere."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # an address may hold the token
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_OPEN_TO_LINKS = ("navigate", "document")


def new_token() -> str:
    """A token of 256 random bits that is safe in an address."""
    return secrets.token_urlsafe(32)


class Guard:
    """Refuses what a foreign page, a rebound name or a stranger sends; lets through what the user's own page asks.

    A request is refused with 421 if its `Host` is not one of `hosts`; with 403 if another page than ours sends it; with 405 if
    it is neither GET, HEAD nor POST, or reads one of `posts_only` with a query; with 415 if it is a POST that is not JSON; with
    401 if a token is wanted and it brings none. A websocket that is refused is closed before it is accepted.

    Args:
        app: What is guarded.
        hosts: Names and addresses, without ports, by which the server may be called.
        token: What whoever asks must know: as `?token=`, which sets a cookie of the browser's own, or as `Authorization: Bearer`.
        policy: The content security policy of each answer, beside the answer's own.
        posts_only: Paths at which even a GET may change something if it comes with a query.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Iterable[str] = LOOPBACK,
        token: str | None = None,
        policy: str = PAGES_POLICY,
        posts_only: Iterable[str] = (),
    ) -> None:
        self._app, self._token, self._policy = app, token, policy
        self._hosts = frozenset(host.strip("[]").rstrip(".").lower() for host in hosts)
        self._posts_only = frozenset(posts_only)
        self._cookie = "mcas-" + hashlib.sha256((token or "").encode()).hexdigest()[:8]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers) or self._stranger(scope, headers)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, self._with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        names = headers.getlist("host")
        if len(names) != 1 or _host_of(names[0]) not in self._hosts:
            called = ", ".join(sorted(self._hosts))
            return _refuse(421, f"this server answers to {called}, and to no other name")
        method = "GET" if scope["type"] == "websocket" else scope["method"]
        if not _is_ours(scope, method, headers, names[0]):
            return _refuse(403, "another page sent this request; open the address of this server itself")
        if method in ("GET", "HEAD"):
            if scope["path"].rstrip("/") in self._posts_only and scope["query_string"] and scope["type"] == "http":
                return _refuse(405, "ask this by POST, with content type application/json")
            return None
        if method != "POST":
            return _refuse(405, f"{method} is not answered here")
        if _essence(headers.getlist("content-type")) != "application/json":
            return _refuse(415, "send application/json")
        return None

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        """The answer to one who does not know the token yet; none to one who does, or where none is wanted."""
        if self._token is None:
            return None
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in asked if name == "token"]
        if given and self._is_token(given[0]) and scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            rest = urlencode([(name, value) for name, value in asked if name != "token"])
            path = "/" + scope["path"].lstrip("/\\")  # never `//host`, which would lead elsewhere
            answer = RedirectResponse(path + ("?" + rest if rest else ""), 303, headers={"Cache-Control": "no-store"})
            answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
            return answer
        bearer = headers.get("authorization", "").partition(" ")
        if bearer[0].lower() == "bearer" and self._is_token(bearer[2].strip()):
            return None
        if self._is_token(_cookie_of(headers.getlist("cookie"), self._cookie)):
            return None
        return _refuse(401, "open the address with ?token= that the command printed", {"WWW-Authenticate": "Bearer"})

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self._token or "").encode())

    def _with_headers(self, send: Send) -> Send:
        async def sender(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.append("Content-Security-Policy", self._policy)
            await send(message)

        return sender


def _refuse(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(why + "\n", status, headers={"Cache-Control": "no-store", **(headers or {})})


def _host_of(authority: str) -> str:
    """The host of `host:port`, in lower case and without brackets; empty if it is none."""
    try:
        split = urlsplit(f"//{authority}")
        host, _ = split.hostname or "", split.port
    except ValueError:
        return ""
    return host.rstrip(".") if split.netloc == authority and "@" not in authority else ""


def _is_ours(scope: Scope, method: str, headers: Headers, authority: str) -> bool:
    """Whether a request comes from a page of this server, from no page (an address typed, a program), or by a mere link."""
    origins = [origin.lower() for origin in headers.getlist("origin")]
    if origins and origins not in ([f"http://{authority}".lower()], [f"https://{authority}".lower()]):
        return False
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return True
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return scope["type"] == "http" and method in ("GET", "HEAD") and followed == _OPEN_TO_LINKS


def _essence(types: list[str]) -> str:
    """The media type alone: a browser sends `text/plain; application/json` unasked, and it is text."""
    return types[0].partition(";")[0].strip().lower() if len(types) == 1 else ""


def _cookie_of(lines: list[str], name: str) -> str:
    try:
        found = SimpleCookie("; ".join(lines)).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""
