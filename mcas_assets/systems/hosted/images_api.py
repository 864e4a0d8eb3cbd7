"""What answers in the form of OpenAI's Images API mean, whoever sends them: OpenAI, gateways, servers of one's own."""

import json
import re
from collections.abc import Mapping
from typing import Any

from mcas_assets.core.outcomes import OutcomeName
from mcas_assets.systems.hosted.answer import Answer, mapping
from mcas_assets.systems.hosted.retry import retry_after

_MODERATED = {"moderation_blocked", "content_policy_violation", "content_filter"}
_UNPAID = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_GONE = {"model_not_found", "model_deprecated"}
# A moderation that says nothing of its stage: these words are about an image that was made.
_OF_AN_IMAGE = re.compile(r"(generated|output|resulting) image", re.IGNORECASE)
_SOUNDS_MODERATED = re.compile(r"moderat|content_?(policy|filter)|nsfw|safety", re.IGNORECASE)
_FLAGGED = re.compile(r"\b(was flagged|flagged (as|by|for)|NSFW content)\b", re.IGNORECASE)
_OF_SAFETY = re.compile(r"safety system|content policy", re.IGNORECASE)


def without_image(answer: Answer, body: dict[str, Any], first: dict[str, Any]) -> Answer:
    """Of a 200 that holds no image in the form that was asked for: trouble or a refusal that it tells, else why not."""
    answer.message = json.dumps({key: value for key, value in body.items() if key != "usage"})
    error = mapping(body.get("error")) or mapping(first.get("error")) or mapping(first.get("moderation"))
    if error:
        status = error.get("status") or error.get("code")
        known = status if isinstance(status, int) and 400 <= status < 600 else 400
        told = _of_error(known, error)
        answer.outcome, answer.code, answer.category = told.outcome, told.code, told.category
        answer.reason = f"an error inside a 200: {told.reason or told.code or 'without a word'}"
    elif first.get("url"):
        answer.outcome = "not_understood"
        answer.reason = "sends a url in place of the image (b64_json): have the server send b64_json"
    elif body.get("data") == [] or not {key for key, value in first.items() if value} - {"revised_prompt", "index"}:
        answer.outcome, answer.reason = "empty", "the answer holds no image"
    else:
        answer.outcome = "not_understood"
        answer.reason = (
            f"holds no b64_json, but {', '.join(sorted(first))[:200]}: a form that this client does not know"
        )
    return answer


def failed(status: int, headers: Mapping[str, str], text: str) -> Answer:
    """Of an answer with another status than 200, by whatever form of error it holds: OpenAI's, FastAPI's, or none."""
    try:
        body = mapping(json.loads(text))
    except (ValueError, RecursionError):
        body = {}
    detail = body.get("detail")
    error = mapping(body.get("error")) or (body if body.get("message") else {})
    if isinstance(detail, list):  # of a field that FastAPI does not take: {"loc": ["body", "size"], "msg": ...}
        first = mapping(detail[0]) if detail else {}
        where = first.get("loc")
        error = {"message": first.get("msg"), "param": str(where[-1]) if isinstance(where, list) and where else None}
    elif isinstance(detail, str):
        error = {"message": detail}
    answer = _of_error(status, error)
    answer.http_status, answer.message = status, text
    answer.request_id, answer.retry_after = headers.get("x-request-id"), retry_after(headers)
    answer.reason = (
        f"HTTP {status} {answer.code or ''}".rstrip() + f": {answer.reason or text[:300] or 'without a word'}"
    )
    return answer


def _of_error(status: int, error: Mapping[str, Any]) -> Answer:
    """Outcome, code, category and message of an error object."""
    code, message = (str(error.get(key) or "") for key in ("code", "message"))
    metadata, kind = mapping(error.get("metadata")), str(error.get("type") or "")
    reasons = metadata.get("reasons")
    named = ", ".join(map(str, reasons)) if isinstance(reasons, list) else ""
    param = error.get("param")
    outcome = outcome_of(status, code or None, param if isinstance(param, str) else None, message, {})
    if status in (400, 403, 422) and (named or _SOUNDS_MODERATED.search(f"{code} {kind}") or _FLAGGED.search(message)):
        outcome = "refused_output" if _OF_AN_IMAGE.search(message) else "refused_prompt"
    return Answer(outcome, message or None, code=code or kind or None, category=named or None)


def outcome_of(status: int, code: str | None, param: str | None, message: str, details: dict[str, Any]) -> OutcomeName:
    """The outcome that an error stands for. What is not known by its code is told by its HTTP status."""
    if code in _MODERATED or (status == 400 and _OF_SAFETY.search(message)):
        made = details.get("moderation_stage") == "output" or (not details and _OF_AN_IMAGE.search(message))
        return "refused_output" if made else "refused_prompt"
    if code in _UNPAID or status == 402:
        return "quota_exhausted"
    if code in _GONE or status == 410:
        return "retired"
    if status in (400, 422) and param and param != "prompt":
        return "invalid_settings"
    known: dict[int, OutcomeName] = {
        401: "auth",
        403: "auth",
        404: "invalid_settings",
        408: "timeout",
        409: "server_error",
        429: "rate_limited",
    }
    return known.get(status, "server_error" if status >= 500 else "invalid_request" if status >= 400 else "failed")
