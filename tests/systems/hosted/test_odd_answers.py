"""Whatever a provider answers is an outcome: forms that gateways and accidents make, one a line, for both clients.

`ok` stands where a picture is there however it came. Nothing that is no picture is one, nothing raises, and what was not
understood is never settled as an answer without image.
"""

import base64
import json
import random

import pytest

from mcas_assets.core.outcomes import OUTCOMES
from tests.mutations import spoiled
from tests.systems.hosted.providers import Reply, google_ok, openai_ok, picture, requests_of, text

PICTURE = picture("a nurse")
HUGE = "9" * 400
UNREAD = {"decode_error", "not_understood", "server_error", "empty", "failed"}
HTML = b"<!doctype html><title>Bad gateway</title>"


def without_end(answer: dict) -> bytes:
    """The answer with a number of 400 digits for 777."""
    return json.dumps(answer).replace("777", HUGE).encode()


def data(*entries: object, **more: object) -> dict:
    return {"created": 1, "data": list(entries)} | more


OPENAI = {
    "null for the list": ({"created": 1, "data": None}, UNREAD),
    "a mapping for the list": ({"created": 1, "data": {"b64_json": text(PICTURE)}}, UNREAD),
    "text for the list": ({"created": 1, "data": text(PICTURE)}, UNREAD),
    "null for an entry": (data(None), UNREAD),
    "text for an entry": (data(text(PICTURE)), UNREAD),
    "choices as of a chat": ({"choices": None}, UNREAD),
    "choices with words": ({"choices": [{"message": {"content": "Here is your image!"}}]}, UNREAD),
    "an empty body": (b"", UNREAD),
    "null": (b"null", UNREAD),
    "a number": (b"7", UNREAD),
    "a list": (b"[]", UNREAD),
    "a page of HTML": (HTML, UNREAD),
    "text that is cut": (json.dumps(data({"b64_json": text(PICTURE)}))[:-40].encode(), UNREAD),
    "a BOM before it": (b"\xef\xbb\xbf" + json.dumps(data({"b64_json": text(PICTURE)})).encode(), {"ok", *UNREAD}),
    "UTF-16": (json.dumps(data({"b64_json": text(PICTURE)})).encode("utf-16"), {"ok", *UNREAD}),
    "no base64": (data({"b64_json": "%%%"}), {"decode_error"}),
    "empty base64": (data({"b64_json": ""}), UNREAD),
    "null base64": (data({"b64_json": None}), UNREAD),
    "a number for base64": (data({"b64_json": 7}), UNREAD),
    "a list for base64": (data({"b64_json": [text(PICTURE)]}), UNREAD),
    "base64 of nothing known": (data({"b64_json": text(b"x" * 400)}), {"decode_error"}),
    "base64 of a page": (data({"b64_json": text(HTML * 9)}), {"decode_error"}),
    "base64 in lines": (data({"b64_json": "\r\n".join(text(PICTURE)[i : i + 76] for i in range(0, 9999, 76))}), {"ok"}),
    "base64 of URLs": (data({"b64_json": base64.urlsafe_b64encode(PICTURE).decode()}), {"ok", "decode_error"}),
    "base64 without its end": (data({"b64_json": text(PICTURE).rstrip("=")}), {"ok", "decode_error"}),
    "a JPEG with more behind it": (data({"b64_json": text(picture("a nurse", format="jpeg") + b"junk" * 99)}), {"ok"}),
    "half a picture": (data({"b64_json": text(PICTURE[: len(PICTURE) // 2])}), {"decode_error"}),
    "several pictures for one": (data(*[{"b64_json": text(PICTURE)}] * 3), {"ok"}),
    "no pictures": (data(), {"empty"}),
    "an error of text": ({"error": "no capacity"}, UNREAD | {"invalid_request"}),
    "an error that is null": (data({"b64_json": text(PICTURE)}, error=None), {"ok"}),
    "an error within a 200": ({"error": {"code": "content_policy_violation", "message": "no"}}, {"refused_prompt"}),
    "an odd status in an error": ({"error": {"code": 7, "message": ["x"], "status": HUGE}}, UNREAD | {"invalid_request"}),
    "tokens below nothing": (data({"b64_json": text(PICTURE)}, usage={"input_tokens": -5, "output_tokens": -9}), {"ok"}),
    "tokens without end": (
        without_end(data({"b64_json": text(PICTURE)}, usage={"input_tokens": 1, "output_tokens": 777})), {"ok", *UNREAD},
    ),
    "tokens of text": (data({"b64_json": text(PICTURE)}, usage={"input_tokens": "many", "output_tokens": True}), {"ok"}),
    "usage of text": (data({"b64_json": text(PICTURE)}, usage="none"), {"ok"}),
    "a url": (data({"url": "http://127.0.0.1/x.png"}), {"not_understood"}),
    "a data url": (data({"b64_json": f"data:image/png;base64,{text(PICTURE)}"}), {"ok"}),
    "a lone half of a character": (b'{"data": [{"b64_json": "\\ud800"}], "created": "\\udfff"}', UNREAD),
    "numbers that are none": (b'{"created": NaN, "data": [{"b64_json": Infinity}]}', UNREAD),
}  # fmt: skip


@pytest.mark.parametrize("form", OPENAI)
def test_an_odd_answer_of_the_images_api_is_an_outcome(form, gpt, openai_provider):
    body, allowed = OPENAI[form]
    openai_provider.script = lambda asked: Reply(body)
    system = gpt(retry={"attempts": 1}, token_prices={"input": 5.0, "output": 30.0}, price=0.05)
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome in allowed
    assert 0 <= outcome.provider["cost_usd"] < 100


INLINE = {"inlineData": {"mimeType": "image/png", "data": text(PICTURE)}}


def parts(*some: object, **more: object) -> dict:
    return {
        "candidates": [{"content": {"role": "model", "parts": list(some)}, "finishReason": "STOP", "index": 0} | more]
    }


GOOGLE = {
    "no candidates": ({"candidates": []}, {"empty"}),
    "null for the candidates": ({"candidates": None}, {"empty", *UNREAD}),
    "a candidate that is null": ({"candidates": [None]}, UNREAD),
    "no content": ({"candidates": [{"finishReason": "STOP"}]}, {"empty"}),
    "null for the parts": ({"candidates": [{"content": {"parts": None}}]}, {"empty"}),
    "a part that is null": (parts(None), UNREAD),
    "no data": (parts({"inlineData": {"mimeType": "image/png"}}), UNREAD),
    "empty data": (parts({"inlineData": {"mimeType": "image/png", "data": ""}}), UNREAD),
    "no base64": (parts({"inlineData": {"mimeType": "image/png", "data": "%%%"}}), UNREAD),
    "a page for an image": (parts({"inlineData": {"mimeType": "image/png", "data": text(HTML)}}), {"decode_error"}),
    "an image called text": (parts({"inlineData": {"mimeType": "text/plain", "data": text(PICTURE)}}), {"not_understood"}),
    "an image without a type": (parts({"inlineData": {"data": text(PICTURE)}}), {"ok", "not_understood"}),
    "a file elsewhere": (parts({"fileData": {"mimeType": "image/png", "fileUri": "gs://x/y"}}), {"not_understood"}),
    "words before the image": (parts({"text": "Here it is"}, INLINE), {"ok"}),
    "words alone": (parts({"text": "Here it is"}), {"words"}),
    "a reason that nobody knows": (parts(finishReason="HOROSCOPE"), {"empty", "not_understood", "failed"}),
    "a page of HTML": (HTML, UNREAD),
    "an empty body": (b"", UNREAD),
    "null": (b"null", UNREAD),
    "a list": (b"[]", UNREAD),
    "text that is cut": (json.dumps(google_ok(PICTURE))[:-30].encode(), UNREAD),
    "an error within a 200": ({"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}}, UNREAD | {"rate_limited"}),
    "tokens below nothing": (google_ok(PICTURE) | {"usageMetadata": {"promptTokenCount": -5, "candidatesTokenCount": -9}}, {"ok"}),
    "tokens without end": (
        without_end(google_ok(PICTURE) | {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 777}}),
        {"ok", *UNREAD},
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", GOOGLE)
def test_an_odd_answer_of_gemini_is_an_outcome(form, gemini, google_provider):
    body, allowed = GOOGLE[form]
    google_provider.script = lambda asked: Reply(body)
    system = gemini(retry={"attempts": 1}, token_prices={"input": 0.5, "output": 30.0}, price=0.13)
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome in allowed
    assert 0 <= outcome.provider["cost_usd"] < 100


WAITS = {
    "none": {}, "seconds": {"retry-after": "2"}, "a date": {"retry-after": "Sun, 29 Nov 2026 14:00:00 GMT"},
    "a date of no calendar": {"retry-after": "Sun, 99 Nov 2026 14:00:00 GMT"},
    "a far date": {"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"},
    "words": {"retry-after": "soon"}, "no number": {"retry-after": "nan"}, "without end": {"retry-after": "1e400"},
    "below nothing": {"retry-after": "-7"}, "digits": {"retry-after": HUGE}, "of milliseconds": {"retry-after-ms": "inf"},
    "another zone": {"retry-after": "Sun, 29 Nov 2026 14:00:00 +9999"},
}  # fmt: skip


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_of_any_form_is_waited_for_within_bounds_or_not_at_all(wait, status, gpt, openai_provider):
    openai_provider.script = lambda asked: Reply({"error": {"message": "slow down"}}, status, WAITS[wait])
    system = gpt(retry={"attempts": 2, "first_wait": 0.01, "longest_wait": 0.02, "total": 5.0})
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome in {"rate_limited", "server_error"}
    assert len(openai_provider.bodies) in (1, 2)


@pytest.mark.parametrize("cut", [0, 1, 40])
def test_a_body_that_ends_early_is_asked_for_again(cut, gpt, openai_provider):
    whole = openai_ok(PICTURE, {})
    openai_provider.replies = [Reply(whole, cut=cut)]
    openai_provider.script = lambda asked: Reply(whole)
    system = gpt(retry={"attempts": 2, "first_wait": 0.01, "longest_wait": 0.02, "total": 5.0})
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "ok"
    assert len(openai_provider.bodies) == 2


@pytest.mark.parametrize("kind", ["openai", "google"])
def test_a_spoiled_answer_is_an_outcome(kind, gpt, gemini, openai_provider, google_provider):
    make, provider, whole = (
        (gpt, openai_provider, openai_ok(PICTURE, {}))
        if kind == "openai"
        else (gemini, google_provider, google_ok(PICTURE))
    )
    sound, tries = json.dumps(whole).encode(), iter(range(10**6))
    provider.script = lambda asked: Reply(spoiled(sound, random.Random(next(tries))))
    system = make(retry={"attempts": 1}, token_prices={"input": 5.0, "output": 30.0}, price=0.05, concurrency=1)
    for _ in range(20):
        for outcome in system.generate(requests_of(system, 4)):
            assert outcome.outcome in OUTCOMES
            assert outcome.provider["cost_usd"] >= 0
        system.close()
