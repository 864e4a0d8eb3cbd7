"""The page of one rater, served on this machine behind the guard, until the rater says that they are done, there or by Ctrl+C.

Since it writes, every request needs the token that the command prints, besides what the guard asks of all: our own name, our own
page, and JSON.
"""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from mcas_assets.pages.review import build_review
from mcas_assets.review.queue import Queue
from mcas_assets.servers.guard import Guard, new_token
from mcas_assets.servers.pages import HOST, Ready, listen, server_of
from mcas_assets.store.database import Store


class _Ending(uvicorn.Server):
    """A server that Ctrl+C ends as the page does: uvicorn's own would raise the signal once more afterwards."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # no other thread may set handlers
            return
        former = signal.signal(signal.SIGINT, lambda *_: self.end())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)

    def end(self) -> None:
        self.should_exit = True


def serve(store: Store, queue: Queue, port: int, ready: Ready) -> None:
    """Serve the page of a rater until they are done, or press Ctrl+C.

    Args:
        store: Where votes go.
        queue: What is asked.
        port: Where; 0 takes a free one.
        ready: Called with the address, which holds the token, once the port is ours.

    Raises:
        BadInput: The port cannot be had.
    """
    token = new_token()
    with listen(port) as listening:

        def finish() -> None:
            server.end()

        server = server_of(Guard(build_review(store, queue, finish), token=token), _Ending)
        ready(f"http://{HOST}:{listening.getsockname()[1]}/?token={token}")
        server.run(sockets=[listening])
