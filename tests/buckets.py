"""A bucket of a real server that speaks S3, on this machine: moto's, behind what counts its requests and makes them fail."""

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock, Thread
from uuid import uuid4

import boto3
import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from mcas_assets.store import objects

KEYS = {"AWS_ACCESS_KEY_ID": "a-key", "AWS_SECRET_ACCESS_KEY": "a-secret-word", "AWS_REGION": "us-east-1"}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@dataclass
class Server:
    """Serves moto. `faults` answer the next requests of a method in its place; `requests` are those that came."""

    address: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict, start: Callable) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        with self.lock:
            self.requests.append((method, path))
            waiting = self.faults.get(method)
            fault = waiting.pop(0) if waiting else None
        if fault is None:
            return self._moto(environ, start)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, code = fault
        body = f"<Error><Code>{code}</Code><Message>AWSAccessKeyId a-key said a-secret-word</Message></Error>".encode()
        start(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]


@dataclass
class Bucket:
    """A bucket of its own, and a prefix in it."""

    server: Server
    name: str = field(default_factory=lambda: f"b-{uuid4().hex}")

    @property
    def address(self) -> str:
        return f"s3://{self.name}/of/images"

    def __post_init__(self) -> None:
        self.client = boto3.client("s3", endpoint_url=self.server.address)
        self.server.faults.clear()  # of a test before
        self.client.create_bucket(Bucket=self.name)
        self.server.requests.clear()

    def fail(self, method: str, times: int, status: str = "503 Service Unavailable", code: str = "SlowDown") -> None:
        self.server.faults[method] = [(status, code)] * times

    def count(self, method: str) -> int:
        return sum(one == method for one, path in self.server.requests if self.name in path)

    def names(self) -> list[str]:
        """Of the images."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return sorted(name for one in found if not (name := one["Key"].removeprefix("of/images/")).endswith(".json"))

    def read(self, name: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=f"of/images/{name}")["Body"].read()

    def write(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=f"of/images/{name}", Body=data)

    def delete(self, name: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=f"of/images/{name}")


@contextmanager
def serving() -> Generator[Server]:
    """A server until the context ends."""
    app = Server()
    http = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    app.address = f"http://127.0.0.1:{http.server_port}"
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield app
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@contextmanager
def reached(server: Server, monkeypatch: pytest.MonkeyPatch) -> Generator[Bucket]:
    """A new bucket that the environment has the credentials of; a fault of its server is told after two more tries."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    pause = {"init_backoff": timedelta(milliseconds=5), "max_backoff": timedelta(milliseconds=20), "base": 2}
    patience = {"max_retries": 2, "retry_timeout": timedelta(seconds=20), "backoff": pause}
    monkeypatch.setattr(objects, "PATIENCE", patience)
    objects.open_objects.cache_clear()
    try:
        yield Bucket(server)
    finally:
        objects.open_objects.cache_clear()
