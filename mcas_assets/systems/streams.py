"""Batches as a system draws them: one after the other, or the next begun while the last images of one are waited for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from mcas_assets.core.errors import McasError
from mcas_assets.core.outcomes import FATAL
from mcas_assets.systems.protocol import Outcome, Request, System


@runtime_checkable
class Streamed(Protocol):
    """A system that begins with the next batches while the last images of one are waited for."""

    def stream(self, batches: Iterable[Sequence[Request]]) -> Iterator[list[Outcome]]:
        """The outcomes of each batch, in order; it may end early, after a fatal outcome.

        Raises:
            BadInput: As `System.generate` does.
        """
        ...


def drawn(system: System, batches: Iterable[Sequence[Request]]) -> Iterator[list[Outcome]]:
    """The outcomes of each batch, in order, as the system draws them; ends early after a fatal outcome.

    Raises:
        BadInput: As `System.generate` does.
        McasError: It answered with another number of outcomes than there were requests.
    """
    asked: list[int] = []

    def counted() -> Iterator[Sequence[Request]]:
        for batch in batches:
            asked.append(len(batch))
            yield batch

    made = system.stream(counted()) if isinstance(system, Streamed) else _one_by_one(system, counted())
    for number, outcomes in enumerate(made):
        if len(outcomes) != asked[number]:
            raise McasError(f"{system.name} answered {asked[number]} requests with {len(outcomes)} outcomes")
        yield outcomes


def _one_by_one(system: System, batches: Iterable[Sequence[Request]]) -> Iterator[list[Outcome]]:
    for batch in batches:
        outcomes = system.generate(batch)
        yield outcomes
        if any(outcome.outcome in FATAL for outcome in outcomes):
            return
