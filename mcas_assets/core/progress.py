"""How long work says where it stands: items, rate and time left, to a terminal, to the run's log, or to both."""

import logging
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from io import UnsupportedOperation
from typing import Protocol, TextIO

from mcas_assets.core.terminal import console

Advance = Callable[[int], None]

_NUMBERS = 72
"""Columns that name, count to a million, rate and time left of a task take: no bar may take theirs."""

_WIDE = 100
"""Columns from which on the time elapsed is told, too."""


class Progress(Protocol):
    """Something that can be told of progress."""

    def task(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """Begin a task of `total` items; call what is given with the number of items just done."""
        ...


class LogProgress:
    """Progress as log lines, one every few seconds, so that a run's history shows its pace.

    Attributes:
        every: Seconds between lines.
    """

    def __init__(self, every: float = 10.0) -> None:
        self.every = every
        self._log = logging.getLogger(__name__)

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Advance]:
        """See Progress."""
        begun = logged = time.monotonic()
        done = 0

        def advance(items: int) -> None:
            nonlocal done, logged
            done += items
            now = time.monotonic()
            if now - logged >= self.every and done < total:
                logged = now
                rate = done / (now - begun)
                self._log.info(
                    "%s: %d of %d (%.0f %%), %.1f a second, %.0f s left",
                    name, done, total, 100 * done / total, rate, (total - done) / rate,
                )  # fmt: skip

        if total:
            self._log.info("%s: %d to do", name, total)
        yield advance
        if total:
            seconds = time.monotonic() - begun
            self._log.info("%s: %d done in %.1f s, %.1f a second", name, done, seconds, done / max(seconds, 1e-9))


class TerminalProgress:
    """Progress as one live bar a task, by rich. Bars of finished tasks stay."""

    def __init__(self) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._screen = _own_stderr()
        screen = console(file=self._screen, is_note=True)
        elapsed = [TimeElapsedColumn()] if screen.width >= _WIDE else []
        self._bars = Progress(
            TextColumn("  {task.description:<28}", markup=False),
            BarColumn(bar_width=max(4, min(28, screen.width - _NUMBERS - 8 * len(elapsed)))),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>9}", markup=False),
            *elapsed,
            TextColumn("left"),
            TimeRemainingColumn(),
            console=screen,
        )

    def __enter__(self) -> "TerminalProgress":
        self._bars.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._bars.stop()
        if self._screen is not sys.stderr:
            self._screen.close()

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Advance]:
        """See Progress. A task with nothing to do shows as complete at once."""
        bar = self._bars.add_task(
            name, total=max(total, 1), completed=0 if total else 1, rate="" if total else "up to date"
        )
        begun = time.monotonic()
        done = 0

        def advance(items: int) -> None:
            nonlocal done
            done += items
            rate = done / max(time.monotonic() - begun, 1e-9)
            self._bars.update(bar, advance=items, rate=f"{rate:.1f}/s" if rate < 1000 else f"{rate:,.0f}/s")

        yield advance


def _own_stderr() -> TextIO:
    """Standard error under a number of its own: Dagster points number 2 at a file while a step runs, and bars with it."""
    try:
        number = sys.stderr.fileno()
    except (AttributeError, UnsupportedOperation):  # a stream without a number, as in a notebook
        return sys.stderr
    return os.fdopen(os.dup(number), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors)


class BothProgress:
    """Tells several."""

    def __init__(self, *listeners: Progress) -> None:
        self._listeners = listeners

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Advance]:
        """See Progress."""
        with ExitStack() as stack:
            advances = [stack.enter_context(listener.task(name, total)) for listener in self._listeners]

            def advance(items: int) -> None:
                for each in advances:
                    each(items)

            yield advance
