"""Ctrl+C: every command ends with one sentence and status 130 within seconds, whatever a library makes of it.

Python raises KeyboardInterrupt wherever the main thread happens to be. There it can be swallowed (a weak reference's
callback), turned into another error (DuckDB, Dagster, a worker thread), or kept waiting (a request under way). So a thread hears
of the signal by itself, through the file descriptor that Python's own handler writes to, whoever has set a handler of Python's:
if the exception has not ended the command in `PATIENCE` seconds, or Ctrl+C is pressed again, that thread ends it. What was
committed is whole, since a run may be killed at any point, and the same command goes on from there.

Where Ctrl+C is how a person says that they are done with one part (the page of a rater), it ends that part alone:
`ending_a_part`.

Imports nothing heavy: it is there before anything else is.
"""

import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import NoReturn

STATUS = 130
"""The exit status of a command that Ctrl+C ended: 128 and the number of the signal."""

SENTENCE = "interrupted; the same command goes on from here"

PATIENCE = 2.0
"""Seconds that the command may take to put away what it has in hand."""

_SHOW_CURSOR = "\x1b[?25h"
_HEARD = 0.2  # seconds in which the thread has heard of a signal that the main thread has met already
_CAUGHT_UP = b"\0"  # no signal has this number
_asked = threading.Event()
_ending = threading.Lock()
_is_of_a_part = threading.Event()
_is_caught_up = threading.Event()


@contextmanager
def listening() -> Generator[None]:
    """Within it, Ctrl+C ends the process as the module says."""
    _listen()
    try:
        yield
    except KeyboardInterrupt:
        end()
    finally:
        if sys.exc_info()[0] is not None:
            _asked.wait(_HEARD)
        if was_asked():
            end()


@contextmanager
def ending_a_part() -> Generator[None]:
    """Within it, the first Ctrl+C is left to the handler of what runs, and the command goes on; another one ends it."""
    _is_of_a_part.set()
    try:
        yield
    finally:
        _catch_up()
        _is_of_a_part.clear()


def _catch_up() -> None:
    """Wait until the thread has heard of every signal that was there before."""
    if (to_thread := signal.set_wakeup_fd(-1)) == -1:
        return
    signal.set_wakeup_fd(to_thread, warn_on_full_buffer=False)
    _is_caught_up.clear()
    os.write(to_thread, _CAUGHT_UP)
    _is_caught_up.wait(_HEARD)


def was_asked() -> bool:
    """Whether Ctrl+C was pressed."""
    return _asked.is_set()


def end() -> NoReturn:
    """Say the sentence and end the process with status 130, with those that it has started."""
    with _ending:  # never let go of: whoever comes second waits until the process is gone
        for child in multiprocessing.active_children():
            child.kill()
        cursor = _SHOW_CURSOR if os.isatty(2) else ""  # bars of progress hide it
        with suppress(OSError):
            os.write(2, f"{cursor}{SENTENCE}\n".encode())
        os._exit(STATUS)


def _listen() -> None:
    if os.name != "posix":  # there the descriptor must be a socket, and KeyboardInterrupt alone has to do
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=lambda: signal.set_wakeup_fd(-1))  # a child's signals are its own
    threading.Thread(target=_wait_for_signals, args=(read,), name="ctrl-c", daemon=True).start()
    told, told_by_threads = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = lambda what: None if _is_of_it(what.exc_type) else told(what)
    threading.excepthook = lambda what: None if _is_of_it(what.exc_type) else told_by_threads(what)


def _is_of_it(kind: type[BaseException]) -> bool:
    """Whether an error that nobody can catch is Ctrl+C, or what Ctrl+C has led to (Dagster has an error of its own for it)."""
    return issubclass(kind, KeyboardInterrupt) or _asked.wait(_HEARD)


def _wait_for_signals(read: int) -> None:
    while True:
        is_waited_for = _asked.is_set()
        if not select.select([read], [], [], PATIENCE if is_waited_for else None)[0]:
            end()
        told = os.read(read, 64)
        if signal.SIGINT in told:
            if _is_of_a_part.is_set():
                _is_of_a_part.clear()
            elif is_waited_for:
                end()
            else:
                _asked.set()
        if _CAUGHT_UP in told:
            _is_caught_up.set()
