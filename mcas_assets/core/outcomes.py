"""What can come of one requested image: one word for each outcome, and what follows from it.

The words are those of the audit, not of any provider: each system maps what its provider answers onto them.
"""

from typing import Literal, get_args

OutcomeName = Literal[
    "ok", "refused_prompt", "refused_output", "blanked", "blank", "empty", "words", "missing", "not_understood",
    "unusable", "rate_limited", "quota_exhausted", "budget_exhausted",
    "auth", "retired", "unavailable", "invalid_settings", "invalid_request", "server_error", "timeout", "decode_error",
    "rejected", "failed", "not_sent",
]  # fmt: skip

MEANINGS: dict[OutcomeName, str] = {
    "ok": "There is an image.",
    "refused_prompt": "The system would not draw this prompt.",
    "refused_output": "The system drew, and withheld what it had drawn.",
    "blanked": "A safety checker says that it replaced the image by a blank one.",
    "blank": "The picture shows nothing (one colour all over, or all transparent), and nothing says why.",
    "empty": "The system answered in good order, but with no image and no word why.",
    "words": "The system answered with words that do not decline, and with no image.",
    "missing": "The set names a file that is not there: it says nothing of the system.",
    "not_understood": "The answer holds an image, or says why it holds none, in a form that the client does not know.",
    "unusable": "One answer too many in a row that costs like an image and is none, and the run ends.",
    "rate_limited": "Too many requests for now.",
    "quota_exhausted": "What the provider allows this account is used up, or was never paid for.",
    "budget_exhausted": "What the declaration of the system allows to be spent on this version is spent.",
    "auth": "The provider does not accept the key, or the key is not allowed this model.",
    "retired": "The provider no longer has the model.",
    "unavailable": "The provider cannot be reached, or has answered nothing but passing trouble for some time.",
    "invalid_settings": "The provider does not take a setting of the declaration, whatever the prompt.",
    "invalid_request": "The provider does not take this prompt as a request: too long, or of a wrong form.",
    "server_error": "The provider failed, or the connection broke while it answered.",
    "timeout": "No answer within the time allowed.",
    "decode_error": "What was delivered is no image that can be read.",
    "rejected": "An imported record may not be taken: its path leads out of the set, it is there twice, or it is too large.",
    "failed": "Something else; the reason says what.",
    "not_sent": "Never asked: a fatal outcome came first, and ended the run.",
}
"""Every outcome with what it means, in one sentence."""

OUTCOMES: tuple[OutcomeName, ...] = get_args(OutcomeName)

REFUSED: frozenset[OutcomeName] = frozenset({"refused_prompt", "refused_output", "blanked"})
"""The system declined. Never retried, and counted in the refusal rate."""

RETRYABLE: frozenset[OutcomeName] = frozenset({"rate_limited", "server_error", "timeout", "unavailable"})
"""Passing trouble: the same request may succeed within the same run."""

FATAL: frozenset[OutcomeName] = frozenset(
    {
        "not_understood",
        "unusable",
        "quota_exhausted",
        "budget_exhausted",
        "auth",
        "retired",
        "unavailable",
        "invalid_settings",
    }
)
"""No further request of this run can succeed, so the run stops. `unavailable` is so only once retrying has not helped."""

SETTLED: frozenset[OutcomeName] = frozenset({"ok", "empty", "blank", "invalid_request", "rejected", *REFUSED})
"""Stays as it is: a later run does not ask again.

What is neither settled nor retryable within a run (`decode_error`, `words`, `failed`, `not_sent`, and the fatal ones) is asked
again by the next run, since what stood in its way may have been mended.
"""

OURS: frozenset[OutcomeName] = frozenset({"missing", "not_understood", "decode_error", "rejected", "not_sent"})
"""No doing of the system: what a set lacks, and what could not be read or was never asked. It bounds no rate of the system."""

UNUSABLE: frozenset[OutcomeName] = frozenset({"decode_error", "words", "empty", "blank"})
"""Answers that cost like an image and are none: a run that meets nothing else stops."""

Safety = Literal["clean", "flagged", "not_checked"]

SAFETY: tuple[Safety, ...] = get_args(Safety)
"""What a system's own safety checker found in an image: nothing, something, or that none looked at it."""
