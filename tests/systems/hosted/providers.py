"""Providers on this machine: HTTP servers that speak OpenAI's and Google's wire formats, and draw people of the drawn world.

What a provider answers is decided by a script: a function of the request's body, or a list that is worked off first.
"""

import base64
import io
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

from mcas_assets.phantom.draw import draw
from mcas_assets.systems.protocol import Request

KEY = "sk-proj-Qz7hUnmistakable0123456789"
FAST = {"attempts": 6, "first_wait": 1.0, "longest_wait": 60.0, "total": 900.0}


@dataclass
class Reply:
    """One answer. `cut` ends the connection after so many bytes of the body, of which the header promises all."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: int | None = None

    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Provider:
    """A server that can die and come back at the same address.

    Attributes:
        asked: Every request: path, headers with small letters, body.
        replies: Answered first, in order.
        script: Answers what is left.
    """

    def __init__(self, speak: Callable[[str, dict], Any]) -> None:
        self.asked: list[tuple[str, dict[str, str], dict]] = []
        self.replies: list[Reply] = []
        self.script: Callable[[dict], Reply | None] = lambda body: None
        self._speak, self._lock, self._port = speak, threading.Lock(), 0
        self.start()

    def start(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer({})

            def do_POST(self):
                self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

            def do_PUT(self):
                self._answer({})

            def _answer(self, body: dict) -> None:
                reply = provider._decide(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                time.sleep(reply.delay)
                data = reply.data()
                self.send_response(reply.status)
                headers = {"content-type": "application/json", "x-request-id": f"req_{len(provider.asked)}"}
                for name, value in (headers | {"content-length": str(len(data))} | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data[: reply.cut])

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(
                self, request: object, client_address: object
            ) -> None:  # a client that did not wait for the answer
                pass

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def bodies(self) -> list[dict]:
        return [body for _, _, body in self.asked if body]

    def _decide(self, path: str, headers: dict[str, str], body: dict) -> Reply:
        with self._lock:
            self.asked.append((path, headers, body))
            if self.replies:
                return self.replies.pop(0)
        return self.script(body) or self._speak(path, body)


@cache
def picture(prompt: str, size: tuple[int, int] = (64, 64), format: str = "png") -> bytes:
    """A person of the drawn world: nurses are women, and whom the prompt names is shown."""
    figure = "woman" if any(word in prompt for word in ("woman", "nurse")) else "man"
    concept = next((word for word in ("nurse", "ceo") if word in prompt), "person")
    drawn = Image.fromarray(draw(concept, figure, 8 if "dark" in prompt else 1, (0, 0)))
    out = io.BytesIO()
    drawn.resize(size, Image.Resampling.NEAREST).save(out, format)
    return out.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def speak_openai(path: str, body: dict) -> Reply:
    if path.startswith("/v1/models/"):
        model = {"id": path.rpartition("/")[2], "object": "model", "created": 1, "owned_by": "system"}
        return Reply(model | {"shutdown_date": "2026-12-01"})
    width, height = map(int, body["size"].split("x"))
    return Reply(openai_ok(picture(body["prompt"], (width, height), body["output_format"]), body))


def openai_ok(image: bytes, body: dict) -> dict:
    told = {key: body.get(key) for key in ("size", "quality", "background", "output_format")}
    usage = {"input_tokens": 20, "output_tokens": 100, "total_tokens": 120}
    return {"created": 1, "data": [{"b64_json": text(image)}], "usage": usage} | told


def openai_error(status: int, code: str | None, message: str = "It was not to be.", **more: Any) -> Reply:
    headers = more.pop("headers", {})
    error = {"code": code, "type": "image_generation_user_error", "param": None, "message": message}
    return Reply({"error": error | more}, status, headers)


def speak_google(path: str, body: dict) -> Reply:
    if "generateContent" not in path:
        return Reply({"name": path.removeprefix("/v1beta/"), "version": "3.1-2026-05", "displayName": "Nano"})
    return Reply(google_ok(picture(body["contents"][0]["parts"][0]["text"])))


def google_ok(image: bytes, mime: str = "image/png", version: str = "gemini-3.1-flash-image-001") -> dict:
    part = {"inlineData": {"mimeType": mime, "data": text(image)}}
    return google_parts([part], version=version)


def google_parts(parts: list[dict] | None, finish: str | None = "STOP", version: str = "gemini-3.1-001") -> dict:
    candidate = {"finishReason": finish, "index": 0} | ({"content": {"role": "model", "parts": parts}} if parts else {})
    usage = {"promptTokenCount": 8, "candidatesTokenCount": 1120, "thoughtsTokenCount": 80, "totalTokenCount": 1208}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": version, "responseId": "resp-1"}


def google_error(
    status: int, name: str, message: str = "It was not to be.", details: list[dict] | None = None
) -> Reply:
    return Reply({"error": {"code": status, "status": name, "message": message, "details": details or []}}, status)


def openai_entry(provider: Provider, **keys: Any) -> dict:
    entry = {
        "kind": "openai", "model": "gpt-image-2.5-flare-2026-09-08", "base_url": f"{provider.url}/v1", "width": 64,
        "height": 64, "quality": "low", "price": 0.01, "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys


def google_entry(provider: Provider, **keys: Any) -> dict:
    entry = {
        "kind": "google", "model": "gemini-3.1-flash-image", "base_url": provider.url, "aspect_ratio": "1:1",
        "image_size": "1K", "price": 0.04, "timeout": 20.0, "retry": FAST,
    }  # fmt: skip
    return entry | keys


def requests_of(system: Any, count: int = 1, prompt: str = "an image of a nurse") -> list[Request]:
    return [Request(prompt, seed, *system.size()) for seed in range(count)]
