"""Systems of a kind as tests make them: they do not wait, and are closed when the test ends."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

from tests.systems.hosted.providers import requests_of

S = TypeVar("S")


@contextmanager
def made_idle(build: Callable[..., S]) -> Generator[Callable[..., S]]:
    """`build`, of systems that do not wait; `naps` of each holds the seconds that it would have waited."""
    made: list[Any] = []

    def make(*given: Any, **keys: Any) -> S:
        one: Any = build(*given, **keys)
        one.naps = []
        one.sleep = one.naps.append
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


def drawn(made: Any) -> Any:
    """The outcome of one image."""
    (outcome,) = made.generate(requests_of(made))
    return outcome
