"""What the answers of a provider mean for the run: when it ends, and what a reader of its log should know."""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mcas_assets.core.outcomes import FATAL, RETRYABLE, UNUSABLE
from mcas_assets.systems.hosted.answer import Answer

log = logging.getLogger(__name__)

PATIENCE = 8
"""So many images given up one after the other, with none between that was answered, and the run ends."""

UNUSABLE_IN_A_ROW = 12
"""So many images in a row that were answered with none, each of which cost, and the run ends."""


class Course:
    """One run as it goes. Safe to use from many threads.

    Args:
        name: Of the system.
        size: Width and height in pixels that are asked for.
        settings: What else is asked for.
        reported: The model versions that the provider reported in earlier runs.
        redact: Takes keys out of a text.

    Attributes:
        stopped: Set when no further request is to be sent.
    """

    def __init__(
        self,
        name: str,
        size: tuple[int, int],
        settings: Mapping[str, Any],
        reported: Iterable[str],
        redact: Callable[[str], str],
    ) -> None:
        self.stopped = threading.Event()
        self._name, self._size, self._settings, self._redact = name, "{}x{}".format(*size), settings, redact
        self._reported, self._warned = set(reported), set[str]()
        self._ended, self._given_up, self._unusable = "", 0, 0
        self._lock = threading.Lock()

    def unsent(self) -> Answer:
        """What stands for a request that is not sent any more."""
        return Answer("not_sent", self._ended or "the run was interrupted", is_sent=False)

    def judge(self, answer: Answer) -> None:
        """Take in the final answer for one image. Changes it to `unavailable` if it is one too many of passing trouble."""
        with self._lock:
            troubled = answer.outcome in RETRYABLE
            self._given_up = self._given_up + 1 if troubled else 0
            if troubled and self._given_up >= PATIENCE and not self.stopped.is_set():
                answer.reason = f"{self._given_up} images in a row were given up, the last: {answer.reason}"
                answer.outcome = "unavailable"
            self._unusable = self._unusable + 1 if answer.outcome in UNUSABLE else 0
            if self._unusable >= UNUSABLE_IN_A_ROW and not self.stopped.is_set():
                answer.reason = (
                    f"{self._unusable} answers in a row were no image, the last: {answer.outcome}, {answer.reason}"
                )
                answer.outcome = "unusable"
            if answer.outcome in FATAL and not self.stopped.is_set():
                self._ended = f"{answer.outcome} came first: {answer.reason}"
                self.stopped.set()
            self._notice_version(answer)
            self._notice_settings(answer)

    def _notice_version(self, answer: Answer) -> None:
        reported = answer.model_reported and self._redact(answer.model_reported)
        if reported and reported not in self._reported:
            if self._reported:
                self._say(f"the provider answers as {reported} now, before as {', '.join(sorted(self._reported))}")
            self._reported.add(reported)

    def _notice_settings(self, answer: Answer) -> None:
        if answer.size not in (None, self._size):
            self._say(f"images come at {answer.size}, where {self._size} was expected")
        for key, value in answer.settings.items():
            asked = self._settings.get(key)
            if asked not in (None, value):
                self._say(f"the provider says that it used {key} {value}, where {asked} was asked for")

    def _say(self, text: str) -> None:
        """Warn of something, once."""
        if text not in self._warned:
            self._warned.add(text)
            log.warning("%s: %s", self._name, self._redact(text))
