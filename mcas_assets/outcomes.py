"""What can come of one requested image: one word for each outcome, and what follows from it.

The words are those of the audit, not of any provider: each system maps what its provider answers onto them.
"""

OUTCOMES: tuple[str, ...] = (
    "ok",
    "refused_prompt",
    "refused_output",
    "blanked",
    "empty",
    "rate_limited",
    "quota_exhausted",
    "retired",
    "invalid_request",
    "server_error",
    "timeout",
    "decode_error",
    "failed",
)

TERMINAL: frozenset[str] = frozenset({"refused_prompt", "refused_output", "blanked"})
"""The system declined. Never retried, and counted in the refusal rate."""

RETRYABLE: frozenset[str] = frozenset({"rate_limited", "server_error", "timeout"})
"""Passing trouble: the same request may succeed within the same run."""

FATAL: frozenset[str] = frozenset({"quota_exhausted", "retired"})
"""No further request of this run can succeed, so the run stops."""

SETTLED: frozenset[str] = frozenset({"ok", "empty", "invalid_request"}) | TERMINAL
"""Stays as it is: a later run does not ask again.

What is neither settled nor retryable within a run (`decode_error`, `failed`, and the fatal ones) is asked
again by the next run, since what stood in its way may have been mended.
"""

SAFETY: tuple[str, ...] = ("clean", "flagged", "not_checked")
"""What a system's own safety checker found in an image: nothing, something, or that none looked at it."""
