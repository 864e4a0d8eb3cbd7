"""Batches of requests that are under way together, so that a provider or a fleet always has as much to do as is declared."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace

from mcas_assets.systems.protocol import Outcome, Request

AHEAD = 4
"""So many times the concurrency may images be drawn before the oldest batch is whole: what a killed run may lose."""

_Waiting = deque[list[Future[Outcome]]]


def in_order(
    batches: Iterable[Sequence[Request]],
    submit: Callable[[Request], Future[Outcome]],
    most: int,
    stopped: Callable[[], threading.Event],
) -> Iterator[list[Outcome]]:
    """The outcomes of each batch, in order; the next batches are begun while the last images of one are waited for.

    Args:
        batches: Of any sizes; taken one by one, as there is room.
        submit: Begins with one request.
        most: Requests under way at once.
        stopped: Gives what is set once nothing more is to be sent: no further batch is begun then.
    """
    waiting: _Waiting = deque()
    coming, begun, done, since = iter(batches), False, False, time.monotonic()
    try:
        while True:
            while _has_room(waiting, most):
                batch = None if begun and stopped().is_set() else next(coming, None)
                if batch is None:
                    break
                begun = True
                waiting.append([submit(request) for request in batch])
            if not waiting:
                break
            if any(not one.done() for one in waiting[0]):
                # Not only these are looked at: whichever ends makes room for another.
                wait([one for batch in waiting for one in batch if not one.done()], None, FIRST_COMPLETED)
                continue
            outcomes = [future.result() for future in waiting.popleft()]
            now = time.monotonic()
            yield _timed(outcomes, 1000 * (now - since))
            since = now
        done = True
    finally:
        if not done:  # interrupted: what has not begun does not begin, and what waits to try again does not
            stopped().set()


def _has_room(waiting: _Waiting, most: int) -> bool:
    """Whether fewer requests are under way than may be. Not so far ahead that one slow image would hold up all others'."""
    under_way = sum(not one.done() for batch in waiting for one in batch)
    return under_way < most and sum(map(len, waiting)) <= AHEAD * most


def _timed(outcomes: list[Outcome], milliseconds: float) -> list[Outcome]:
    """Each with its part of the wall time, in milliseconds, that they took together."""
    sent = sum(outcome.outcome != "not_sent" for outcome in outcomes)
    each = milliseconds / max(sent, 1)
    return [replace(outcome, latency_ms=each if outcome.attempt else None) for outcome in outcomes]
