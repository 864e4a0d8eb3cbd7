"""fal's queue as it speaks: submitted once, looked at until it is complete, and every way of getting no image told apart."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image

from mcas_assets.core.errors import BadInput
from mcas_assets.core.outcomes import FATAL, REFUSED, SETTLED
from mcas_assets.systems import fal
from mcas_assets.systems.find import find_system
from mcas_assets.systems.hosted.rest import FIRST_LOOK, LONGEST_LOOK, MOST_LOST
from tests.systems.hosted.making import drawn, made_idle
from tests.systems.hosted.providers import KEY, Provider, Reply, picture, text
from tests.systems.hosted.queues import Fal, fal_entry, fal_queue

NURSE = "an image of a nurse"


@pytest.fixture
def queue() -> Iterator[Fal]:
    with fal_queue() as made:
        yield made


@pytest.fixture
def system(queue: Fal) -> Iterator[Callable[..., fal.FalSystem]]:
    """Makes systems of kind fal that do not wait; `naps` holds the seconds that they would have waited."""

    def build(**keys: Any) -> fal.FalSystem:
        return fal.FalSystem("flux", fal.Declaration.model_validate(fal_entry(queue, **keys)))

    with made_idle(build) as make:
        yield make


def black(size: int = 64) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (size, size)).save(file, "PNG")
    return file.getvalue()


def test_steps_seed_and_size_are_said_with_every_request(system, queue):
    made = system(guidance=3.5, arguments={"acceleration": "none", "expand_prompt": False})
    outcome = drawn(made)
    assert (outcome.outcome, outcome.image, outcome.suffix) == ("ok", picture(NURSE), ".png")
    path, headers, body = queue.server.asked[0]
    assert path == "/fal-ai/flux/dev"
    assert headers["authorization"] == f"Key {KEY}"
    assert body == {
        "prompt": NURSE, "num_images": 1, "num_inference_steps": 28, "guidance_scale": 3.5, "seed": 0,
        "image_size": {"width": 64, "height": 64}, "enable_safety_checker": True, "output_format": "png",
        "acceleration": "none", "expand_prompt": False,
    }  # fmt: skip
    assert made.naps == [FIRST_LOOK, FIRST_LOOK * 1.5]
    told = outcome.provider
    assert (told["request_id"], told["settings"], told["safety"]) == ("r0", {"seed": 0}, "clean")
    assert told["cost_usd"] == pytest.approx(0.02)
    assert "revised_prompt" not in told


def test_what_a_model_does_not_take_is_not_said(system, queue):
    drawn(system(steps=None, size_as="unsaid", seed="none", safety_checker=None, output_format=None))
    assert queue.submissions == [{"prompt": NURSE, "num_images": 1}]


def test_no_key_goes_where_the_image_is(system, queue):
    drawn(system())
    path, headers, _ = queue.server.asked[-1]
    assert path == "/files/r0"
    assert KEY not in str(headers)


def test_a_long_queue_is_looked_at_less_and_less_often(system, queue):
    queue.looks = 30
    made = system()
    assert drawn(made).outcome == "ok"
    assert made.naps == sorted(made.naps)
    assert made.naps[-1] == LONGEST_LOOK
    assert len(queue.submissions) == 1


def test_a_data_url_in_place_of_an_address_is_taken(system, queue):
    data = {"url": f"data:image/png;base64,{text(picture(NURSE))}"}
    queue.result = lambda body: Reply({"images": [data]})
    assert drawn(system(arguments={"sync_mode": True})).image == picture(NURSE)
    queue.result = lambda body: Reply({"image": data})
    assert drawn(system()).image == picture(NURSE)


def test_a_rewritten_prompt_is_kept(system, queue):
    queue.result = lambda body: Reply(queue.ok("r0", prompt="a kind nurse, golden hour"))
    assert drawn(system()).provider["revised_prompt"] == "a kind nurse, golden hour"


# What the checker says ------------------------------------------------------------------------------------------------


def test_a_black_image_beside_a_flag_is_blanked_and_one_without_a_flag_is_blank(system, queue):
    queue.file = Reply(black())
    queue.result = lambda body: Reply(queue.ok("r0", has_nsfw_concepts=[True]))
    found = drawn(system())
    assert (found.outcome, found.provider["safety"], found.provider["provider_reason"]) == (
        "blanked", "flagged", "has_nsfw_concepts",
    )  # fmt: skip
    assert found.outcome in REFUSED & SETTLED
    assert found.provider["cost_usd"] == pytest.approx(0.02)
    queue.result = None
    assert drawn(system()).outcome == "blank"


def test_a_flagged_image_that_is_there_is_an_image_with_a_flag_and_one_that_is_not_there_is_refused(system, queue):
    queue.result = lambda body: Reply(queue.ok("r0", has_nsfw_concepts=[True]))
    found = drawn(system())
    assert (found.outcome, found.provider["safety"]) == ("ok", "flagged")
    queue.result = lambda body: Reply(queue.ok("r0", has_nsfw_concepts=[True], images=[]))
    assert drawn(system()).outcome == "refused_output"


# Trouble --------------------------------------------------------------------------------------------------------------


def detail(kind: str, where: str, status: int = 422, **more: Any) -> Reply:
    return Reply({"detail": [{"loc": ["body", where], "msg": "It was not to be.", "type": kind, **more}]}, status)


RESULTS = {
    "flagged prompt": (detail("content_policy_violation", "prompt", categories=["sexual"]), "refused_prompt"),
    "flagged prompt, a bare list": (
        Reply([{"loc": ["body", "prompt"], "msg": "no", "type": "content_policy_violation"}], 422), "refused_prompt"),
    "flagged image": (detail("content_policy_violation", "image"), "refused_output"),
    "a setting not taken": (detail("less_than_equal", "num_inference_steps"), "invalid_settings"),
    "a prompt not taken": (detail("string_too_long", "prompt"), "invalid_request"),
    "wrong key": (Reply({"detail": "Authentication is required"}, 401), "auth"),
    "no money": (Reply({"detail": "User is locked. Reason: Exhausted balance."}, 403), "quota_exhausted"),
    "no such model": (Reply({"detail": 'Application "flux" not found'}, 404), "retired"),
    "no such address": (Reply(b"<html>", 404), "invalid_settings"),
    "another form": (Reply({"images": [{"base64": "x"}]}), "not_understood"),
    "no picture": (Reply({"images": [{"url": "data:image/png;base64,%%"}]}), "decode_error"),
    "an address of this machine alone": (Reply({"images": [{"url": "https://127.0.0.1:9/x.png"}]}), "not_understood"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("when", "what"),
    [
        (when, what)
        for when in ("submitted", "result")
        for what in RESULTS
        if when == "result" or RESULTS[what][0].status > 200
    ],
)
def test_what_is_no_passing_trouble_is_told_apart_and_not_asked_again(system, queue, when, what):
    reply, outcome = RESULTS[what]
    setattr(queue, when, reply)
    found = drawn(system())
    assert (found.outcome, found.attempt) == (outcome, 1)
    assert found.reason
    if "categories" in str(reply.body):
        assert found.provider["provider_reason"] == "sexual"


TROUBLES = {
    "rate limit": (Reply({"detail": "slow"}, 429), "rate_limited"),
    "no runner": (Reply({"detail": "no", "error_type": "runner_scheduling_failure"}, 503), "server_error"),
    "runner gone": (Reply({"detail": "no"}, 400, {"x-fal-error-type": "runner_disconnected"}), "server_error"),
    "its own timeout": (Reply({"detail": "no", "error_type": "request_timeout"}, 504), "timeout"),
    "broken within": (detail("internal_server_error", "body", 500), "server_error"),
    "half a JSON": (Reply(b'{"images": ['), "server_error"),
    "cut": (Reply({"images": "x" * 400}, cut=20), "server_error"),
}


@pytest.mark.parametrize(("reply", "outcome"), TROUBLES.values(), ids=TROUBLES)
@pytest.mark.parametrize("when", ["submitted", "result"])
def test_passing_trouble_is_asked_again(system, queue, reply, outcome, when):
    setattr(queue, when, reply)
    found = drawn(system(retry={"attempts": 2}))
    assert (found.outcome, found.attempt) == (outcome, 2)
    assert outcome not in SETTLED | FATAL
    setattr(queue, when, None)
    assert drawn(system()).outcome == "ok"


def test_looks_that_are_lost_do_not_pay_for_a_second_image(system, queue):
    made = system()
    broken, taken = Reply({"status": "x" * 99}, cut=5), []

    def speak(path: str, body: dict) -> Reply:
        if path.endswith("/status"):
            taken.append(path)
            if len(taken) < MOST_LOST:
                return broken
            if len(taken) == MOST_LOST:
                return Reply(b"", 502)
        return queue._speak(path, body)

    queue.server._speak = speak
    assert drawn(made).outcome == "ok"
    assert len(queue.submissions) == 1


def test_a_request_that_is_not_complete_in_time_is_cancelled_and_paid_for(system, queue):
    queue.looks = 10**6
    found = drawn(system(timeout=0.3, retry={"attempts": 1}))
    assert (found.outcome, found.provider["cost_usd"]) == ("timeout", pytest.approx(0.02))
    assert queue.cancelled == ["r0"]


@pytest.mark.parametrize("key", ["status_url", "response_url"])
def test_a_queue_that_leads_to_another_host_is_not_followed_with_the_key(system, queue, key):
    other = Provider(lambda path, body: Reply({"status": "COMPLETED"}))
    here = f"{queue.server.url}/fal-ai/flux/requests/r0"
    at = {"status_url": f"{here}/status", "response_url": here, "cancel_url": here, "request_id": "r0"}
    queue._asked["r0"] = {"prompt": NURSE}
    queue.submitted = Reply(at | {key: f"{other.url}/x"})
    assert drawn(system()).outcome == "invalid_settings"
    assert other.asked == []
    other.stop()


@pytest.mark.parametrize("reply", [Reply({}), Reply({"request_id": 7}), Reply([]), Reply({"status_url": None})])
def test_a_submission_that_says_nothing_of_its_place_is_not_understood(system, queue, reply):
    queue.submitted = reply
    assert drawn(system()).outcome == "not_understood"


def test_a_state_that_nobody_knows_is_not_waited_for(system, queue):
    queue.state = Reply({"status": "DREAMING"})
    assert drawn(system()).outcome == "not_understood"


def test_a_key_that_is_echoed_is_kept_nowhere(system, queue):
    queue.submitted = Reply({"detail": f"Key {KEY} is not known"}, 401)
    found = drawn(system())
    assert KEY not in f"{found.reason}{found.provider}"


# Declarations ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"steps": "drop"}, "steps"),
        ({"steps": 0}, "steps"),
        ({"model": "https://fal.run/x"}, "model"),
        ({"model": "flux"}, "model"),
        ({"arguments": {"seed": 4}}, r"arguments\.seed: is not for this place. Say it with seed"),
        ({"arguments": {"prompt": "x"}}, "Leave it out: the audit gives it"),
        ({"arguments": {"strength": float("inf")}}, r"arguments\.strength: is inf"),
    ],
    ids=str,
)
def test_a_declaration_that_cannot_be_asked_for_is_refused(declare, keys, said):
    entry = {"kind": "fal", "model": "fal-ai/flux/dev", "width": 64, "height": 64, "steps": 28} | keys
    with pytest.raises(BadInput, match=said):
        find_system("flux", declare(flux={key: value for key, value in entry.items() if value != "drop"}))


def test_what_is_asked_for_is_part_of_the_version_and_how_is_not(system):
    for keys in ({"steps": 4}, {"safety_checker": False}, {"seed": "none"}, {"arguments": {"x": 1}}, {"model": "a/b"}):
        assert system(**keys).identity() != system().identity()
    assert system(price=1.0, concurrency=9, timeout=1.0).identity() == system().identity()
    assert system().probe().state == "available"
