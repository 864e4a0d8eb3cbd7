"""OpenAI's Images API as it speaks: what is asked for, and every way of getting no image told apart."""

import json
from datetime import date

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, SETTLED
from mcas_assets.systems.find import find_system
from tests.systems.hosted.providers import KEY, Reply, openai_error, openai_ok, picture, requests_of

NURSE = "an image of a nurse"
MODERATED = "Your request was rejected by the safety system."
OUTPUT = {"moderation_details": {"moderation_stage": "output", "categories": ["sexual", "violence"]}}
INPUT = {"moderation_details": {"moderation_stage": "input", "categories": ["hate"]}}


def test_everything_that_is_declared_is_asked_for(gpt, openai_provider):
    system = gpt(
        width=1536, height=1024, quality="high", background="transparent", moderation="low", output_format="webp",
        output_compression=80, complexity="low", safety_identifier="audit-1",
    )  # fmt: skip
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "ok"
    path, headers, body = openai_provider.asked[0]
    assert path == "/v1/images/generations"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "gpt-image-2.5-flare-2026-09-08", "prompt": NURSE, "n": 1, "size": "1536x1024", "quality": "high",
        "background": "transparent", "moderation": "low", "output_format": "webp", "output_compression": 80,
        "complexity": "low", "safety_identifier": "audit-1",
    }  # fmt: skip


@pytest.mark.parametrize(("format", "suffix"), [("png", ".png"), ("jpeg", ".jpg"), ("webp", ".webp")])
def test_an_image_is_kept_byte_for_byte_as_it_was_sent(gpt, format, suffix):
    system = gpt(output_format=format)
    (outcome,) = system.generate(requests_of(system))
    assert outcome.image == picture(NURSE, (64, 64), format)
    assert outcome.suffix == suffix


def test_a_row_says_who_answered_what(gpt):
    system = gpt(token_prices={"input": 5.0, "output": 30.0})
    (outcome,) = system.generate(requests_of(system))
    told = outcome.provider
    assert told["provider"] == "openai"
    assert told["model_requested"] == "gpt-image-2.5-flare-2026-09-08"
    assert told["http_status"] == 200
    assert told["request_id"] == "req_1"
    assert told["usage"]["output_tokens"] == 100
    assert told["settings"] == {"quality": "low", "background": "opaque", "output_format": "png"}
    assert told["cost_usd"] == pytest.approx((20 * 5 + 100 * 30) / 1e6)
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["ok"]
    assert outcome.attempt == 1
    assert outcome.latency_ms > 0
    json.dumps(told)


def test_a_gateway_that_names_the_model_is_quoted(gpt, openai_provider):
    openai_provider.script = lambda body: Reply(openai_ok(picture(NURSE), body) | {"model": "gpt-image-x"})
    system = gpt()
    assert system.generate(requests_of(system))[0].provider["model_reported"] == "gpt-image-x"


# What a provider answers to every request, and what it means.
ANSWERS = {
    "moderated": (openai_error(400, "moderation_blocked", MODERATED), "refused_prompt", None),
    "moderated at the prompt": (openai_error(400, "moderation_blocked", MODERATED, **INPUT), "refused_prompt", "input: hate"),
    "moderated at the image": (
        openai_error(400, "moderation_blocked", MODERATED, **OUTPUT), "refused_output", "output: sexual, violence",
    ),
    "moderated, in words": (
        openai_error(400, "moderation_blocked", "The generated image was blocked."), "refused_output", None,
    ),
    "moderated, as of old": (openai_error(400, "content_policy_violation"), "refused_prompt", None),
    "moderated, without a code": (openai_error(400, None, MODERATED), "refused_prompt", None),
    "prompt too long": (openai_error(400, "string_above_max_length", param="prompt"), "invalid_request", None),
    "setting not taken": (openai_error(400, "invalid_value", param="quality"), "invalid_settings", None),
    "unpaid": (openai_error(400, "billing_hard_limit_reached"), "quota_exhausted", None),
    "quota": (openai_error(429, "insufficient_quota"), "quota_exhausted", None),
    "wrong key": (openai_error(401, "invalid_api_key"), "auth", None),
    "not verified": (openai_error(403, None), "auth", None),
    "retired": (openai_error(404, "model_not_found"), "retired", None),
    "no such address": (Reply(b"<html>not found</html>", 404, {"content-type": "text/html"}), "invalid_settings", None),
    "unknown error": (openai_error(418, "teapot"), "invalid_request", None),
    "no base64": (Reply(openai_ok(b"", {}) | {"data": [{"b64_json": "!!!"}]}), "decode_error", None),
    "no image": (Reply(openai_ok(b"<svg/>", {})), "decode_error", None),
    "half an image": (Reply(openai_ok(picture(NURSE)[:600], {})), "decode_error", None),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome", "category"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_passing_trouble_is_told_apart_and_not_asked_again(gpt, openai_provider, reply, outcome, category):
    openai_provider.script = lambda body: reply
    system = gpt()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert found.image is None
    assert found.reason
    assert found.provider["provider_reason"] == category
    assert found.provider["http_status"] == reply.status
    assert found.provider["request_id"] == "req_1"
    assert len(openai_provider.asked) == found.attempt == 1
    assert system.naps == []


# Passing trouble, and as what it stands when it does not pass.
TROUBLES = {
    "rate limit": (openai_error(429, "rate_limit_exceeded"), "rate_limited", 0.0),
    "server error": (
        openai_error(500, None, "The server had an error while processing your request"),
        "server_error",
        0.0,
    ),
    "overload": (Reply(b"upstream connect error", 503, {"content-type": "text/plain"}), "server_error", 0.0),
    "lock": (openai_error(409, None), "server_error", 0.0),
    "cut body": (Reply(openai_ok(picture(NURSE), {}), cut=300), "server_error", 0.06),
    "cut JSON": (Reply(json.dumps(openai_ok(picture(NURSE), {})).encode()[:300]), "server_error", 0.06),
    "a page for an answer": (Reply(b"<html>hello</html>", 200, {"content-type": "text/html"}), "server_error", 0.06),
}


@pytest.mark.parametrize(("reply", "outcome", "usd"), TROUBLES.values(), ids=TROUBLES)
def test_passing_trouble_is_asked_again_as_often_as_declared(gpt, openai_provider, reply, outcome, usd):
    openai_provider.script = lambda body: reply
    system = gpt()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert outcome not in SETTLED | FATAL
    assert len(openai_provider.asked) == found.attempt == 6
    assert [attempt["outcome"] for attempt in found.provider["attempts"]] == [outcome] * 6
    assert [round(attempt["waited_s"], 6) for attempt in found.provider["attempts"]] == [
        *(round(n, 6) for n in system.naps),
        0,
    ]
    assert found.provider["cost_usd"] == pytest.approx(usd), "what the provider may have drawn counts in full"


@pytest.mark.parametrize(("reply", "outcome", "usd"), TROUBLES.values(), ids=TROUBLES)
def test_trouble_that_passes_leaves_an_image(gpt, openai_provider, reply, outcome, usd):
    openai_provider.replies = [reply, reply]
    system = gpt()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == "ok"
    assert found.attempt == 3
    assert [attempt["outcome"] for attempt in found.provider["attempts"]] == [outcome, outcome, "ok"]


def test_an_answer_that_takes_too_long_is_a_timeout(gpt, openai_provider):
    openai_provider.script = lambda body: Reply({}, delay=0.5)
    system = gpt(timeout=0.1, retry={"attempts": 2})
    (found,) = system.generate(requests_of(system))
    assert (found.outcome, found.attempt) == ("timeout", 2)
    assert "0.1 s" in found.reason
    assert found.provider["cost_usd"] == pytest.approx(0.02)


@pytest.mark.parametrize("data", [[], None, [{}], [None], "none", [{"b64_json": ""}]], ids=str)
def test_an_answer_without_an_image_is_asked_for_once_more_and_then_believed(gpt, openai_provider, data):
    openai_provider.script = lambda body: Reply({"created": 1, "data": data})
    system = gpt()
    (found,) = system.generate(requests_of(system))
    assert (found.outcome, found.attempt) == ("empty", 2)
    assert "empty" in SETTLED


def test_a_server_that_is_not_there_is_unavailable_and_ends_the_run(gpt, openai_provider):
    system = gpt(concurrency=1)
    openai_provider.stop()
    found = system.generate(requests_of(system, 3))
    openai_provider.start()
    assert [outcome.outcome for outcome in found] == ["unavailable", "not_sent", "not_sent"]
    assert found[0].attempt == 6


def test_a_message_is_kept_to_two_kilobytes(gpt, openai_provider):
    openai_provider.script = lambda body: openai_error(400, "moderation_blocked", "é" * 5000)
    system = gpt()
    (found,) = system.generate(requests_of(system))
    assert 1900 < len(found.provider["raw_message"].encode()) <= 2000
    assert len(found.reason.encode()) <= 2000


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"model": "dall-e-2", "base_url": None}, "was shut down on 2026-05-12"),
        ({"width": 1000}, "no multiple of 16"),
        ({"width": 1600, "height": 400}, "more than thrice"),
        ({"background": "transparent", "output_format": "jpeg"}, "no transparency"),
        ({"output_compression": 50}, "jpeg and webp only"),
        ({"quality": "auto"}, "quality"),
        ({"base_url": "https://me:secret@gateway/v1"}, "more than an address"),
        ({"base_url": "gateway"}, "no http address"),
        ({"price": None, "budget": {"usd": 5.0}}, "without a price"),
        ({"budget": {"requests": 0}}, "budget.requests"),
        ({"temperature": 1.0}, "not a known key"),
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_asked_for_is_refused(tmp_path, keys, said):
    entry = {
        "kind": "openai", "model": "gpt-image-2", "width": 1024, "height": 1024, "quality": "low", "price": 0.01,
        "base_url": "https://gateway/v1",
    }  # fmt: skip
    path = tmp_path / "systems.yaml"
    path.write_text(json.dumps({"systems": {"gpt": {k: v for k, v in (entry | keys).items() if v is not None}}}))
    with pytest.raises(BadInput, match=said):
        find_system("gpt", path)


@pytest.mark.parametrize(
    "keys",
    [{"quality": "high"}, {"width": 128, "height": 128}, {"moderation": "low"}, {"background": "transparent"},
     {"output_format": "webp"}, {"complexity": "high"}, {"model": "gpt-image-2"}, {"base_url": "http://other/v1"}],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for_is_part_of_the_version(gpt, keys):
    assert gpt(**keys).identity().version != gpt().identity().version


def test_what_is_only_about_the_asking_is_not(gpt):
    other = gpt(
        price=0.5, budget={"requests": 3}, concurrency=9, timeout=9.0, retry={"attempts": 1}, safety_identifier="a"
    )
    assert other.identity() == gpt().identity()


def test_the_identity_says_what_nobody_can_know(gpt):
    document = gpt().identity().document
    assert document["snapshot"] == "2026-09-08"
    assert document["prompt_rewriter"] == "unknown"
    assert document["seed"] == gpt().capabilities().seed == "none"
    assert gpt(model="gpt-image-2.6-flare").identity().document["snapshot"] is None


def test_a_probe_finds_the_model_and_the_day_of_its_end(gpt, openai_provider):
    found = gpt().probe()
    assert (found.state, found.shutdown_date) == ("available", date(2026, 12, 1))
    assert openai_provider.asked[0][0] == "/v1/models/gpt-image-2.5-flare-2026-09-08"


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (openai_error(404, "model_not_found"), "withdrawn"),
        (openai_error(401, "invalid_api_key"), "unreachable"),
        (openai_error(500, None), "unreachable"),
        (Reply(b"<html>not found</html>", 404, {"content-type": "text/html"}), "unreachable"),
        (Reply({"hello": "world"}), "unreachable"),
        (Reply(b'{"id": "gpt'), "unreachable"),
    ],
    ids=["retired", "wrong key", "server error", "wrong address", "another answer", "cut answer"],
)
def test_a_probe_that_was_not_answered_does_not_say_that_the_model_is_gone(gpt, openai_provider, reply, state):
    openai_provider.replies = [reply]
    found = gpt().probe()
    assert found.state == state
    assert found.detail
