"""Work that goes on beside other work: finished behind the one who makes it, or prepared ahead of the one who needs it.

Belongs here: threads and bounded queues, which nothing else in the package starts. Not here: what is worked on. An error
on either side stops both, and is raised where the other side is used.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

HELPERS = min(4, os.cpu_count() or 1)
"""Threads for what can be done side by side (decoding, encoding): they spend their time outside of Python's lock."""

_STOPS = 20


class Behind(Generic[T]):
    """A bounded queue that one thread works off in the order given, while its owner makes the next item.

    Used as a context. Leaving it waits until all that was put in is worked off, also where an error or Ctrl+C leaves it:
    what was put in is complete. The first error counts: one of the owner's is raised as it is, and work that fails is
    raised by the next `put` or on leaving, what was put in after it being dropped.

    Args:
        work: Called with each item, in the thread.
        depth: The most items in hand, the one being worked on included; `put` waits for room.
        finish: Called once in the thread after the last item, whether or not all went well.
    """

    def __init__(self, work: Callable[[T], object], depth: int, finish: Callable[[], object] = lambda: None) -> None:
        self._work, self._depth, self._finish = work, depth, finish
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._pending: deque[Future[None]] = deque()
        self._has_failed = False

    def __enter__(self) -> "Behind[T]":
        return self

    def put(self, item: T) -> None:
        """Hand over an item, waiting while `depth` are in hand.

        Raises:
            Exception: Whatever the work on an item before this one raised.
        """
        while self._pending and (len(self._pending) >= self._depth or self._pending[0].done()):
            self._pending[0].result()
            self._pending.popleft()
        self._pending.append(self._executor.submit(self._attempt, item))

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        last = self._executor.submit(self._finish)
        self._executor.shutdown(wait=True)
        errors = [error for future in (*self._pending, last) if (error := future.exception()) is not None]
        if errors and raised is None:
            raise errors[0]
        if errors and raised is not None and raised is not errors[0]:
            raised.add_note(f"What was made before could not all be kept either: {errors[0]}")

    def _attempt(self, item: T) -> None:
        if self._has_failed:
            return
        try:
            self._work(item)
        except BaseException:
            self._has_failed = True
            raise


def ahead(work: Callable[[T], R], items: Iterable[T], depth: int, threads: int = HELPERS) -> Generator[R]:
    """`work(item)` of each item in order, begun by threads before it is asked for.

    Args:
        work: Called in the threads, side by side.
        items: Taken one by one, by whoever takes the results, no more than `depth` beyond the result that is next.
        depth: The most results that wait or are being made: what bounds the memory.
        threads: How many work side by side.

    Raises:
        Exception: Whatever the work on an item raised, in its turn.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="ahead") as executor:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(executor.submit(work, item))
                if len(waiting) > depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def bounded(work: Callable[[], R], seconds: float, stop: Callable[[], object]) -> R:
    """`work()` in a thread, while its caller waits and so hears Ctrl+C at once, which a library at work may not let through.

    Args:
        work: Called once.
        seconds: How long it may take.
        stop: Ends the work from outside; called, again and again for some seconds, where the wait ends before the work.

    Raises:
        TimeoutError: It took longer.
        Exception: Whatever the work raised.
    """
    executor = ThreadPoolExecutor(1, thread_name_prefix="bounded")
    future = executor.submit(work)
    try:
        return future.result(timeout=seconds)
    finally:
        for _ in range(_STOPS):
            if future.done():
                break
            stop()  # it may have come before the work had begun what can be stopped
            wait([future], timeout=0.1)
        executor.shutdown(wait=False)
