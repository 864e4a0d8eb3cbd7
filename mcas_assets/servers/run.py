"""A web server in a thread, so that signals are the main thread's, which ends whatever else was started, in order."""

import os
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from mcas_assets.core.errors import McasError
from mcas_assets.servers.door import Door

GRACE = 2.0
"""Seconds that open connections have to end by themselves."""

_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has not all of them


class EndAsked(Exception):  # noqa: N818 - what somebody asked for, and no error
    """This process was asked to end before it had begun to serve."""


class Signals:
    """What asked this process to end.

    Attributes:
        asked: Set once it was asked.
        status: The exit status that belongs to it: 130 after Ctrl+C, as of any command; 0 where a service manager or the end of a
            terminal asked, since a service ends so.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.status = 0

    def require_not_asked(self) -> None:
        """See that nobody asked yet, where something takes long.

        Raises:
            EndAsked: Somebody did.
        """
        if self.asked.is_set():
            raise EndAsked

    def _hear(self, number: int, _frame: object) -> None:
        if self.asked.is_set():  # whoever asks twice does not want to wait; what is held by a tether ends with us
            os._exit(128 + number)
        self.status = 130 if number == signal.SIGINT else 0
        self.asked.set()


@contextmanager
def ending_signals() -> Generator[Signals]:
    """Within it, Ctrl+C, SIGTERM and the end of the terminal ask to end, and a second one of them ends at once.

    A signal that is ignored already (`nohup`) stays so.
    """
    heard = Signals()
    known = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    former = {number: signal.getsignal(number) for number in known}
    waking = signal.set_wakeup_fd(-1)  # cli/interrupts.py would end the process after two seconds
    for number, handler in former.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, heard._hear)
    try:
        yield heard
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)


def run_until_asked(
    app: ASGIApp, door: Door, signals: Signals, look: Callable[[], None] = lambda: None, every: float = 1.0
) -> None:
    """Serve until a signal asks to end.

    Args:
        app: What is served.
        door: Where.
        signals: Says when to end.
        look: Called from time to time meanwhile; what it raises ends the server.
        every: Seconds between two calls.

    Raises:
        McasError: The server ended by itself.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=int(GRACE),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [door.listening]}, name="server", daemon=True)
    thread.start()
    try:
        while not signals.asked.wait(every):
            if not thread.is_alive():
                raise McasError("the web server ended by itself, and all else with it")
            look()
    finally:
        server.should_exit = True
        thread.join(GRACE + 3)
