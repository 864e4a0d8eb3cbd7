"""For the type checker: a value that may be None, where the test says that it is there."""

from typing import TypeVar

T = TypeVar("T")


def known(value: T | None) -> T:
    """The value; the test fails where there is none."""
    assert value is not None
    return value
