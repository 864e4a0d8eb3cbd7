"""A real server on a port of this machine's own, and requests to it that say exactly what a test wants said."""

import http.client
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.types import ASGIApp


@contextmanager
def serving(app: ASGIApp) -> Generator[int]:
    """Serve an application. Gives its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="auto", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def request(port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None):
    """(status, headers, body) of one request, with the `Host` that is given or the true one."""
    told = {"Host": f"127.0.0.1:{port}", **(headers or {})}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in told.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def request_to() -> Callable[..., tuple[int, http.client.HTTPMessage, bytes]]:
    return request


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[[ASGIApp], int]]:
    """Serves applications until the tests of a file are over. Each call gives a port."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(serving(app))
