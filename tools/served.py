"""The pages of a home, served for a browser that tests or the pictures of the documents look at them with."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from mcas_assets.pages.app import build_app
from mcas_assets.servers.guard import Guard
from mcas_assets.servers.pages import HOST, listen, server_of
from mcas_assets.store.database import Store


@contextmanager
def served(store: Store) -> Generator[str]:
    """The address of the pages of a home, behind the guard."""
    with listen(0) as listening:
        server = server_of(Guard(build_app(store)), uvicorn.Server)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://{HOST}:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)
