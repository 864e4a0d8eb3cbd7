"""Batches that are under way together: full, in order, and not further ahead than is bounded."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcas_assets.systems.hosted.streaming import AHEAD, in_order
from mcas_assets.systems.protocol import Outcome, Request


def batches(count: int, size: int) -> list[list[Request]]:
    return [[Request(f"{batch}-{place}", place, 64, 64) for place in range(size)] for batch in range(count)]


def test_one_slow_image_holds_up_no_other_until_so_many_are_drawn_ahead():
    released, begun = threading.Event(), []
    at_the_bound = threading.Semaphore(0)

    def draw(request: Request) -> Outcome:
        begun.append(request.prompt)
        if request.prompt == "0-0":
            assert released.wait(20)
        at_the_bound.release()
        return Outcome("refused_prompt", request.prompt)

    with ThreadPoolExecutor(2) as pool:
        stream = in_order(batches(20, 2), lambda request: pool.submit(draw, request), 2, threading.Event)
        found: list[list[Outcome]] = []
        reader = threading.Thread(target=lambda: found.extend(stream))
        reader.start()
        for _ in range(AHEAD * 2 + 1):  # all but the slow one of what may be begun before the first batch is whole
            assert at_the_bound.acquire(timeout=20)
        assert len(begun) == AHEAD * 2 + 2
        assert found == []
        released.set()
        reader.join(20)
    assert [outcome.reason for outcomes in found for outcome in outcomes] == [
        one.prompt for batch in batches(20, 2) for one in batch
    ]


def test_what_is_given_up_midway_is_stopped_and_what_was_stopped_begins_no_further_batch():
    stopped = threading.Event()

    def draw(request: Request) -> Outcome:
        return Outcome("refused_prompt", request.prompt)

    with ThreadPoolExecutor(1) as pool:
        stream = in_order(batches(50, 1), lambda request: pool.submit(draw, request), 1, lambda: stopped)
        next(stream)
        stream.close()  # ty: ignore[missing-attribute]
        assert stopped.is_set()
        again = list(in_order(batches(50, 1), lambda request: pool.submit(draw, request), 1, lambda: stopped))
    assert len(again) == 1


@pytest.mark.parametrize("size", [0, 1, 7])
def test_batches_of_any_size_come_back_as_they_were(size):
    with ThreadPoolExecutor(3) as pool:
        drawn = lambda request: pool.submit(lambda: Outcome("refused_prompt", request.prompt))  # noqa: E731
        found = list(in_order(batches(3, size), drawn, 3, threading.Event))
    assert [len(outcomes) for outcomes in found] == [size] * 3
