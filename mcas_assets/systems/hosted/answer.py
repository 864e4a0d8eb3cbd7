"""What a provider answered to one request, in the audit's words; and how its texts and bytes are taken in.

Nothing that a provider says is trusted: a text may repeat the key, an image may be none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mcas_assets.core.outcomes import OutcomeName, Safety
from mcas_assets.core.pictures import NotAPicture, decode, from_base64

_MOST_PIXELS = 1 << 26  # 8192 x 8192, above what any provider offers
# Words of a model that will not draw: it says that it cannot or will not, or names the rule.
_DECLINES = (
    r"\b(?:can(?:no|['’])?t|can not|won['’]?t|will not|unable to|not able to|not allowed to|must decline|decline to|refuse to)\b"
    r".{0,40}\b(?:creat|generat|draw|mak|produc|provid|depict|help|assist|fulfil|complet|do that|comply|show)",
    r"\b(?:against|violat\w*|in line with|due to|because of|under)\b.{0,30}\b(?:polic\w+|guidelines?|terms of (?:use|service))",
    r"\bcontent (?:policy|filter)\b|\bsafety (?:guidelines?|polic\w+|filters?|reasons)\b",
)


@dataclass
class Answer:
    """What came of one request.

    Attributes:
        outcome: See `mcas_assets.core.outcomes`.
        reason: Why there is no image, in one sentence; None if there is one.
        image: The bytes as sent; None unless the outcome is `ok`.
        suffix: The ending for a file of them, with its dot.
        size: Width and height in pixels of the image as sent ("1024x1024").
        http_status: Of the answer, None where there was none.
        code: The provider's own code for what happened.
        category: What the provider says it declined for, or in which stage.
        message: What the provider wrote, raw.
        request_id: The provider's id of the request: what its support asks for.
        model_reported: The model version that the provider says it used.
        usage: What the provider counted.
        settings: The settings that the provider says it used.
        revised_prompt: What the provider says that it made of the prompt before it drew.
        safety: What the provider's safety checker says of the image; None where none is known to have looked.
        usd: US dollars that the request is taken to have cost.
        retry_after: Seconds that the provider asks to wait.
        latency_ms: Wall time in milliseconds.
        waited_s: Seconds waited afterwards, before the next request for the same image.
        is_sent: Whether a request was sent at all.
    """

    outcome: OutcomeName
    reason: str | None = None
    image: bytes | None = None
    suffix: str = ".png"
    size: str | None = None
    http_status: int | None = None
    code: str | None = None
    category: str | None = None
    message: str | None = None
    request_id: str | None = None
    model_reported: str | None = None
    usage: dict[str, Any] | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    revised_prompt: str | None = None
    safety: Safety | None = None
    usd: float = 0.0
    retry_after: float | None = None
    latency_ms: float | None = None
    waited_s: float = 0.0
    is_sent: bool = True

    def attempt(self) -> dict[str, Any]:
        """One line of the log of attempts: what tells the attempts for one image apart."""
        named = {
            "outcome": self.outcome, "http_status": self.http_status, "provider_code": self.code,
            "request_id": self.request_id, "model_reported": self.model_reported, "cost_usd": self.usd,
            "latency_ms": self.latency_ms, "waited_s": self.waited_s,
        }  # fmt: skip
        return {key: value for key, value in named.items() if value is not None}


def mapping(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one: nobody vouches for the form of an answer."""
    return value if isinstance(value, dict) else {}


def delivered(answer: Answer, sent: object) -> Answer:
    """The answer with what was sent as its image (bytes, or their base64), or saying why that is none."""
    try:
        image = sent if isinstance(sent, bytes) else from_base64(sent)
        picture = decode(image, _MOST_PIXELS)
    except NotAPicture as fault:
        answer.outcome, answer.reason = "decode_error", f"what was sent: {fault}"
        return answer
    answer.suffix, answer.size = picture.suffix, "{}x{}".format(*picture.size)
    if reason := picture.blank():
        answer.outcome, answer.reason = "blank", reason
        return answer
    answer.image = image
    return answer


def declines(text: str, further: Iterable[str] = ()) -> bool:
    """Whether words decline to draw. Words that do not are no refusal: a question back, a description, a greeting.

    Args:
        text: What the model said.
        further: Regular expressions that are declared to decline, in other languages say.
    """
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in (*_DECLINES, *further))
