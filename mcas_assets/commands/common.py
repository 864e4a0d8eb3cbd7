"""What several commands share: formats, the console, and that one run works in a home at a time."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from mcas_assets import paths
from mcas_assets.errors import BadInput

PIPE_WIDTH = 118
FORMATS = ("table", "csv", "json", "parquet")


def require_format(format: str) -> None:
    """Refuse a format that there is not.

    Raises:
        BadInput: Names those that there are.
    """
    if format not in FORMATS:
        raise BadInput("--format", f"is {format!r}", f"Use one of {', '.join(FORMATS)}")


def console():  # noqa: ANN201 - rich is imported late
    """The terminal, or a page of the width of a large one: a pipe has no width, and tables stay whole that way."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)


@contextmanager
def only_one() -> Generator[None]:
    """Two runs of one home would take turns at the store and share the cores: the second is told to wait instead.

    Raises:
        BadInput: Another run is going on here.
    """
    from filelock import FileLock, Timeout

    paths.home().mkdir(parents=True, exist_ok=True)
    lock = FileLock(paths.home() / "audit.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(
            paths.home(), "another audit is running here", "Wait for it, or set MCAS_HOME to another folder"
        ) from None
    try:
        yield
    finally:
        lock.release()
