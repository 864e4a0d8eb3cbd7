"""The one retry policy: how long is waited, when asking ends, and that nobody is asked too fast."""

import random
import threading
from datetime import UTC, datetime

import pytest

from mcas_assets.systems.hosted.answer import Answer
from mcas_assets.systems.hosted.retry import Pacer, Retry, persist, retry_after
from tests.systems.hosted.providers import Reply, openai_error, requests_of

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)


def tried(policy: Retry, *answers: Answer, stopped: threading.Event | None = None) -> tuple[list[Answer], list[float]]:
    """(answers that were taken, seconds waited) where a provider answers so, the last one for ever."""
    left, naps = list(answers), []
    ask = lambda: left.pop(0) if len(left) > 1 else Answer(**vars(left[0]))  # noqa: E731
    return persist(policy, ask, naps.append, stopped or threading.Event()), naps


def test_waits_are_drawn_from_zero_to_a_bound_that_doubles_up_to_a_limit():
    random.seed(4)
    policy = Retry(attempts=9, first_wait=1.0, longest_wait=10.0, total=1e4)
    waits = [tried(policy, Answer("server_error"))[1] for _ in range(300)]
    for place, bound in enumerate([1, 2, 4, 8, 10, 10, 10, 10]):
        drawn = [naps[place] for naps in waits]
        assert 0 <= min(drawn) < 0.1 * bound
        assert 0.9 * bound < max(drawn) <= bound
        assert sum(drawn) / len(drawn) == pytest.approx(bound / 2, rel=0.2)


def test_a_wait_that_is_asked_for_is_never_shortened():
    answers, naps = tried(Retry(), Answer("rate_limited", retry_after=120.0), Answer("ok"))
    assert [answer.outcome for answer in answers] == ["rate_limited", "ok"]
    assert 120 <= naps[0] <= 121
    assert answers[0].waited_s == naps[0]


def test_a_wait_past_the_time_that_an_image_may_take_is_not_begun():
    answers, naps = tried(Retry(total=60.0), Answer("rate_limited", retry_after=3600.0))
    assert (len(answers), naps) == (1, [])


def test_the_waits_for_one_image_stay_within_its_time():
    policy = Retry(attempts=100, first_wait=5.0, longest_wait=20.0, total=100.0)
    answers, naps = tried(policy, Answer("server_error"))
    assert 50 < sum(naps) <= 100
    assert len(answers) == len(naps) + 1 < 100


def test_one_attempt_means_one():
    assert len(tried(Retry(attempts=1), Answer("timeout"))[0]) == 1


@pytest.mark.parametrize("outcome", ["ok", "refused_prompt", "quota_exhausted", "auth", "retired", "decode_error"])
def test_what_will_not_pass_is_asked_once(outcome):
    assert len(tried(Retry(), Answer(outcome))[0]) == 1


def test_empty_is_asked_for_twice_whatever_lies_between():
    answers, _ = tried(Retry(), Answer("empty"), Answer("timeout"), Answer("empty"), Answer("ok"))
    assert [answer.outcome for answer in answers] == ["empty", "timeout", "empty"]


def test_nothing_is_asked_after_the_run_ended_while_it_was_waited():
    stopped = threading.Event()
    answers = persist(Retry(), lambda: Answer("rate_limited"), lambda seconds: stopped.set(), stopped)
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Wed, 25 Nov 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Wed, 25 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Wed, 25 Nov 2026 13:00:30 +0100"}, 30),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_retry_after_is_read_in_seconds_and_as_a_date(headers, seconds):
    assert retry_after(headers, NOW) == seconds


def test_a_storm_of_rate_limits_is_sat_out(gpt, openai_provider):
    openai_provider.replies = [openai_error(429, "rate_limit_exceeded", headers={"retry-after": "20"})] * 12
    system = gpt(concurrency=4)
    found = system.generate(requests_of(system, 4))
    assert [outcome.outcome for outcome in found] == ["ok"] * 4
    assert sum(outcome.attempt for outcome in found) == len(openai_provider.asked) == 16
    assert len(system.naps) == 12
    assert all(20 <= nap <= 21 for nap in system.naps)


def test_eight_images_in_a_row_given_up_end_the_run(gpt, openai_provider):
    openai_provider.script = lambda body: Reply({}, 503)
    system = gpt(concurrency=1, retry={"attempts": 2})
    found = system.generate(requests_of(system, 12))
    assert [outcome.outcome for outcome in found] == ["server_error"] * 7 + ["unavailable"] + ["not_sent"] * 4
    assert "8 images in a row" in found[7].reason
    assert len(openai_provider.asked) == 16


def test_one_image_between_that_is_answered_is_no_end(gpt, openai_provider):
    openai_provider.script = lambda body: None if len(openai_provider.asked) % 8 == 0 else Reply({}, 503)
    system = gpt(concurrency=1, retry={"attempts": 1})
    found = [outcome.outcome for outcome in system.generate(requests_of(system, 16))]
    assert found == (["server_error"] * 7 + ["ok"]) * 2


def test_requests_are_spaced_over_the_minute():
    now, naps = 100.0, []
    pacer = Pacer(30, naps.append, lambda: now)
    for _ in range(4):
        pacer.wait()
    assert naps == [2, 4, 6]
    now = 200.0
    pacer.wait()
    assert naps == [2, 4, 6], "time that nobody used is not saved up, and nobody waits for it"


def test_a_declared_rate_is_kept_to(gpt):
    system = gpt(requests_per_minute=6.0, concurrency=3)
    assert {outcome.outcome for outcome in system.generate(requests_of(system, 3))} == {"ok"}
    assert sorted(round(nap) for nap in system.naps) == [10, 20]
