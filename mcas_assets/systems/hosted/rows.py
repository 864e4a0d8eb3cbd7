"""The row that an image of a hosted system gets: what came of it, and what was answered to each request for it."""

from collections.abc import Callable, Sequence
from typing import Any

from mcas_assets.core.digests import plain
from mcas_assets.systems.hosted.answer import Answer
from mcas_assets.systems.protocol import Outcome


def row_of(answers: Sequence[Answer], provider: str, model: str, redact: Callable[[Any], Any]) -> Outcome:
    """The outcome of one image.

    Args:
        answers: To all requests for it, in order; the last one stands.
        provider: Who was asked.
        model: What was asked for.
        redact: Takes keys out of every text of a JSON value.
    """
    last, sent = answers[-1], [answer for answer in answers if answer.is_sent]
    told = {
        "provider": provider, "model_requested": model, "model_reported": last.model_reported,
        "http_status": last.http_status, "provider_code": last.code, "provider_reason": last.category,
        "raw_message": last.message, "request_id": last.request_id, "usage": last.usage,
        "settings": last.settings, "size": last.size, "latency_ms": last.latency_ms,
        "cost_usd": round(sum(answer.usd for answer in sent), 9), "attempts": [answer.attempt() for answer in sent],
    }  # fmt: skip
    if last.revised_prompt:
        told["revised_prompt"] = last.revised_prompt
    if last.safety:
        told["safety"] = last.safety
    return Outcome(
        last.outcome, redact(last.reason), last.image, last.suffix, redact(plain(told)), last.latency_ms, len(sent)
    )
