"""What several commands share: formats, the console, and that one run works in a home at a time."""

import sys
from collections.abc import Generator
from contextlib import contextmanager

from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput

PIPE_WIDTH = 118
FORMATS = ("table", "csv", "json", "parquet")


def require_format(format: str) -> None:
    """Refuse a format that there is not.

    Raises:
        BadInput: Names those that there are.
    """
    if format not in FORMATS:
        raise BadInput("--format", f"is {format!r}", f"Use one of {', '.join(FORMATS)}")


def console(*, stderr: bool = False):  # noqa: ANN201 - rich is imported late
    """The terminal, or a page of the width of a large one: a pipe has no width, and tables stay whole that way."""
    from mcas_assets.core import terminal

    return terminal.console(stderr=stderr, width=None if stderr or sys.stdout.isatty() else PIPE_WIDTH)


@contextmanager
def only_one() -> Generator[None]:
    """The second of two runs in one home is told to wait, rather than kept waiting at a silent terminal.

    Raises:
        BadInput: Another run is going on here.
    """
    from mcas_assets.store.home_lock import hold_home_lock

    with hold_home_lock(paths.home(), wait=False):
        yield
