"""Servers that speak the Images API: what is asked for, the forms that images come in, and every way of getting none."""

import json

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, REFUSED, SETTLED
from mcas_assets.systems.find import find_system
from tests.systems.hosted.gateways import images_ok
from tests.systems.hosted.providers import KEY, Reply, picture, requests_of, text

NURSE = "an image of a nurse"
B64 = {"b64_json": text(picture(NURSE))}


def error(status: int, code: object, message: str, within: bool = False, **more: object) -> Reply:
    return Reply({"error": {"code": code, "message": message} | more}, 200 if within else status)


def test_what_is_declared_is_asked_for_and_nothing_beside_it(behind, house):
    system = behind(
        width=128, seed="best_effort", response_format="url", upstream_provider="google-vertex",
        extra_body={"num_inference_steps": 8, "guidance_scale": None, "moderation": {"level": "low"}},
    )  # fmt: skip
    system.generate(requests_of(system))
    path, headers, body = house.asked[0]
    assert path == "/v1/images/generations"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert body == {
        "model": "z-image", "prompt": NURSE, "n": 1, "size": "128x64", "seed": 0, "response_format": "url",
        "provider": {"only": ["google-vertex"], "allow_fallbacks": False}, "num_inference_steps": 8,
        "moderation": {"level": "low"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size_as", "said"), [("width_height", {"width": 64, "height": 64}), ("unsaid", {}), ("size", {"size": "64x64"})]
)
def test_a_size_is_said_as_the_server_takes_it_and_no_key_is_sent_where_none_is_declared(behind, house, size_as, said):
    system = behind(size_as=size_as, response_format=None, key_variable=None, path="images", price=None)
    assert behind(response_format=None).identity().document["response_format"] == "b64_json"
    system.generate(requests_of(system))
    path, headers, body = house.asked[0]
    assert path == "/v1/images"
    assert "authorization" not in headers
    assert body == {"model": "z-image", "prompt": NURSE, "n": 1, "response_format": "b64_json"} | said


@pytest.mark.parametrize("form", ["base64", "data URL in b64_json", "data URL", "url"])
def test_an_image_is_taken_in_every_form_byte_for_byte(behind, house, form):
    sent = {
        "base64": B64, "data URL in b64_json": {"b64_json": f"data:image/png;base64,{B64['b64_json']}"},
        "data URL": {"url": f"data:image/png;base64,{B64['b64_json']}"}, "url": {"url": f"{house.url}/files/1.png"},
    }[form]  # fmt: skip
    house.script = lambda body: Reply(images_ok(sent)) if body else None
    system = behind()
    (outcome,) = system.generate(requests_of(system))
    assert (outcome.outcome, outcome.suffix) == ("ok", ".png")
    assert outcome.image == (picture("a nurse") if form == "url" else picture(NURSE))
    assert outcome.provider["cost_usd"] == pytest.approx(0.01)


# Addresses of images --------------------------------------------------------------------------------------------------


def test_no_key_goes_with_the_fetching_of_an_image(behind, house):
    house.script = lambda body: Reply(images_ok({"url": f"{house.url}/files/1.png"})) if body else None
    system = behind()
    assert system.generate(requests_of(system))[0].outcome == "ok"
    path, headers, _ = house.asked[-1]
    assert path == "/files/1.png"
    assert KEY not in str(headers)


@pytest.mark.parametrize(
    "at", ["{other}/files/1.png", "https://127.0.0.1:9/1.png", "https://[::1]/1.png", "http://[", "HTTP://localhost/x"]
)
def test_an_image_is_not_fetched_from_where_only_this_machine_reaches(behind, house, servers, at):
    other = servers()
    house.script = lambda body: Reply(images_ok({"url": at.format(other=other.url)})) if body else None
    system = behind()
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "not_understood"
    assert outcome.outcome in FATAL
    assert "the image is at" in outcome.reason
    assert other.asked == []


@pytest.mark.parametrize("status", [301, 302, 307])
def test_an_image_that_leads_on_to_a_private_address_is_not_followed(behind, house, servers, status):
    other = servers()
    moved = Reply(b"", status, {"location": f"{other.url}/files/1.png"})
    house.script = lambda body: Reply(images_ok({"url": f"{house.url}/files/1.png"})) if body else moved
    system = behind()
    (outcome,) = system.generate(requests_of(system))
    assert outcome.outcome == "not_understood"
    assert "leads on to 127.0.0.1, which is not followed" in outcome.reason
    assert other.asked == []


FILES = {
    "gone": (Reply(b"", 404), "decode_error", "HTTP 404"),
    "a page": (Reply(b"<html></html>"), "decode_error", "what was sent"),
    "too large": (Reply(bytes((1 << 26) + 1)), "decode_error", "larger than 64 MiB"),
    "packed": (Reply(b"x", headers={"content-encoding": "gzip"}), "decode_error", "packed"),
    "broken": (Reply(b"", 503), "decode_error", "cannot be fetched"),
}


@pytest.mark.parametrize(("file", "outcome", "said"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_had_is_an_outcome_that_was_paid_for_once(behind, house, file, outcome, said):
    house.script = lambda body: Reply(images_ok({"url": f"{house.url}/files/1.png"})) if body else file
    system = behind()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert said in found.reason
    assert len(house.bodies) == 1
    assert found.provider["cost_usd"] == pytest.approx(0.01)


def test_a_file_is_fetched_once_more_before_an_image_is_given_up(behind, house):
    house.replies = [Reply(images_ok({"url": f"{house.url}/files/1.png"})), Reply(b"", 502)]
    system = behind()
    assert system.generate(requests_of(system))[0].outcome == "ok"
    assert len(house.bodies) == 1


# Answers without an image ---------------------------------------------------------------------------------------------

FLAGGED = "Your chosen model requires moderation and your input was flagged"
# What is answered to every request, in a 200 or with a status, and what it means.
ANSWERS = {
    "no money": (error(402, 402, "Insufficient credits"), "quota_exhausted"),
    "no money, within": (error(402, 402, "Insufficient credits", within=True), "quota_exhausted"),
    "moderated": (error(403, 403, FLAGGED, metadata={"reasons": ["violence"]}), "refused_prompt"),
    "moderated, within": (error(403, 403, FLAGGED, within=True, metadata={"reasons": ["violence"]}), "refused_prompt"),
    "moderated at the image": (error(400, "content_policy_violation", "The generated image was blocked"), "refused_output"),
    "moderated by type": (error(422, None, "no", type="NSFWContentError"), "refused_prompt"),
    "withheld": (Reply(images_ok({"url": None, "respect_moderation": False})), "refused_output"),
    "wrong key": (error(401, "invalid_api_key", "no"), "auth"),
    "no such endpoint": (Reply(b"<html>", 404), "invalid_settings"),
    "no provider left": (error(404, 404, "No allowed providers are available for the selected model"), "invalid_settings"),
    "no such model": (error(404, "model_not_found", "no"), "retired"),
    "a field not taken": (Reply({"detail": [{"loc": ["body", "size"], "msg": "no"}]}, 422), "invalid_settings"),
    "a prompt not taken": (Reply({"detail": [{"loc": ["body", "prompt"], "msg": "long"}]}, 422), "invalid_request"),
    "words of FastAPI": (Reply({"detail": "no"}, 400), "invalid_request"),
    "vLLM of old": (Reply({"object": "error", "message": "no", "code": 400}, 400), "invalid_request"),
    "another form": (Reply(images_ok({"image": "x"})), "not_understood"),
    "no base64": (Reply(images_ok({"b64_json": "%%"})), "decode_error"),
    "leads on": (Reply({}, 307, {"location": "http://127.0.0.1:9/"}), "invalid_settings"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "outcome"), ANSWERS.values(), ids=ANSWERS)
def test_what_is_no_passing_trouble_is_told_apart_and_not_asked_again(behind, house, reply, outcome):
    house.script = lambda body: reply
    system = behind()
    (found,) = system.generate(requests_of(system))
    assert found.outcome == outcome
    assert found.image is None
    assert found.reason
    assert len(house.asked) == found.attempt == 1
    if outcome in REFUSED and "violence" in str(reply.body):
        assert found.provider["provider_reason"] == "violence"


TROUBLES = {
    "rate limit": (error(429, 429, "slow"), "rate_limited"),
    "rate limit, within": (error(429, 429, "slow", within=True), "rate_limited"),
    "upstream failed, within": (error(502, 502, "Provider returned error", within=True), "server_error"),
    "server error": (Reply(b"oops", 500), "server_error"),
    "a page": (Reply(b"<html>hello</html>"), "server_error"),
    "half a JSON": (Reply(json.dumps(images_ok(B64)).encode()[:200]), "server_error"),
    "a cut body": (Reply(images_ok(B64), cut=100), "server_error"),
}


@pytest.mark.parametrize(("reply", "outcome"), TROUBLES.values(), ids=TROUBLES)
def test_passing_trouble_is_asked_again_and_then_stands(behind, house, reply, outcome):
    house.script = lambda body: reply
    system = behind(retry={"attempts": 3})
    (found,) = system.generate(requests_of(system))
    assert (found.outcome, found.attempt) == (outcome, 3)
    assert outcome not in SETTLED | FATAL
    house.replies, house.script = [reply], lambda body: None
    assert system.generate(requests_of(system))[0].outcome == "ok"


def test_an_empty_answer_is_asked_for_once_more_and_a_slow_one_is_a_timeout(behind, house):
    house.script = lambda body: Reply(images_ok())
    found = behind().generate(requests_of(behind()))[0]
    assert (found.outcome, found.attempt) == ("empty", 2)
    house.script = lambda body: Reply({}, delay=0.4)
    system = behind(timeout=0.1, retry={"attempts": 1})
    assert system.generate(requests_of(system))[0].outcome == "timeout"


def test_a_key_that_is_echoed_is_kept_nowhere(behind, house):
    house.script = lambda body: Reply({"error": {"code": "x", "message": f"no: {KEY} {KEY[::-1]}"}}, 400)
    system = behind()
    found = system.generate(requests_of(system))[0]
    assert KEY not in f"{found.reason}{found.provider}"
    assert KEY[::-1] not in f"{found.reason}{found.provider}"


def test_whoever_served_and_what_was_made_of_the_prompt_is_kept(behind, house, caplog):
    said = images_ok(B64 | {"revised_prompt": "a kind nurse"}, provider="Google Vertex", model="z-image-0611")
    house.script = lambda body: Reply(said)
    system = behind(upstream_provider="google-vertex")
    told = system.generate(requests_of(system))[0].provider
    assert told["model_reported"] == "Google Vertex: z-image-0611"
    assert told["revised_prompt"] == "a kind nurse"
    assert "upstream_provider" not in caplog.text
    house.script = lambda body: Reply(said | {"provider": "Fallbacks Inc"})
    system.generate(requests_of(system))
    assert "used upstream_provider Fallbacks Inc, where google-vertex was asked for" in caplog.text


@pytest.mark.parametrize(
    ("reply", "state"),
    [(None, "available"), (Reply({"data": []}), "available"), (Reply({"data": [{"id": "other"}]}), "available"),
     (error(401, "x", "no"), "unreachable"), (Reply(b"", 500), "unreachable"), (Reply(b"<html>"), "unreachable")],
)  # fmt: skip
def test_a_probe_says_whether_the_server_answers(behind, house, reply, state):
    house.script = lambda body: reply
    assert behind().probe().state == state


# Declarations ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"base_url": None}, "one of base_url and servers is needed"),
        ({"servers": ["https://a.example/v1"]}, "one of base_url and servers is needed"),
        ({"base_url": None, "servers": ["gpu1"], "extra_body": {"steps": 4}}, r"servers\.0: is 'gpu1', no http address"),
        ({"base_url": None, "servers": ["https://gpu1/v1"]}, "the servers' default would draw"),
        ({"extra_body": {"seed": 3}}, "extra_body.seed: is not for this place. Say it with seed"),
        ({"extra_body": {"prompt": "x"}}, "Leave it out: the audit gives it"),
        ({"extra_body": {"guidance": [1.0, float("inf")]}}, "extra_body.guidance.1: is inf, which no request can hold"),
        ({"base_url": "https://openrouter.ai/api/v1"}, "one version would be several systems"),
        ({"key_variable": "HOME"}, "key_variable"),
        ({"key_variable": "HF_TOKEN"}, "is HF_TOKEN, the key of something else"),
        ({"path": "images?x=1"}, "path"),
        ({"server_info": ["https://other.example/x"]}, "server_info"),
    ],
    ids=str,
)  # fmt: skip
def test_a_declaration_that_cannot_be_asked_for_is_refused(declare, keys, said):
    entry = {"kind": "gateway", "model": "m", "base_url": "https://a.example/v1", "width": 64, "height": 64} | keys
    with pytest.raises(BadInput, match=said):
        find_system("gate", declare(gate={key: value for key, value in entry.items() if value is not None}))


@pytest.mark.parametrize(
    "keys",
    [{"width": 128}, {"extra_body": {"steps": 4}}, {"upstream_provider": "x"}, {"seed": "best_effort"},
     {"base_url": "https://b.example/v1"}, {"path": "images"}, {"size_as": "unsaid"}, {"response_format": "url"}],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for_is_part_of_the_version_and_how_is_not(behind, keys):
    assert behind(**keys).identity() != behind().identity()
    other = behind(price=1.0, key_variable="OTHER_KEY", concurrency=9, timeout=1.0)
    assert other.identity() == behind().identity()


def test_a_key_that_is_declared_and_not_set_is_asked_for_by_its_name(behind, monkeypatch):
    monkeypatch.delenv("HOUSE_KEY")
    with pytest.raises(BadInput, match="HOUSE_KEY"):
        behind().generate(requests_of(behind()))
