"""When a request to a provider is sent again, and after how long: the one policy for all hosted systems (by tenacity).

Full jitter, after M. Brooker, Exponential Backoff And Jitter (AWS Architecture Blog, 2015): each wait is drawn evenly from
0 to a bound that doubles, so that requests that failed together do not come back together.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

import tenacity
from pydantic import BaseModel, ConfigDict, Field

from mcas_assets.core.outcomes import RETRYABLE
from mcas_assets.systems.hosted.answer import Answer

Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]
_ONCE_MORE = ("empty", "words")
MOST_EMPTY = 2  # an answer without image is asked for once more, in case it was an accident, and then believed


class Retry(BaseModel):
    """How long one image is tried for.

    Attributes:
        attempts: The most requests for one image.
        first_wait: Seconds: the bound of the first wait, which doubles with each further one.
        longest_wait: Seconds: what that bound is never above.
        total: Seconds that the requests for one image and the waits between them may take. A provider that asks to wait
            past that (Retry-After) is not waited for at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    attempts: Annotated[int, Field(ge=1, le=100)] = 6
    first_wait: Seconds = 1.0
    longest_wait: Seconds = 60.0
    total: Seconds = 900.0


def persist(
    policy: Retry, ask: Callable[[], Answer], sleep: Callable[[float], None], stopped: threading.Event
) -> list[Answer]:
    """Ask until the answer is not passing trouble, or the policy ends it, or the run does.

    Args:
        policy: How often and how long.
        ask: Sends one request. Raises nothing for what a provider may answer.
        sleep: Waits so many seconds; cut short when `stopped` is set.
        stopped: Set when no further request of the run is to be sent.

    Returns:
        Every answer, in order; the last one stands. Each but the last says in `waited_s` how long was waited after it.
    """
    answers: list[Answer] = []

    def attempt() -> Answer:
        if not answers or not stopped.is_set():
            answers.append(ask())
        return answers[-1]

    def again(answer: Answer) -> bool:
        empty = sum(earlier.outcome in _ONCE_MORE for earlier in answers)
        return answer.outcome in RETRYABLE or (answer.outcome in _ONCE_MORE and empty < MOST_EMPTY)

    def wait(state: tenacity.RetryCallState) -> float:
        asked = answers[-1].retry_after
        # Those that were told the same moment spread over the time that a first wait would have taken.
        return jitter(state) if asked is None else asked + random.uniform(0, policy.first_wait)

    def ends(state: tenacity.RetryCallState) -> bool:
        taken = max(state.seconds_since_start or 0.0, state.idle_for)
        return attempts_end(state) or taken + state.upcoming_sleep > policy.total

    def note(state: tenacity.RetryCallState) -> None:
        answers[-1].waited_s = state.upcoming_sleep

    jitter = tenacity.wait_random_exponential(multiplier=policy.first_wait, max=policy.longest_wait)
    attempts_end = tenacity.stop_any(
        tenacity.stop_after_attempt(policy.attempts), tenacity.stop_when_event_set(stopped)
    )
    tenacity.Retrying(
        retry=tenacity.retry_if_result(again), wait=wait, stop=ends, sleep=sleep, before_sleep=note,
        retry_error_callback=lambda state: None,
    )(attempt)  # fmt: skip
    return answers


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a provider asks to wait, 0 or more, or None where it does not say so in a form that can be read.

    Source: RFC 9110, 10.2.3 (seconds or an HTTP date). `retry-after-ms` is OpenAI's own, and finer.
    """
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            seconds = float(text) * unit
        except ValueError:
            seconds = _until(text, now or datetime.now(UTC))
        if math.isfinite(seconds):
            return max(seconds, 0.0)
    return None


def _until(text: str, now: datetime) -> float:
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return math.nan
    return (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now.timestamp()


class Pacer:
    """Lets no more than so many requests a minute begin, evenly spaced. Safe to use from many threads.

    Args:
        per_minute: Requests a minute; None for no limit.
        sleep: Waits so many seconds.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, per_minute: float | None, sleep: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = 60 / per_minute if per_minute else 0.0
        self._sleep, self._clock = sleep, clock
        self._next = -math.inf
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next request may begin."""
        if not self._every:
            return
        with self._lock:
            now = self._clock()
            mine = max(now, self._next)
            self._next = mine + self._every
        if mine > now:
            self._sleep(mine - now)
