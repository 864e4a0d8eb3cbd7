"""Work beside work: in order, within bounds, and stopped by the first error on either side."""

import threading
import time

import pytest

from mcas_assets.core.overlap import Behind, ahead, bounded


def test_everything_is_worked_off_in_order_by_one_thread_that_is_not_ours():
    done, threads = [], set()

    def work(item: int) -> None:
        done.append(item)
        threads.add(threading.get_ident())

    with Behind(work, 3, lambda: done.append("finished")) as behind:
        for item in range(20):
            behind.put(item)
    assert done == [*range(20), "finished"]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_no_more_than_the_depth_is_in_hand():
    gate, started, put = threading.Semaphore(0), [], []

    def work(item: int) -> None:
        started.append(item)
        gate.acquire()

    def fill() -> None:
        with Behind(work, 2) as behind:
            for item in range(5):
                behind.put(item)
                put.append(item)

    owner = threading.Thread(target=fill)
    owner.start()
    for finished in range(3):
        _wait_until(lambda finished=finished: len(put) == finished + 2)
        time.sleep(0.02)  # it must not go on by itself
        assert len(put) == finished + 2
        gate.release()
    gate.release(5)
    owner.join()
    assert started == [0, 1, 2, 3, 4]


def test_work_that_fails_stops_its_owner_and_what_was_put_in_after_it_is_dropped():
    done = []

    def work(item: int) -> None:
        if item == 2:
            raise OSError("the disk is full")
        done.append(item)

    put = []

    def fill() -> None:
        with Behind(work, 1, lambda: done.append("finished")) as behind:
            for item in range(10):
                behind.put(item)
                put.append(item)

    with pytest.raises(OSError, match="the disk is full"):
        fill()
    assert done == [0, 1, "finished"]
    assert len(put) <= 4


def test_work_that_fails_last_is_still_told():
    def work(item: int) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), Behind(work, 4) as behind:
        behind.put(1)


@pytest.mark.parametrize("error", [ValueError("no picture"), KeyboardInterrupt()])
def test_what_was_put_in_is_finished_where_the_owner_fails_or_is_interrupted(error):
    done = []

    def fail() -> None:
        with Behind(done.append, 4, lambda: done.append("finished")) as behind:
            behind.put(1)
            behind.put(2)
            raise error

    with pytest.raises(type(error)) as told:
        fail()
    assert done == [1, 2, "finished"]
    assert told.value is error


def test_the_first_of_two_errors_is_raised_and_the_other_noted():
    def finish() -> None:
        raise OSError("the disk is full")

    with pytest.raises(ValueError, match="no picture") as told, Behind(print, 1, finish):
        raise ValueError("no picture")
    assert "the disk is full" in told.value.__notes__[0]


def test_results_come_in_order_whichever_is_ready_first():
    def work(item: int) -> int:
        time.sleep(0.002 * (5 - item))
        return item * item

    assert list(ahead(work, range(5), depth=3, threads=3)) == [0, 1, 4, 9, 16]


def test_items_are_taken_no_further_ahead_than_the_depth():
    taken = []

    def items():
        for item in range(100):
            taken.append(item)
            yield item

    results = ahead(lambda item: item, items(), depth=4)
    assert next(results) == 0
    assert len(taken) == 5
    results.close()
    assert len(taken) == 5


def test_an_item_that_fails_is_raised_in_its_turn():
    def work(item: int) -> int:
        return 1 // (item - 2)

    results = ahead(work, range(5), depth=4)
    assert [next(results), next(results)] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def _wait_until(is_so) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_bounded_work_gives_its_result_or_raises_what_it_raised():
    assert bounded(lambda: 3, 10, pytest.fail) == 3
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, 10, pytest.fail)


def test_work_that_takes_too_long_is_stopped_from_outside():
    stopped = threading.Event()
    with pytest.raises(TimeoutError):
        bounded(lambda: stopped.wait(60), 0.05, stopped.set)
    assert stopped.is_set()
