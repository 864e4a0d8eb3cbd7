"""The pages, served on this machine behind the guard."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TypeVar

import uvicorn

from mcas_assets.core.errors import BadInput
from mcas_assets.pages.app import build_app
from mcas_assets.pages.charts import bundle
from mcas_assets.servers.guard import Guard
from mcas_assets.store.database import Store

HOST = "127.0.0.1"

Ready = Callable[[str], None]
ServerKind = TypeVar("ServerKind", bound=uvicorn.Server)


def serve(store: Store, port: int, ready: Ready) -> None:
    """Serve the pages of a home until the process is interrupted.

    Args:
        store: Whose published copy is shown.
        port: Where; 0 takes a free one.
        ready: Called with the address once the port is ours.

    Raises:
        StoreError: Nothing is published yet, or the copy cannot be read.
        BadInput: The port cannot be had.
    """
    app = build_app(store)
    threading.Thread(target=bundle, daemon=True).start()  # it takes seconds to make, and the first chart wants it
    with listen(port) as listening:
        ready(f"http://{HOST}:{listening.getsockname()[1]}/")
        server_of(Guard(app), uvicorn.Server).run(sockets=[listening])


def server_of(app: Guard, kind: type[ServerKind]) -> ServerKind:
    """A server of a guarded application that says nothing of itself, and nothing of requests."""
    return kind(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False))


@contextmanager
def listen(port: int) -> Generator[socket.socket]:
    """A port of this machine that is ours; 0 takes a free one.

    Raises:
        BadInput: It cannot be had.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            raise BadInput("--port", f"{port} cannot be had ({error.strerror})", "Give another one, or 0") from error
        listening.listen(128)
        yield listening
