"""The Gemini API as it speaks: what is asked for, and the shapes in which it gives no image told apart."""

import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, SETTLED
from mcas_assets.systems.find import find_system
from tests.systems.hosted.providers import KEY, Reply, google_error, google_ok, google_parts, picture, requests_of, text

NURSE = "an image of a nurse"
WORDS = [{"text": "I cannot draw that."}]
BLOCK = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "modelVersion": "v1", "usageMetadata": {}}


def rpc(kind: str, **keys) -> dict:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **keys}


def quota(*ids: str, **keys) -> dict:
    return rpc("QuotaFailure", violations=[{"quotaId": quota_id, **keys} for quota_id in ids])


def test_everything_that_is_declared_is_asked_for(gemini, google_provider):
    system = gemini(thinking_level="minimal", safety_threshold="BLOCK_ONLY_HIGH", aspect_ratio="16:9", image_size="2K")
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "ok"
    path, headers, body = google_provider.asked[0]
    assert path == "/v1beta/models/gemini-3.1-flash-image:generateContent"
    assert headers["x-goog-api-key"] == KEY
    assert KEY not in path
    harms = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
    assert body == {
        "contents": [{"parts": [{"text": NURSE}], "role": "user"}],
        "generationConfig": {
            "seed": 0, "responseModalities": ["IMAGE"], "imageConfig": {"aspectRatio": "16:9", "imageSize": "2K"},
            "thinkingConfig": {"thinking_level": "MINIMAL"},  # the client writes this one name as Python does
        },
        "safetySettings": [{"category": f"HARM_CATEGORY_{harm}", "threshold": "BLOCK_ONLY_HIGH"} for harm in harms],
    }  # fmt: skip


def test_the_seed_can_be_left_out(gemini, google_provider):
    system = gemini(seed="none")
    system.generate(requests_of(system))
    assert "seed" not in google_provider.bodies[0]["generationConfig"]
    assert system.capabilities().seed == system.identity().document["seed"] == "none"
    assert gemini().capabilities().seed == "best_effort"
    assert gemini().identity().version != system.identity().version


def test_an_image_is_kept_byte_for_byte_with_who_made_it(gemini, google_provider):
    sent = picture(NURSE, (1024, 1024), "jpeg")
    google_provider.script = lambda body: Reply(google_ok(sent, "image/jpeg"))
    system = gemini(token_prices={"input": 0.5, "output": 30.0})
    (outcome,) = system.generate(requests_of(system))
    assert (outcome.image, outcome.suffix) == (sent, ".jpg")
    told = outcome.provider
    assert told["model_reported"] == "gemini-3.1-flash-image-001"
    assert told["request_id"] == "resp-1"
    assert told["size"] == "1024x1024"
    assert told["cost_usd"] == pytest.approx((8 * 0.5 + (1120 + 80) * 30) / 1e6), "thoughts are billed as output"
    json.dumps(told)


def test_the_last_image_counts_and_thoughts_are_no_images(gemini, google_provider):
    def part(image, **more):
        return {"inlineData": {"mimeType": "image/png", "data": text(image)}} | more

    sketch, final = picture("a man"), picture("a woman")
    parts = [part(sketch, thought=True), {"text": "Here it is."}, part(sketch), part(final), part(sketch, thought=True)]
    google_provider.script = lambda body: Reply(google_parts(parts))
    system = gemini()
    assert system.generate(requests_of(system))[0].image == final


def test_the_status_of_a_model_that_is_to_go_is_kept(gemini, google_provider):
    status = {"modelStage": "DEPRECATED", "retirementTime": "2027-05-28T00:00:00Z", "message": "Move on."}
    google_provider.script = lambda body: Reply(google_ok(picture(NURSE)) | {"modelStatus": status})
    system = gemini()
    kept = system.generate(requests_of(system))[0].provider["settings"]["model_status"]
    assert kept["model_stage"] == "DEPRECATED"
    assert kept["retirement_time"].startswith("2027-05-28")


WITHHELD = ("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII",
            "RECITATION")  # fmt: skip
BLOCKS = ("SAFETY", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "OTHER", "SOMETHING_NEW")
# What a provider answers to every request, and what it means.
ANSWERS = {
    "words for an image": (Reply(google_parts(WORDS)), "refused_prompt", "text"),
    "words and an unknown reason": (Reply(google_parts(WORDS, "TIRED_OF_DRAWING")), "refused_prompt", "text"),
    **{f"withheld, {name}": (Reply(google_parts(None, name)), "refused_output", name) for name in WITHHELD},
    "withheld, with words": (Reply(google_parts(WORDS, "IMAGE_SAFETY")), "refused_output", "IMAGE_SAFETY"),
    "withheld, a new name": (Reply(google_parts(None, "VIDEO_SAFETY_2")), "refused_output", "VIDEO_SAFETY_2"),
    **{
        f"blocked, {name}": (Reply({"promptFeedback": {"blockReason": name}, "modelVersion": "v1"}), "refused_prompt", name)
        for name in BLOCKS
    },
    "blocked, with a word": (Reply(BLOCK), "refused_prompt", "PROHIBITED_CONTENT"),
    "banned": (Reply(google_parts(None, "PUP_LIMITED_DISABLED")), "auth", None),
    "wrong key": (
        google_error(400, "INVALID_ARGUMENT", "Not valid.", [rpc("ErrorInfo", reason="API_KEY_INVALID")]), "auth",
        "API_KEY_INVALID",
    ),
    "not here": (google_error(400, "FAILED_PRECONDITION", "User location is not supported."), "auth", None),
    "not allowed": (google_error(403, "PERMISSION_DENIED"), "auth", None),
    "retired": (google_error(404, "NOT_FOUND", "models/x is not found"), "retired", None),
    "no such address": (Reply(b"<html></html>", 404, {"content-type": "text/html"}), "invalid_settings", None),
    "setting not taken": (
        google_error(400, "INVALID_ARGUMENT", "No.", [rpc("BadRequest", fieldViolations=[
            {"field": "generation_config.image_config.image_size"}])]), "invalid_settings", None,
    ),
    "prompt not taken": (google_error(400, "INVALID_ARGUMENT", "The input is too long."), "invalid_request", None),
    "day's quota": (
        google_error(429, "RESOURCE_EXHAUSTED", "Quota.", [
            quota("GenerateRequestsPerMinutePerProjectPerModel", "GenerateRequestsPerDayPerProjectPerModel"),
            rpc("RetryInfo", retryDelay="34s")]), "quota_exhausted", None,
    ),
    "no quota at all": (
        google_error(429, "RESOURCE_EXHAUSTED", "Quota.", [quota("PerMinute-FreeTier", quotaValue="0")]), "quota_exhausted",
        None,
    ),
    "not base64": (
        Reply(google_parts([{"inlineData": {"mimeType": "image/png", "data": "!!!"}}])), "decode_error", None,
    ),
    "no image": (Reply(google_ok(b"<svg/>")), "decode_error", None),
    "empty image": (Reply(google_ok(b"")), "decode_error", None),
    "half an image": (Reply(google_ok(picture(NURSE)[:600])), "decode_error", None),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome", "category"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_passing_trouble_is_told_apart_and_not_asked_again(
    gemini, google_provider, reply, outcome, category
):
    google_provider.script = lambda body: reply
    system = gemini()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert found.image is None
    assert found.reason
    assert found.provider["provider_reason"] == category
    assert found.provider["http_status"] == reply.status
    assert len(google_provider.asked) == found.attempt == 1
    assert system.naps == []


def test_a_refusal_says_which_version_refused_and_in_what_words(gemini, google_provider):
    google_provider.script = lambda body: Reply(google_parts(WORDS, version="gemini-x-7"))
    system = gemini()
    (found,) = system.generate(requests_of(system))
    assert found.provider["model_reported"] == "gemini-x-7"
    assert found.provider["raw_message"] == "I cannot draw that."
    assert found.provider["usage"]["prompt_token_count"] == 8


EMPTY = {
    "NO_IMAGE": google_parts(None, "NO_IMAGE"),
    "IMAGE_OTHER": google_parts(None, "IMAGE_OTHER"),
    "unknown": google_parts(None, "TIRED_OF_DRAWING"),
    "STOP": google_parts(None, "STOP"),
    "no reason": google_parts(None, None),
    "thoughts only": google_parts([{"text": "Let me see.", "thought": True}]),
    "no candidates": {"candidates": [], "modelVersion": "v1"},
    "nothing": {},
}


@pytest.mark.parametrize("body", EMPTY.values(), ids=EMPTY)
def test_an_answer_without_an_image_or_a_word_is_asked_for_once_more_and_then_believed(gemini, google_provider, body):
    google_provider.script = lambda asked: Reply(body)
    system = gemini()
    (found,) = system.generate(requests_of(system))
    assert (found.outcome, found.attempt) == ("empty", 2)


TROUBLES = {
    "rate limit": (
        google_error(429, "RESOURCE_EXHAUSTED", "Slow down.", [quota("PerMinutePerProject")]),
        "rate_limited",
    ),
    "server error": (google_error(500, "INTERNAL"), "server_error"),
    "overload": (google_error(503, "UNAVAILABLE", "The model is overloaded."), "server_error"),
    "deadline": (google_error(504, "DEADLINE_EXCEEDED"), "timeout"),
    "proxy": (Reply(b"bad gateway", 502, {"content-type": "text/plain"}), "server_error"),
    "cut body": (Reply(google_ok(picture(NURSE)), cut=300), "server_error"),
    "cut JSON": (Reply(json.dumps(google_ok(picture(NURSE))).encode()[:300]), "server_error"),
}


@pytest.mark.parametrize(("reply", "outcome"), TROUBLES.values(), ids=TROUBLES)
def test_passing_trouble_is_asked_again_as_often_as_declared(gemini, google_provider, reply, outcome):
    google_provider.script = lambda body: reply
    system = gemini()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert outcome not in SETTLED | FATAL
    assert len(google_provider.asked) == found.attempt == 6, "the client itself does not ask again"


def test_the_delay_that_google_asks_for_in_the_body_is_kept_to(gemini, google_provider):
    delay = [quota("PerMinutePerProject"), rpc("RetryInfo", retryDelay="34.5s")]
    google_provider.replies = [google_error(429, "RESOURCE_EXHAUSTED", "Slow down.", delay)]
    system = gemini()
    assert system.generate(requests_of(system))[0].outcome == "ok"
    (nap,) = system.naps
    assert 34.5 <= nap <= 35.5


def test_an_answer_that_takes_too_long_is_a_timeout(gemini, google_provider):
    google_provider.script = lambda body: Reply({}, delay=0.5)
    system = gemini(timeout=0.1, retry={"attempts": 2})
    (found,) = system.generate(requests_of(system))
    assert (found.outcome, found.attempt) == ("timeout", 2)


def test_a_server_that_is_not_there_is_unavailable_and_ends_the_run(gemini, google_provider):
    system = gemini(concurrency=1)
    google_provider.stop()
    found = system.generate(requests_of(system, 2))
    google_provider.start()
    assert [outcome.outcome for outcome in found] == ["unavailable", "not_sent"]


@pytest.mark.parametrize(
    ("ratio", "size", "pixels"),
    [("1:1", "512", (512, 512)), ("1:1", "1K", (1024, 1024)), ("1:1", "4K", (4096, 4096)), ("16:9", "1K", (1360, 768)),
     ("9:16", "1K", (768, 1360)), ("3:2", "2K", (2512, 1680))],
)  # fmt: skip
def test_the_nominal_size_has_the_area_of_its_class_at_the_ratio(gemini, ratio, size, pixels):
    assert gemini(aspect_ratio=ratio, image_size=size).size() == pixels
    assert pixels[0] * pixels[1] == pytest.approx(gemini(image_size=size).size()[0] ** 2, rel=0.02)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"model": "imagen-4.0-generate-001", "base_url": None}, "Imagen"),
        ({"aspect_ratio": "wide"}, "no ratio"),
        ({"image_size": "8K"}, "image_size"),
        ({"width": 1024}, "not a known key"),
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_asked_for_is_refused(tmp_path, keys, said):
    entry = {"kind": "google", "model": "gemini-3-pro-image", "aspect_ratio": "1:1", "image_size": "1K",
             "base_url": "https://gateway"}  # fmt: skip
    path = tmp_path / "systems.yaml"
    path.write_text(json.dumps({"systems": {"g": {k: v for k, v in (entry | keys).items() if v is not None}}}))
    with pytest.raises(BadInput, match=said):
        find_system("g", path)


@pytest.mark.parametrize(
    "keys",
    [{"thinking_level": "high"}, {"aspect_ratio": "3:2"}, {"image_size": "2K"}, {"safety_threshold": "OFF"},
     {"model": "gemini-3-pro-image"}, {"base_url": "http://other"}],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for_is_part_of_the_version(gemini, keys):
    assert gemini(**keys).identity().version != gemini().identity().version


def test_a_probe_finds_the_model_and_its_version(gemini, google_provider):
    found = gemini().probe()
    assert (found.state, found.reported_version) == ("available", "3.1-2026-05")
    assert google_provider.asked[0][0] == "/v1beta/models/gemini-3.1-flash-image"


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (google_error(404, "NOT_FOUND"), "withdrawn"),
        (google_error(403, "PERMISSION_DENIED"), "unreachable"),
        (google_error(503, "UNAVAILABLE"), "unreachable"),
        (Reply(b"<html></html>", 404, {"content-type": "text/html"}), "unreachable"),
        (Reply({"hello": "world"}), "unreachable"),
        (Reply(b'{"name": "mod'), "unreachable"),
    ],
    ids=["retired", "not allowed", "overload", "wrong address", "another answer", "cut answer"],
)
def test_a_probe_that_was_not_answered_does_not_say_that_the_model_is_gone(gemini, google_provider, reply, state):
    google_provider.replies = [reply]
    assert gemini().probe().state == state
