"""Several servers that run the same, as one: each request goes to the one that has the least to do, and past one in trouble."""

import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2

from mcas_assets.systems.hosted.rest import Line

REST = 10.0
"""Seconds for which a server that did not answer gets nothing to do, while others are there."""

_PASSING = frozenset(
    {"created", "permission", "uptime", "start_time", "started_at", "timestamp", "pid", "server_start_time"}
)
"""Keys by which a server tells of this start of it, and not of what it runs."""


class Fleet:
    """Where requests go. Safe to use from many threads.

    Args:
        lines: One to each server.
        clock: Seconds that only go forward.
    """

    def __init__(self, lines: Sequence[Line], clock: Callable[[], float] = time.monotonic) -> None:
        self._under_way = dict.fromkeys(lines, 0)
        self._rests_until = dict.fromkeys(lines, 0.0)
        self._clock, self._lock = clock, threading.Lock()

    @contextmanager
    def free(self) -> Generator[Line]:
        """The server that has the least to do, for one request. One that breaks off rests, while others are there."""
        with self._lock:
            now = self._clock()
            line = min(self._under_way, key=lambda one: (self._rests_until[one] > now, self._under_way[one]))
            self._under_way[line] += 1
        try:
            yield line
        except httpx2.TransportError:
            self.rest(line)
            raise
        finally:
            with self._lock:
                self._under_way[line] -= 1

    def rest(self, line: Line) -> None:
        """Give a server in trouble nothing to do for a while: what fails at once would else always have the least to do."""
        with self._lock:
            self._rests_until[line] = self._clock() + REST

    def close(self) -> None:
        """Let go of all connections."""
        for line in self._under_way:
            line.close()


def told(lines: Sequence[Line], paths: Sequence[str]) -> tuple[dict[Line, dict[str, Any]], list[str]]:
    """(what each server says of itself by path, why others say nothing).

    Args:
        lines: One to each server.
        paths: Below the server's host, each of which answers with JSON.
    """
    known: dict[Line, dict[str, Any]] = {}
    silent: list[str] = []
    with ThreadPoolExecutor(min(len(lines), 32)) as pool:
        for line, info in zip(lines, pool.map(lambda one: _told(one, paths), lines), strict=True):
            if isinstance(info, str):
                silent.append(info)
            else:
                known[line] = info
    return known, silent


def _told(line: Line, paths: Sequence[str]) -> dict[str, Any] | str:
    info = {}
    for path in paths:
        try:
            reply = line.send("GET", str(httpx2.URL(line.url).join(path)))
            if reply.status != 200:
                return f"{line.url}{path} answers with HTTP {reply.status}"
            info[path] = _lasting(reply.value())
        except httpx2.TransportError as error:
            return f"{line.url}{path} does not answer ({error})"
    return info


def _lasting(value: Any) -> Any:
    """A JSON value without what is another at every start."""
    if isinstance(value, Mapping):
        return {key: _lasting(one) for key, one in value.items() if key not in _PASSING}
    return [_lasting(one) for one in value] if isinstance(value, list) else value


def differences(one: Any, other: Any, at: str = "") -> str:
    """The first place at which two JSON values differ, in words; empty where they do not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in sorted({*one, *other}):
            if found := differences(one.get(key), other.get(key), f"{at}.{key}" if at else str(key)):
                return found
        return ""
    return "" if one == other else f"{at} is {other!r}, not {one!r}"[:300]
